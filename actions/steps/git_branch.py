"""The step that puts a commit on the remote under a new branch name: no checkout, no reset, nothing forced.

The name was drawn once and is in the plan. That the branch stands there is read back from the remote; deploying it is
left to ``git_deploy``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import ClassVar

from actions.model.effect import Effect, RunCommand
from actions.model.errors import GoaroundError
from actions.model.git_text import NEVER_ASK, remote_said, why_ended
from actions.model.ports import Reporter, World
from actions.model.release import short_id
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.git_listening import Listening
from actions.steps.git_owed import LeftBranch, by_hand, gone_facts, owed_facts, thing
from actions.steps.git_releases import repository_of
from actions.steps.perform import perform

DEADLINE_S = 120
"""Seconds for the push: the commit is usually there already, so only hooks and the network take time."""


@dataclass(frozen=True)
class Clone:
    """Where the clone lies, and the remote that is pushed to."""

    host: str
    """The jump host."""
    directory: str
    git_dir: str
    """Named to git in so many words, so that a GIT_DIR around us points it nowhere else."""
    remote: str
    url: str
    """Where pushes go, without secrets; for the eye."""


def push(clone: Clone, sha: str, branch: str, deadline_s: int) -> RunCommand:
    """The one way in which we push: a full id to a new branch, whatever the clone's own settings would add to it.

    ``--no-verify``: hooks of the clone are somebody's habits for new work, may take minutes or ask; the commit was
    pushed before. Hooks of the remote decide as always.
    """
    # Git looks for a branch or tag of that name first, even when the name is a full id; `^{commit}` can be no name.
    source = f"{sha}^{{commit}}"
    where = (clone.remote, f"{source}:refs/heads/{branch}")
    return RunCommand(
        host=clone.host,
        argv=("git", f"--git-dir={clone.git_dir}", "push", *push_options(), *where),
        cwd=clone.directory,
        env=dict(NEVER_ASK),
        timeout_s=deadline_s,
    )


def push_options() -> tuple[str, ...]:
    """What every push of ours is given: git's answer for programs, and nothing that the clone's settings would add."""
    return ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")


@dataclass(frozen=True)
class PushBranch:
    """``git.branch``: the target commit gets a branch of its own on the remote."""

    step_id: ClassVar[str] = "git.branch"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    clone: Clone
    sha: str
    branch: str
    watched: dict[str, str] = field(default_factory=dict)
    """Ref of the remote -> id it had when this was drawn; another id means that somebody else is at work."""
    deadline_s: int = DEADLINE_S
    prefix: str = ""
    """Beginning of every branch of this kind: a new one means that somebody else goes back at the same time."""
    left: LeftBranch | None = None
    """How it is owed until it is removed; None in plans from before there was a step that removes it."""

    def title(self) -> str:
        """The row: what is pushed where."""
        return f"Push {short_id(self.sha)} to {self.clone.remote} as {self.branch} (the clone's own hooks do not run)"

    def expected(self) -> str:
        """The branch as the remote tells it."""
        return f"refs/heads/{self.branch} on {self.clone.remote} ({self.clone.url}) is {self.sha}"

    def effects(self) -> tuple[Effect, ...]:
        """One push."""
        return (push(self.clone, self.sha, self.branch, self.deadline_s),)

    def undo_effects(self) -> tuple[Effect, ...]:
        """None: a branch by itself deploys nothing; removing it waits for the next deployment (``git.remove``)."""
        return ()

    def leaves(self) -> str:
        """At most a branch."""
        return f"the branch {self.branch} may be on {self.clone.remote}; by itself it changes nothing that runs"

    def moved(self, world: World) -> str:
        """Whether the branch is free, the commit is here, and nobody moved what is watched."""
        repository = repository_of(world)
        try:
            if repository.commit(self.sha) is None:
                return f"{self.sha} is no longer in the clone"
            refs = repository.remote_refs(self.clone.remote)
        except GoaroundError as error:
            return world.redact(f"{self.clone.remote} could not be asked: {error.line()}")
        there = refs.get(f"refs/heads/{self.branch}")
        if there == self.sha:
            return f"the branch {self.branch} is there already, at the same commit: somebody else made it"
        if there is not None:
            return f"the branch {self.branch} is there already, at {there}; nothing is ever forced"
        return self._another_rollback(refs) or moved_refs(self.clone.remote, self.watched, refs)

    def run(self, world: World, report: Reporter) -> StepResult:
        """Push, then believe the remote alone."""
        heard = Listening(report)
        done = perform(self.effects(), world, heard)
        said = heard.text()
        if done.stopped:
            return StepResult(Outcome.TERMINATED, f"{done.summary}; {self.leaves()}", self.check(world).facts)
        if not done.ok:
            return self._not_taken(done.sure, done.summary, said, world)
        seen = self.check(world)
        if seen.happened is Happened.UNKNOWN:
            return StepResult(Outcome.UNKNOWN, f"git says it is pushed, but {seen.detail}", seen.facts)
        if seen.happened is Happened.NO:
            return StepResult(Outcome.FAILED, f"git says it is pushed, but {seen.detail}")
        if self._flag(said) not in ("*", "="):
            return StepResult(
                Outcome.FAILED,
                f"{self.branch} was there before and has been moved forward by this push; {seen.detail}",
                seen.facts,
            )
        return self._done(seen.detail)

    def check(self, world: World) -> Checked:
        """The remote decides."""
        seen = branch_on_remote(self.clone.remote, self.branch, self.sha, world)
        if seen.happened is Happened.NO:
            return replace(seen, facts=gone_facts(self.branch))
        return replace(seen, facts=self._owed(sure=seen.happened is Happened.YES))

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Nothing is undone; the branch is named, so that it is removed after the incident."""
        removes = f" ({self.left.undo})" if self.left is not None else f" ({by_hand(self.clone.remote, self.branch)})"
        stays = f"{thing(self.branch)} stays on {self.clone.remote} until somebody removes it"
        return StepResult(Outcome.FAILED, f"there is no undo: {stays}{removes}")

    def check_undone(self, world: World) -> Checked:
        """Undone is a remote without the branch."""
        seen = self.check(world)
        opposite = {Happened.YES: Happened.NO, Happened.NO: Happened.YES, Happened.UNKNOWN: Happened.UNKNOWN}
        return Checked(opposite[seen.happened], seen.detail, seen.facts)

    def _another_rollback(self, refs: dict[str, str]) -> str:
        begins = f"refs/heads/{self.prefix}"
        new = [name for name in sorted(refs) if self.prefix and name.startswith(begins) and name not in self.watched]
        if not new:
            return ""
        name = new[-1].removeprefix("refs/heads/")
        return f"{self.clone.remote} has moved: the branch {name} is new, so somebody else may be going back, too"

    def _done(self, detail: str) -> StepResult:
        facts = {"branch": self.branch, "sha": self.sha, **self._owed()}
        return StepResult(Outcome.DONE, detail, facts)

    def _owed(self, *, sure: bool = True) -> dict[str, str]:
        """The facts of the debt: it is removed once what is deployed has moved on."""
        return owed_facts(self.clone.remote, self.branch, self.left, sure=sure)

    def _not_taken(self, sure: bool, summary: str, said: str, world: World) -> StepResult:
        """Why the push failed; where the answer may just have been lost, the remote is asked."""
        known, why = why_ended(said, summary, sure=sure)
        if known is not None and not known.lost:
            hook = remote_said(said)
            told = f' It says: "{hook}".' if hook else ""
            return StepResult(
                Outcome.FAILED,
                f"{self.clone.remote} did not take the branch: {why}.{told} Next: {known.next_move}.",
            )
        seen = self.check(world)
        if seen.happened is Happened.YES:
            return self._done(f"{seen.detail}; the answer to the push was lost ({why})")
        if seen.happened is Happened.NO:
            move = known.next_move if known is not None else "look whether the git server is well, then try again"
            return StepResult(Outcome.FAILED, f"not pushed: {why}; {seen.detail}. Next: {move}.")
        return StepResult(
            Outcome.UNKNOWN, f"{why}; whether the branch is there is not known: {seen.detail}", seen.facts
        )

    def _flag(self, said: str) -> str:
        """Git's own mark for what happened to the branch: ``*`` new, ``=`` there already, a space moved forward."""
        found = re.search(rf"(?m)^([ +*=!-])\s+\S+:refs/heads/{re.escape(self.branch)}\s", said)
        return found.group(1) if found else ""


def branch_on_remote(remote: str, branch: str, sha: str, world: World) -> Checked:
    """Whether the remote has the branch at this commit."""
    try:
        there = repository_of(world).remote_refs(remote).get(f"refs/heads/{branch}")
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, world.redact(error.line()))
    if there == sha:
        return Checked(Happened.YES, f"{branch} on {remote} is {sha}")
    if there is None:
        return Checked(Happened.NO, f"{remote} has no branch {branch}")
    return Checked(Happened.UNKNOWN, f"{branch} on {remote} is {there}, not {sha}: somebody else moved or made it")


def moved_refs(remote: str, watched: dict[str, str], refs: dict[str, str]) -> str:
    """The first watched ref that is not what it was, in words; empty when all are."""
    for name, before in sorted(watched.items()):
        now = refs.get(name)
        short = "its default branch" if name == "HEAD" else name.removeprefix("refs/heads/").removeprefix("refs/")
        if now is None:
            return f"{remote} has moved: {short} was {short_id(before)} and is gone now"
        if now != before:
            return f"{remote} has moved: {short} was {short_id(before)} and is {short_id(now)} now"
    return ""
