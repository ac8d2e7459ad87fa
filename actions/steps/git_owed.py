"""What is owed for a branch of ours that stands on the remote, as facts of the step that pushed or found it.

Removing it is left to ``git_remove``; opening and paying the debt is the engine's.
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.model.errors import GoaroundError
from actions.model.ports import World
from actions.steps.git_releases import repository_of


@dataclass(frozen=True)
class LeftBranch:
    """How a branch is owed, drawn with it."""

    code: str
    """Code under which it is owed. It holds the time of the branch: each plan of an incident leaves its own."""
    undo: str
    """``Z4 Remove …``: the step that straightens it, for people."""
    due: str
    """A stamp."""


def thing(branch: str) -> str:
    """The words by which a debt about this branch is found again."""
    return f"the branch {branch}"


def by_hand(remote: str, branch: str) -> str:
    """How a person removes it."""
    return f"once nothing is deployed from it, by hand: git push {remote} :refs/heads/{branch}"


def owed_facts(remote: str, branch: str, left: LeftBranch | None, *, sure: bool = True) -> dict[str, str]:
    """It stands there, or may (not ``sure``). ``left`` None: of a plan from before there was a step that removes it."""
    stays = f"{thing(branch)} stays on {remote} until somebody removes it"
    if left is None:
        return {"debt": stays, "undo": by_hand(remote, branch)} if sure else {}
    return {
        "debt": stays if sure else f"it is not known whether {thing(branch)} is on {remote}",
        "debt of": left.code,
        "debt about": thing(branch),
        "undo": f"{left.undo}; or {by_hand(remote, branch)}",
        "due": left.due,
    }


def gone_facts(branch: str) -> dict[str, str]:
    """It does not stand there (any more): whichever step owes it."""
    return {"pays about": thing(branch)}


def left_facts(world: World, remote: str, branch: str, sha: str, left: LeftBranch | None) -> dict[str, str]:
    """What the remote says of a branch that may have been pushed: owed where it is there, or nobody can tell."""
    if not branch:
        return {}
    try:
        there = repository_of(world).remote_refs(remote).get(f"refs/heads/{branch}")
    except GoaroundError:
        return owed_facts(remote, branch, left, sure=False)
    return owed_facts(remote, branch, left) if there == sha else {}


def also(facts: dict[str, str]) -> dict[str, str]:
    """The same as facts of a second debt, beside that of the step itself."""
    return {f"also {name}": value for name, value in facts.items()}
