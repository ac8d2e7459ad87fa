"""The step that removes a rollback branch from the remote again, once what is deployed has moved on.

It is deleted by its name and full id, so one that somebody moved stays. Drawing it is left to ``git_remove_option``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.coolify import shown
from actions.model.effect import Effect, RunCommand
from actions.model.errors import GoaroundError
from actions.model.git_text import NEVER_ASK, remote_said, why_ended
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.git_branch import DEADLINE_S, Clone, push_options
from actions.steps.git_listening import Listening
from actions.steps.git_owed import LeftBranch, gone_facts, owed_facts
from actions.steps.git_releases import repository_of
from actions.steps.git_running import CommitReader, read_running
from actions.steps.perform import perform
from actions.steps.perform_coolify import coolify_of

HEAD = "HEAD"


def title_of(branch: str, remote: str) -> str:
    """The row of the step for this branch."""
    return f"Remove {branch} from {remote}, once what is deployed has moved on"


@dataclass(frozen=True)
class RemoveBranch:
    """``git.remove``: a branch of ours is deleted on the remote; ``undo`` pushes the same commit there again."""

    step_id: ClassVar[str] = "git.remove"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    clone: Clone
    branch: str
    sha: str
    """Where it must stand: the full id that was pushed."""
    left: LeftBranch
    usual: str = ""
    """Ref that is deployed on ordinary days: ``refs/heads/main``, or ``HEAD``; empty: the remote does not tell."""
    bad: str = ""
    """Full id that it must no longer end with; empty: not known."""
    reader: CommitReader | None = None
    """Tells what runs."""
    coolify: bool = False
    """Coolify deploys: it tells from which branch."""

    def title(self) -> str:
        """The row."""
        return title_of(self.branch, self.clone.remote)

    def expected(self) -> str:
        """What counts as done, and what it waits for."""
        return "; ".join((f"{self.clone.remote} has no branch {self.branch}", *self._conditions()))

    def _conditions(self) -> tuple[str, ...]:
        while_ = []
        if self.usual and self.bad:
            while_.append(f"{self._usual()} on {self.clone.remote} still ends with {shown(self.bad)}")
        if self.coolify:
            while_.append("Coolify deploys from it")
        if self.reader is not None:
            while_.append(f"{shown(self.sha)} runs")
        known = (f"refused while {', or '.join(while_)}",) if while_ else ()
        if self.coolify or self.reader is not None:
            return known
        return (*known, "NOT known here what runs: see for yourself first that it is not deployed from this branch")

    def _usual(self) -> str:
        return "the default branch" if self.usual == HEAD else self.usual.removeprefix("refs/heads/")

    def effects(self) -> tuple[Effect, ...]:
        """One push that deletes, held to the full id by a lease."""
        ref = f"refs/heads/{self.branch}"
        return (self._pushing(f"--force-with-lease={ref}:{self.sha}", "--delete", self.clone.remote, ref),)

    def undo_effects(self) -> tuple[Effect, ...]:
        """The same commit under the same name, if nobody else has taken that."""
        ref = f"refs/heads/{self.branch}"
        return (self._pushing(f"--force-with-lease={ref}:", self.clone.remote, f"{self.sha}^{{commit}}:{ref}"),)

    def _pushing(self, *words: str) -> RunCommand:
        return RunCommand(
            host=self.clone.host,
            argv=("git", f"--git-dir={self.clone.git_dir}", "push", *push_options(), *words),
            cwd=self.clone.directory,
            env=dict(NEVER_ASK),
            timeout_s=DEADLINE_S,
        )

    def leaves(self) -> str:
        """One ref, there or gone."""
        return f"the branch {self.branch} is on {self.clone.remote} or gone; it is owed until it surely is gone"

    def moved(self, world: World) -> str:
        """Why it must stay: it moved, or what is deployed has not moved on."""
        repository = repository_of(world)
        try:
            refs = repository.remote_refs(self.clone.remote)
            here = repository.commit(self.sha) is not None
        except GoaroundError as error:
            return world.redact(f"{self.clone.remote} could not be asked: {error.line()}")
        there = refs.get(f"refs/heads/{self.branch}")
        if there is None:
            return ""  # said, and paid, by the run
        if there != self.sha:
            return f"{self.clone.remote} has moved: {self.branch} is {there}, not {self.sha}; it is somebody's now"
        if not here:
            return f"{self.sha} is no longer in the clone, so it could not be pushed again: git fetch --tags"
        return self._still_bad(refs) or self._still_deployed(world, refs)

    def _still_bad(self, refs: dict[str, str]) -> str:
        if not self.usual:
            return ""
        newest = refs.get(self.usual, "")
        if not newest:
            return f"{self._usual()} is gone from {self.clone.remote}: nobody can tell what is deployed next"
        if newest != self.bad:
            return ""
        on = f"{self._usual()} on {self.clone.remote}"
        return f"{on} still ends with the bad {shown(newest)}: push the fix and deploy it first"

    def _still_deployed(self, world: World, refs: dict[str, str]) -> str:
        if self.coolify:
            try:
                at = coolify_of(world).application().git_branch
            except GoaroundError as error:
                return world.redact(f"Coolify could not be asked which branch it deploys: {error.line()}")
            return (
                f"Coolify still deploys from {self.branch}: put it on its own branch first" if at == self.branch else ""
            )
        if self.reader is None:
            return ""
        running = read_running(self.reader, world)
        if not running.commit:
            return f"it is not known whether it is still deployed from: {running.why}"
        # The usual branch may have been put back to the very commit: then it is deployed from there as well.
        if running.commit == self.sha and refs.get(self.usual) != self.sha:
            return f"{shown(self.sha)} still runs, for which {self.branch} was pushed: deploy {self._next()} first"
        return ""

    def _next(self) -> str:
        return self._usual() if self.usual else "what comes next"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Delete it, then believe the remote alone. One that is gone already is said, and paid."""
        seen = self.check(world)
        if seen.happened is Happened.YES:
            return StepResult(Outcome.DONE, f"{seen.detail}: somebody has removed it already", seen.facts)
        return self._pushed(self.effects(), world, report, undo=False)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Push it again; it is owed again."""
        return self._pushed(self.undo_effects(), world, report, undo=True)

    def _pushed(self, effects: tuple[Effect, ...], world: World, report: Reporter, *, undo: bool) -> StepResult:
        heard = Listening(report)
        done = perform(effects, world, heard)
        seen = self.check_undone(world) if undo else self.check(world)
        if done.stopped:
            return StepResult(Outcome.TERMINATED, f"{done.summary}; {seen.detail}", seen.facts)
        if seen.happened is Happened.YES:
            return StepResult(Outcome.DONE, seen.detail, seen.facts)
        said = heard.text()
        known, why = why_ended(said, done.summary, sure=done.sure)
        hook = remote_said(said)
        told = f'{why}; it says: "{hook}"' if hook else why
        move = f". Next: {known.next_move}" if known is not None else ""
        if seen.happened is Happened.NO:
            return StepResult(Outcome.FAILED, f"{told}; {seen.detail}{move}", seen.facts)
        return StepResult(Outcome.UNKNOWN, f"{told}; {seen.detail}", seen.facts)

    def check(self, world: World) -> Checked:
        """Whether the remote has no such branch."""
        there, why = self._there(world)
        if why:
            return Checked(Happened.UNKNOWN, why)
        if there:
            return Checked(Happened.NO, f"{self.branch} on {self.clone.remote} is {there}")
        return Checked(Happened.YES, f"{self.clone.remote} has no branch {self.branch}", gone_facts(self.branch))

    def check_undone(self, world: World) -> Checked:
        """Whether it stands there as it did."""
        there, why = self._there(world)
        if why:
            owed = owed_facts(self.clone.remote, self.branch, self.left, sure=False)
            return Checked(Happened.UNKNOWN, why, owed)
        if there == self.sha:
            owed = owed_facts(self.clone.remote, self.branch, self.left)
            return Checked(Happened.YES, f"{self.branch} on {self.clone.remote} is {there}", owed)
        if not there:
            return Checked(Happened.NO, f"{self.clone.remote} has no branch {self.branch}")
        return Checked(Happened.NO, f"{self.branch} on {self.clone.remote} is {there}, not {self.sha}")

    def _there(self, world: World) -> tuple[str, str]:
        """(its full id or empty, why that is not known)."""
        try:
            refs = repository_of(world).remote_refs(self.clone.remote)
        except GoaroundError as error:
            return "", world.redact(f"{self.clone.remote} could not be asked: {error.line()}")
        return refs.get(f"refs/heads/{self.branch}", ""), ""
