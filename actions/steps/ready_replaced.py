"""Says for ``goaround ready`` that the release which the last deployment replaced is gone, though others are there.

An engine that has lost an image tells nothing of it; ``goaround predeploy`` wrote down what was replaced, and when.
"""

from __future__ import annotations

from actions.model.ports import World
from actions.model.predeploy import Predeploy
from actions.model.ready import Finding
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release, WayBack, short_id
from actions.steps.ready_choice import Chosen

_TOLD = (ReadyKind.TARGET_GONE.code, ReadyKind.TARGET_OLDER.code)


def with_replaced(option: str, system: str, world: World, found: tuple[Release, ...], chosen: Chosen) -> list[Finding]:
    """The findings, with what is to be said of the replaced release; nothing where it is there, or was told of."""
    findings = list(chosen.findings)
    record = None if any(one.code in _TOLD for one in findings) else _last(option, system, world, found)
    if record is None or record.release is None:
        return findings
    lost = record.release
    there = {one.identity for one in found if one.way_back is not WayBack.GONE}
    if lost.identity in there:
        return findings
    shown = f"{lost.name} {short_id(lost.identity)}"
    words = f"{shown} (it ran at {record.at[:16]}Z, by goaround predeploy; its image is not on the engine any more)"
    if chosen.first is not None:
        words = f"{words}; {chosen.first.name} would be gone back to"
        return [*findings, ReadyKind.TARGET_OLDER.finding(words, option)]
    if any(one.code == ReadyKind.TARGET_UNCHOSEN.code for one in findings):
        return [*findings, ReadyKind.TARGET_OLDER.finding(f"{words}; only others are left to choose from", option)]
    findings = [one for one in findings if one.code != ReadyKind.TARGET_NONE.code]
    return [*findings, ReadyKind.TARGET_GONE.finding(f"{words}; no other is there", option)]


def _last(option: str, system: str, world: World, found: tuple[Release, ...]) -> Predeploy | None:
    """The newest record of another release than the one that runs."""
    running = next((one.identity for one in found if one.way_back is WayBack.RUNNING), "")
    for one in world.predeploys():
        mine = one.system == system and one.option == option and one.release is not None
        if mine and one.release is not None and one.release.identity != running:
            return one
    return None
