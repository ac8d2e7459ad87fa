"""Which releases of a list ``goaround ready`` looks at: the proposed one first; and what is missing. Asks nothing."""

from __future__ import annotations

from collections.abc import Callable

from actions.model.naming import first_of
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.quick_dataclass import dataclass
from actions.model.ready import Finding, TargetState
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.steps.propose import propose

_TO = tuple(way for way in WayBack if way not in (WayBack.RUNNING, WayBack.GONE))


Past = Callable[[str, tuple[Release, ...]], History | None]
"""The history over all sources, of a way back and what it listed; None: it is not known, the list alone counts."""


def no_past(_option: str, _releases: tuple[Release, ...]) -> None:
    """The list alone counts."""


@dataclass(frozen=True)
class Chosen:
    """What is looked at."""

    first: Release | None
    """The proposed one."""
    releases: tuple[Release, ...]
    """With the next ones."""
    findings: tuple[Finding, ...]


def chosen_of(option: str, found: tuple[Release, ...], notes: tuple[Note, ...], most: int, past: Past) -> Chosen:
    """The proposed release and the next ones; and what is to be said where there is none, or not the best."""
    findings: list[Finding] = []
    running = next((one for one in found if one.way_back is WayBack.RUNNING), None)
    if running is None:
        why = next((note.text for note in notes if note.code == NoteKind.RUNNING_UNKNOWN.code), "nothing of it runs")
        findings.append(ReadyKind.RUNNING_UNKNOWN.finding(why, option))
    proposal = propose(found, past(option, found))
    first = proposal.release
    gone = _gone(found, running)
    if first is None:
        if gone:
            findings.append(ReadyKind.TARGET_GONE.finding(f"{_named(gone)}; {proposal.why}", option))
        elif running is None and any(one.way_back in _TO and not one.bad for one in found):
            findings.append(ReadyKind.TARGET_UNCHOSEN.finding(proposal.why, option))
        else:
            findings.append(ReadyKind.TARGET_NONE.finding(proposal.why, option))
    else:
        newer = [one for one in gone if one.live_since and one.live_since > first.live_since and one.ended != "failed"]
        if newer:
            words = f"{_named(newer)}; {first.name} would be gone back to"
            findings.append(ReadyKind.TARGET_OLDER.finding(words, option))
    behind = _behind(found, running)
    older = [one for one in behind if one.way_back in _TO and not one.bad and one is not first]
    releases = tuple(([first] if first is not None else []) + older)[:most]
    return Chosen(first, releases, tuple(findings))


def _behind(found: tuple[Release, ...], running: Release | None) -> tuple[Release, ...]:
    """Those older than what runs; all, where that is not known."""
    return found[found.index(running) + 1 :] if running is not None else found


def _gone(found: tuple[Release, ...], running: Release | None) -> list[Release]:
    whole = [one for one in _behind(found, running) if not one.note.startswith("incomplete")]
    return [one for one in whole if one.way_back is WayBack.GONE and not one.bad]


def _named(gone: list[Release]) -> str:
    return first_of([f"{one.name} ({one.note or 'it is not there'})" for one in gone], 3)


def state_of(option: str, release: Release, *, proposed: bool) -> TargetState:
    """The release as far as its list tells."""
    away = (WayBack.GONE, WayBack.REBUILD, WayBack.PULL)
    there = {**dict.fromkeys(away, False), WayBack.UNKNOWN: None}.get(release.way_back, True)
    return TargetState(
        option=option,
        name=release.name,
        identity=release.identity,
        proposed=proposed,
        there=there,
        digest=next(iter(release.digests.values()), ""),
    )
