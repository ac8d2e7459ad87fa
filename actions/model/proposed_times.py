"""Time boxes that did not suffice, as a record has measured them, and the headings that should say so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.checklist import Item, Phase, State
from actions.model.clock import parse_stamp, span
from actions.model.incident import Incident, items
from actions.model.phases import FLOWN, NAMES
from actions.model.procedure import Checklist, Heading, Procedure
from actions.model.procedure_proposal import Change, end_of_phase
from actions.model.procedure_words import duration
from actions.model.sensing import PREFIX

_UNITS = (("s", 1), ("m", 60), ("h", 3600), ("d", 86400))
_TIME = re.compile(
    r"(?P<before>(?:T\s*\+\s*)?(?:\d+\s*(?:-|–|—|to)\s*(?:T\s*\+\s*)?)?)(?P<high>\d+)(?P<after>\s*-?\s*(?P<unit>[a-z]*))",
    re.IGNORECASE,
)


def times(incident: Incident, events: Sequence[ev.Event], lines: Sequence[str]) -> Iterator[Change]:
    """Headings with the time that was really taken, where it was more; a remark where no heading says a time."""
    procedure = incident.procedure
    if procedure is None:
        return
    begun = 0
    for phase in FLOWN:
        ended = _ended_s(incident, events, phase)
        if ended is None:
            return
        yield from _of_phase(incident, procedure, events, lines, phase, begun, ended)
        begun = ended


def _ended_s(incident: Incident, events: Sequence[ev.Event], phase: Phase) -> int | None:
    """Seconds from the declaration to the end of a phase; one that was under way ends with the incident."""
    closed = next((event for event in events if isinstance(event.body, ev.Closed)), None)
    said = next(
        (e for e in reversed(events) if isinstance(e.body, ev.PhaseClosed) and e.body.phase == phase.value), None
    )
    end = said or closed
    return None if end is None else seconds(events[0], end)


def seconds(first: ev.Event, event: ev.Event) -> int:
    """Seconds between two events: monotonic within one boot, wall time across a reboot."""
    if first.boot == event.boot:
        return (event.mono - first.mono) // 1000
    return int((parse_stamp(event.at) - parse_stamp(first.at)).total_seconds())


def _of_phase(
    incident: Incident,
    procedure: Procedure,
    events: Sequence[ev.Event],
    lines: Sequence[str],
    phase: Phase,
    begun: int,
    ended: int,
) -> Iterator[Change]:
    parts = [one for one in procedure.checklists if one.phase is phase and not one.paper and one.time_box_s]
    if not parts:
        return
    boxes = [one.time_box_s or 0 for one in parts]
    limit = boxes[0] if len(set(boxes)) == 1 else sum(boxes)
    extended = sum(said.body.seconds for said in incident.extensions if said.body.phase == phase.value)
    took = ended - begun
    if took <= limit:
        return
    words = f"{NAMES[phase]} took {span(took)}, {span(limit)} were planned"
    why = words + (f", {span(extended)} were added" if extended else "")
    groups = _groups(procedure, parts)
    ends = _list_ends(incident, events, begun, ended)
    changed = False
    start = begun
    for heading, inside in groups:
        end = max([start, *(ends.get(one.name, start) for one in inside)])
        measured = took if len(groups) == 1 else end - start
        start = end
        planned = inside[0].time_box_s or 0
        if heading is not None and measured > planned and (new := _with_time(lines, heading, measured)):
            changed = True
            yield Change(heading.line, (new,), f"{why}; here {span(measured)} instead of {span(planned)}")
    above = _above(procedure, [heading for heading, _ in groups if heading is not None])
    if above is not None and (duration(above.text)[1] or took) < took and (new := _with_time(lines, above, took)):
        changed = True
        yield Change(above.line, (new,), why)
    if not changed:
        yield from end_of_phase(procedure, lines, phase, f"Remark ({incident.id}): {why}", why)


def _groups(procedure: Procedure, parts: Sequence[Checklist]) -> list[tuple[Heading | None, list[Checklist]]]:
    """Lists by the heading that gives them their time."""
    groups: list[tuple[Heading | None, list[Checklist]]] = []
    for part in parts:
        over = [one for one in procedure.headings if one.line <= part.line]
        heading = next((one for one in reversed(over) if duration(one.text)[1] == part.time_box_s), None)
        if groups and groups[-1][0] == heading:
            groups[-1][1].append(part)
        else:
            groups.append((heading, [part]))
    return groups


def _above(procedure: Procedure, headings: Sequence[Heading]) -> Heading | None:
    """The heading over all of these that says a time for them together."""
    if len(headings) < 2:
        return None
    first, level = headings[0], min(one.level for one in headings)
    over = [one for one in procedure.headings if one.line < first.line and one.level < level]
    return over[-1] if over and duration(over[-1].text)[1] else None


def _list_ends(incident: Incident, events: Sequence[ev.Event], begun: int, ended: int) -> dict[str, int]:
    """Name of a list -> second at which its last item was settled, within a phase."""
    ends: dict[str, int] = {}
    rows = items(incident)
    settled: set[str] = set()
    for event in events:
        at = seconds(events[0], event)
        if not begun <= at <= ended:
            continue
        for item in _settled_by(incident, event, rows):
            if item.code not in settled and item.part:
                settled.add(item.code)
                ends[item.part] = at
    return ends


def _settled_by(incident: Incident, event: ev.Event, rows: Sequence[Item]) -> list[Item]:
    body = event.body
    code, sensor = "", ""
    if isinstance(body, ev.ItemMarked) and State(body.state).settled:
        code = body.code
    elif isinstance(body, ev.StepFinished) and body.outcome == "done":
        code = next((run.code for run in incident.runs if run.number == body.run), "")
    elif isinstance(body, ev.Observed) and body.ok:
        sensor = body.what.removeprefix(PREFIX)
    elif isinstance(body, ev.Decided):
        sensor = "decision"
    elif isinstance(body, ev.PlanDrawn):
        sensor = "target"
    return [item for item in rows if (code and item.code == code) or (sensor and item.sensor == sensor)]


def _with_time(lines: Sequence[str], heading: Heading, measured: int) -> str:
    """The heading's line with the measured time as its upper bound; empty where it cannot be said there."""
    if not 1 <= heading.line <= len(lines):
        return ""
    line = lines[heading.line - 1]
    wanted = duration(heading.text)[1]
    for found in _TIME.finditer(line):
        if duration(found[0])[1] != wanted:
            continue
        unit = next((size for name, size in _UNITS if found["unit"].lower().startswith(name)), 60)
        high = -(-measured // unit)
        new = line[: found.start()] + f"{found['before']}{high}{found['after']}" + line[found.end() :]
        if (duration(new)[1] or 0) >= measured:
            return new
    return ""
