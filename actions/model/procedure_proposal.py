"""What a record proposes to change of the procedure that was followed: one change a line, each with its reason. Pure.

Times are in ``proposed_times``, dates in ``proposed_dates``. That the changed document still means the same is checked
by whoever writes the proposal, who can read documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.checklist import Phase, State
from actions.model.incident import Incident, items, state_of
from actions.model.markdown_text import escape
from actions.model.phases import FLOWN, NAMES
from actions.model.procedure import ListItem, Procedure
from actions.model.quick_dataclass import dataclass

MARKED = re.compile(r"^\s*procedure\s*:\s*(.+)", re.IGNORECASE | re.DOTALL)
"""A note that is meant for the document."""
_ITEM = re.compile(r"^(\s*)([-*+]|\d{1,9}[.)])\s+\S")
_ENDS_TEXT = re.compile(r"^\s*(?:[-*+]\s|\d{1,9}[.)]\s|#{1,6}\s|>|```|~~~|\||<!--|$)")


@dataclass(frozen=True)
class Change:
    """One place of the document."""

    line: int
    """From 1."""
    new: tuple[str, ...]
    """Instead of that line, or after it; without line ends."""
    why: str
    after: bool = False
    """After that line, which stays."""


def remarks(incident: Incident, events: Sequence[ev.Event], lines: Sequence[str]) -> Iterator[Change]:
    """Remarks under items that were gone around, and what people noted for the document. ``lines``: the document's."""
    procedure = incident.procedure
    if procedure is None:
        return
    places = {item.code: item for part in procedure.checklists if not part.paper for item in part.items}
    for item in items(incident):
        state = state_of(incident, item)
        mark = incident.marks.get(item.code)
        if mark is None or state not in (State.OVERRIDDEN, State.NOT_APPLICABLE) or mark.state is not state:
            continue
        words = f"{incident.id} ({mark.at[:10]}): {state.value}: {escape(mark.reason)}"
        place = places.get(item.code)
        if place is None:
            text = f"{escape(item.code)} {escape(item.text)}: {words}"
            yield from end_of_phase(procedure, lines, item.phase, text, f"{item.code} was {state.value}")
        else:
            yield from _under(place, lines, words, f"{item.code} was {state.value}")
    for phase, who, text in noted(events):
        words = f"Remark ({incident.id}, {escape(who)}): {escape(text)}"
        yield from end_of_phase(procedure, lines, phase, words, "noted for the document")


def noted(events: Sequence[ev.Event]) -> Iterator[tuple[Phase, str, str]]:
    """Notes that begin with ``procedure:``, with the phase in which they were written and who wrote them."""
    ended: set[str] = set()
    closed = False
    for event in events:
        body = event.body
        if isinstance(body, ev.PhaseClosed):
            ended.add(body.phase)
        elif isinstance(body, ev.Closed):
            closed = True
        elif isinstance(body, ev.NoteAdded) and (found := MARKED.match(body.text)):
            open_ones = [phase for phase in FLOWN if phase.value not in ended]
            phase = Phase.AFTER_24H if closed or not open_ones else open_ones[0]
            yield phase, event.actor, " ".join(found[1].split())


def _under(item: ListItem, lines: Sequence[str], words: str, why: str) -> Iterator[Change]:
    """A line of its own under an item, as a list reads it: nothing to be ticked."""
    at = item.line
    if not 1 <= at <= len(lines):
        return
    found = _ITEM.match(lines[at - 1])
    if found is None:  # a row of a table, or a line among others
        yield _after_table(lines, at, f"{escape(item.code)}: {words}", why)
        return
    indent = " " * (len(found[1]) + len(found[2]) + 1)
    while at < len(lines) and not _ENDS_TEXT.match(lines[at]):
        at += 1
    yield Change(at, (f"{indent}- {words}",), why, after=True)


def end_of_phase(procedure: Procedure, lines: Sequence[str], phase: Phase, text: str, why: str) -> Iterator[Change]:
    """A paragraph after the last list of a phase; nothing where the document has no list for it."""
    parts = [part for part in procedure.checklists if part.phase is phase and not part.paper and part.items]
    if not parts:
        return
    last = max(item.line for item in parts[-1].items)
    if not 1 <= last <= len(lines):
        return
    found = _ITEM.match(lines[last - 1])
    if found is None:
        yield _after_table(lines, last, text, f"{why} ({NAMES[phase]})")
        return
    outer = min(_indent(lines[item.line - 1]) for item in parts[-1].items if item.line <= len(lines))
    at = last
    while at < len(lines) and (not lines[at].strip() or _indent(lines[at]) > outer):
        at += 1
    while at > last and not lines[at - 1].strip():
        at -= 1
    yield Change(at, ("", text), f"{why} ({NAMES[phase]})", after=True)


def _after_table(lines: Sequence[str], line: int, text: str, why: str) -> Change:
    at = line
    while at < len(lines) and lines[at].strip():
        at += 1
    return Change(at, ("", text), why, after=True)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def applied(lines: Sequence[str], changes: Sequence[Change]) -> list[str]:
    """The document with these changes; several after one line stand in their order."""
    out: list[str] = []
    for number, line in enumerate(lines, 1):
        instead = [one for one in changes if one.line == number and not one.after]
        out += [text for one in instead for text in one.new] if instead else [line]
        out += [text for one in changes if one.line == number and one.after for text in one.new]
    return out
