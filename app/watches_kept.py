"""Reads the watches of an incident from the record: when each was at work, and what it saw.

A watch that has ended stays as it is, so it is read once. What its readings mean for a release is ``watch_history``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model.clock import stamp
from actions.model.events import Event
from actions.model.sensing import PREFIX as SENSED
from actions.model.watch_history import RECURRING, Sighted, Watch
from actions.model.watching import PREFIX as WATCHED

if TYPE_CHECKING:
    from datetime import datetime

_KNOWN: dict[tuple[str, str, int], tuple[Watch, ...]] = {}


def watches_in(journal: SqliteJournal, incident: str, now: datetime) -> tuple[Watch, ...]:
    """The watches of this incident, the first one first."""
    marks = journal.events_of_kinds(incident, ("watch.begun", "watch.ended"))
    if not marks:
        return ()
    key = (str(journal.folder), incident, len(marks))
    known = _KNOWN.get(key)
    if known is not None:
        return known
    sights = _sights(journal, incident)
    found = tuple(_watches(incident, marks, sights, stamp(now)))
    if found[-1].ended:
        _KNOWN[key] = found
    return found


def _sights(journal: SqliteJournal, incident: str) -> list[Sighted]:
    found = []
    for event in journal.events_of_kinds(incident, ("observed",)):
        what = str(event.data.get("what", ""))
        sensor = (
            RECURRING if what == SENSED + RECURRING else what.removeprefix(WATCHED) if what.startswith(WATCHED) else ""
        )
        if sensor:
            found.append(Sighted(event.at, sensor, event.data.get("ok") is True, str(event.data.get("seen", ""))))
    return found


def _watches(incident: str, marks: list[Event], sights: list[Sighted], now: str) -> list[Watch]:
    """One for each beginning; its end is the next end, or where there is none, as far as it is known to have been."""
    found: list[Watch] = []
    for n, mark in enumerate(marks):
        if mark.kind != "watch.begun":
            continue
        after = marks[n + 1] if n + 1 < len(marks) else None
        ended = after is not None and after.kind == "watch.ended"
        limit = after.at if after is not None else now
        seen = tuple(one for one in sights if mark.at <= one.at <= limit)
        planned = str(mark.data.get("until", ""))
        until = limit
        if not ended and (after is not None or planned < now):
            until = seen[-1].at if seen else mark.at  # it broke off without a word
        elif ended and after is not None and not after.data.get("complete", True):
            # One that broke off gets its end later: what it did not see is no finding.
            until = _broke_off(after, seen, mark.at)
        found.append(Watch(incident, mark.at, until, ended, seen))
    return found


def _broke_off(end: Event, seen: tuple[Sighted, ...], begun: str) -> str:
    """When a watch was last at work that was broken off by a hand, or by a crash that was recorded afterwards."""
    by_hand = "BROKE OFF" not in str(end.data.get("words", ""))
    return end.at if by_hand else seen[-1].at if seen else begun
