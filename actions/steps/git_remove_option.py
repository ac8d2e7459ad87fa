"""Draws the steps that remove a plan's own branches again: which branch must move on first, and from which bad commit.

What they do is left to ``git_remove``; the branches themselves are drawn by ``git_option``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from actions.model.clock import stamp
from actions.model.plan import PlannedStep
from actions.model.quick_dataclass import dataclass, replace
from actions.steps.git_branch import Clone
from actions.steps.git_owed import LeftBranch
from actions.steps.git_remove import HEAD, RemoveBranch, title_of
from actions.steps.git_running import CommitReader
from actions.steps.planned import planned

REMOVE, REMOVE_UNDO = "Z4", "Z5"
"""Codes of the steps: Z1 to Z3 are Coolify's."""
DUE = timedelta(days=3)
"""Until then a fix should be deployed, and the branch be gone."""
_HEADS = "refs/heads/"
_ORDINARY = ("refs/heads/main", "refs/heads/master")


@dataclass(frozen=True)
class Usual:
    """What is deployed on ordinary days, and the commit that it must leave behind."""

    ref: str
    """``refs/heads/main``, ``HEAD``, or empty: the remote does not tell."""
    bad: str
    """Full id; empty: not known."""

    @property
    def branch(self) -> str:
        """Its name; empty where only ``HEAD`` is known."""
        return self.ref.removeprefix(_HEADS) if self.ref.startswith(_HEADS) else ""


def usual_of(refs: dict[str, str], running: str, target: str, prefix: str, named: str = "") -> Usual:
    """From what the remote holds now. ``running``: full id or empty; ``prefix``: of our own branches, or empty;
    ``named``: the branch that is configured where it is deployed.

    The branch that ends with what runs is the one that was deployed; else the remote's default branch is meant.
    """
    own = {name for name in refs if prefix and name.startswith(f"{_HEADS}{prefix}")}
    heads = {name: sha for name, sha in refs.items() if name.startswith(_HEADS) and name not in own}
    ref = f"{_HEADS}{named}" if f"{_HEADS}{named}" in heads else _guessed(heads, refs.get(HEAD, ""), running)
    # What a branch of ours was pushed for is no bad commit of the usual branch: that is an earlier plan's target.
    bad = running if running and running not in {refs[name] for name in own} else refs.get(ref, "")
    return Usual(ref, bad if bad != target else "")


def _guessed(heads: dict[str, str], default: str, running: str) -> str:
    deployed = [name for name, sha in heads.items() if sha == running]
    if running != default and len(deployed) == 1:
        return deployed[0]
    same = [name for name, sha in heads.items() if sha == default]
    ordinary = [name for name in same if name in _ORDINARY]
    if len(same) == 1 or ordinary:
        return (ordinary or same)[0]
    return HEAD if default else ""


@dataclass(frozen=True)
class Removal:
    """A branch of the plan with the step that removes it, and how it is owed until then."""

    step: RemoveBranch
    code: str

    @property
    def left(self) -> LeftBranch:
        """How the step that pushes the branch tells of it."""
        return self.step.left

    def planned(self) -> PlannedStep:
        """Nobody asks for it while the incident is flown: what is deployed must move on first. Later it is NEXT."""
        drawn = planned(self.step, code=self.code, phase="after", optional=True, about_s=5, silent_s=30)
        return replace(drawn, pays=self.left.code)


def removal(
    clone: Clone,
    branch: str,
    sha: str,
    usual: Usual,
    moment: datetime,
    time: str,
    *,
    undo: bool = False,
    reader: CommitReader | None = None,
    coolify: bool = False,
) -> Removal:
    """``time``: what was drawn into the branch's name; ``undo``: it is the one that is pushed for the undo."""
    code = REMOVE_UNDO if undo else REMOVE
    owed = f"X1-{time.partition('-')[2]}{'-undo' if undo else ''}"
    left = LeftBranch(owed, f"{code} {title_of(branch, clone.remote)}", stamp(moment + DUE))
    return Removal(RemoveBranch(clone, branch, sha, left, usual.ref, usual.bad, reader, coolify), code)
