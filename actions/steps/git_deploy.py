"""The step that runs the configured deploy command with the drawn branch and full id, and its way back.

Its exit status is a weak lamp: that the commit runs is proven by the next step. Nothing but ``{ref}`` and ``{sha}`` is
replaced in the command, and no shell reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from actions.model.effect import Effect, RunCommand
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.release import short_id
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.git_branch import DEADLINE_S, Clone, push
from actions.steps.git_owed import LeftBranch, left_facts
from actions.steps.git_releases import repository_of
from actions.steps.git_running import CommitReader, read_running
from actions.steps.perform import perform


@dataclass(frozen=True)
class Deploy:
    """``git.deploy``: the deploy command runs with the target."""

    step_id: ClassVar[str] = "git.deploy"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    clone: Clone
    host: str
    """Where the command runs."""
    argv: tuple[str, ...]
    """The command with branch and id filled in."""
    sha: str
    cwd: str = ""
    timeout_s: int = 0
    """0: no deadline; a silent command is flagged, not ended."""
    reader: CommitReader | None = None
    former: str = ""
    """Full id of what ran when this was drawn; empty: not known, so there is no undo."""
    undo_argv: tuple[str, ...] = ()
    branch: str = ""
    """The branch that the command is given; empty when it is given the id alone."""
    undo_branch: str = ""
    """Name under which the former commit is pushed for the undo; empty when the command takes the id."""
    left: LeftBranch | None = None
    """How that branch is owed."""

    def title(self) -> str:
        """The row."""
        return f"Deploy {self.branch or self.sha} with the configured command"

    def expected(self) -> str:
        """What counts as done, and what does not yet."""
        return f"the deploy command ends with 0; that {short_id(self.sha)} runs is proven after it"

    def effects(self) -> tuple[Effect, ...]:
        """The deploy command."""
        return (RunCommand(self.host, self.argv, self.cwd, timeout_s=self.timeout_s),)

    def undo_effects(self) -> tuple[Effect, ...]:
        """Deploy the former commit the same way, under a branch of its own, and see it run."""
        if not self.former or not self.undo_argv:
            return ()
        effects: list[Effect] = []
        if self.undo_branch:
            effects.append(push(self.clone, self.former, self.undo_branch, DEADLINE_S))
        effects.append(RunCommand(self.host, self.undo_argv, self.cwd, timeout_s=self.timeout_s))
        if self.reader is not None:
            effects.append(self.reader.wanting(self.former))
        return tuple(effects)

    def leaves(self) -> str:
        """A deployment in the middle is whatever the command makes of it."""
        was = f"{short_id(self.former)} or {short_id(self.sha)}" if self.former else "either commit"
        return f"the deployment may be half done: {was} may run, or neither; read what runs before anything else"

    def moved(self, world: World) -> str:
        """Whether the branch still is the target, and what ran still runs."""
        if self.branch:
            try:
                there = repository_of(world).remote_refs(self.clone.remote).get(f"refs/heads/{self.branch}")
            except GoaroundError as error:
                return world.redact(f"{self.clone.remote} could not be asked: {error.line()}")
            if there is None:
                return f"{self.clone.remote} has no branch {self.branch}: push it first"
            if there != self.sha:
                return f"{self.clone.remote} has moved: {self.branch} is {there}, not {self.sha}"
        running = read_running(self.reader, world).commit
        # What cannot be read does not hold a rollback up: an application that is down does not tell its commit.
        if running == self.sha:
            return f"{self.sha} runs already"
        if running and self.former and running != self.former:
            return f"another commit runs now: {running}; when this was drawn it was {self.former}"
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Run the command; say what runs when it ends badly."""
        done = perform(self.effects(), world, report)
        facts = {**done.facts, "sha": self.sha, "branch": self.branch}
        if done.ok:
            return StepResult(Outcome.DONE, f"{done.summary}; whether it runs is proven next", facts)
        seen = self.check(world)
        return StepResult(done.outcome, f"{done.summary}; {seen.detail}", facts)

    def check(self, world: World) -> Checked:
        """Ask what runs."""
        running = read_running(self.reader, world)
        if running.commit == self.sha:
            return Checked(Happened.YES, f"{self.sha} runs")
        if not running.commit:
            return Checked(Happened.UNKNOWN, running.why)
        if running.commit == self.former:
            return Checked(
                Happened.NO, f"{self.former} still runs (a deploy command that nobody awaits might yet be at work)"
            )
        return Checked(Happened.UNKNOWN, f"{running.commit} runs, neither the target nor what ran before")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Deploy what ran before."""
        if not self.undo_effects():
            return StepResult(Outcome.FAILED, "there is no undo: what ran before is not known")
        done = perform(self.undo_effects(), world, report)
        owed = self._undo_debt(world)  # however it ended: the branch may have been pushed before that
        if not done.ok:
            return StepResult(done.outcome, f"{done.summary}; {self._undone(world).detail}", {**done.facts, **owed})
        return StepResult(Outcome.DONE, done.summary, {**done.facts, **owed})

    def _undo_debt(self, world: World) -> dict[str, str]:
        return left_facts(world, self.clone.remote, self.undo_branch, self.former, self.left)

    def check_undone(self, world: World) -> Checked:
        """Ask what runs, the other way round; and the remote, whether the branch for it is there."""
        return replace(self._undone(world), facts=self._undo_debt(world))

    def _undone(self, world: World) -> Checked:
        running = read_running(self.reader, world)
        if not running.commit:
            return Checked(Happened.UNKNOWN, running.why)
        if running.commit == self.former:
            return Checked(Happened.YES, f"{self.former} runs again")
        if running.commit == self.sha:
            return Checked(Happened.NO, f"{self.sha} still runs")
        return Checked(Happened.UNKNOWN, f"{running.commit} runs, neither the target nor what ran before")
