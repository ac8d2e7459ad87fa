"""The checklist as it is printed, filled in from the record: each line, how it came about, when, and whose. Pure.

Which item a printed line means is ``paper_match``'s to say; a line that means none says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actions.model import events as ev
from actions.model.checklist import Item, Kind, State
from actions.model.incident import Incident, items, state_of
from actions.model.markdown_text import escape
from actions.model.paper_match import matched
from actions.model.quick_dataclass import dataclass
from actions.model.record_timeline import clock_time
from actions.model.sensing import reading

HEADING = ("printed", "item", "state", "how", "when", "who", "what was seen")
NOT_MATCHED = "not matched"


@dataclass(frozen=True)
class PaperLine:
    """One printed line. Empty texts where nothing is to be said."""

    printed: str
    code: str = ""
    """Of the item it means; empty: none was found."""
    state: str = NOT_MATCHED
    how: str = ""
    """``sensed``, ``manual``, ``step``, ``overridden``, ``not applicable``, ``deferred``."""
    at: str = ""
    """A stamp."""
    who: str = ""
    """Initials and login; of what was sensed: the one who decided, chose or ran it, where there is one."""
    seen: str = ""


def paper_lines(incident: Incident, events: Sequence[ev.Event] = ()) -> tuple[PaperLine, ...]:
    """Every line of the lists that are printed, in their order; none where the document has no such list."""
    parts = incident.procedure.checklists if incident.procedure else ()
    printed = [(part.phase, line) for part in parts if part.paper for line in part.items]
    live = items(incident)
    lacking = _left_out(incident, {item.code for item in live})
    # What does not apply here is looked for, too: its line must not be taken for what something else says.
    found = matched(printed, (*live, *(item for item, _ in lacking)))
    why = {item.code: when for item, when in lacking}
    return tuple(
        PaperLine(line.text, item.code, State.NOT_APPLICABLE.value, f"not configured: {why[item.code]}")
        if item is not None and item.code in why
        else _line(incident, events, line.text, item)
        for (_, line), item in zip(printed, found, strict=True)
    )


def _left_out(incident: Incident, there: set[str]) -> list[tuple[Item, str]]:
    """Items of the document that are not asked for on this system, with what they would need."""
    parts = incident.procedure.checklists if incident.procedure else ()
    rows = [(part.phase, one) for part in parts if not part.paper for one in part.items]
    return [
        (Item(one.code, one.text, one.kind, phase), one.when)
        for phase, one in rows
        if one.when and one.code not in there and not one.step
    ]


def _line(incident: Incident, events: Sequence[ev.Event], printed: str, item: Item | None) -> PaperLine:
    if item is None:
        return PaperLine(printed)
    state, mark = state_of(incident, item), incident.marks.get(item.code)
    people = incident.declared.people if incident.declared else {}
    if mark is not None and mark.state is state and state is not State.OPEN:
        by_hand = item.kind is Kind.MANUAL and state in (State.DONE, State.FAILED)
        how = "manual" if by_hand else state.value
        return PaperLine(printed, item.code, state.value, how, mark.at, initials(people, mark.by), mark.reason)
    if item.kind is Kind.STEP:
        run = incident.last_run(item.code)
        if run is None:
            return PaperLine(printed, item.code, state.value, "step")
        who = initials(people, run.by)
        return PaperLine(printed, item.code, state.value, "step", run.ended or run.started, who, run.summary)
    if item.kind is Kind.MANUAL:
        return PaperLine(printed, item.code, state.value, "manual")
    seen = reading(incident, item.sensor)
    at, by = _moment(incident, item.sensor, events)
    words = seen.seen if seen is not None else "not read"
    at = (seen.at if seen is not None else "") or at
    return PaperLine(printed, item.code, state.value, "sensed", at, initials(people, by) if by else "", words)


def _moment(incident: Incident, sensor: str, events: Sequence[ev.Event]) -> tuple[str, str]:
    """When, and through whom, what the incident itself says came about."""
    kinds: dict[str, type[Any]] = {
        "decision": ev.Decided,
        "target": ev.PlanDrawn,
        "logs.exported": ev.EvidenceKept,
        "configuration.kept": ev.EvidenceKept,
        "evidence.kept": ev.EvidenceKept,
    }
    if sensor == "release.running":
        proved = {step.code for step in incident.plan.steps if step.proves} if incident.plan else set()
        run = next((run for run in reversed(incident.runs) if run.code in proved), None)
        return (run.ended, run.by) if run is not None else ("", "")
    kind = kinds.get(sensor)
    event = next((one for one in reversed(events) if kind is not None and isinstance(one.body, kind)), None)
    return (event.at, event.actor) if event is not None else ("", "")


def initials(people: Mapping[str, Any], login: str) -> str:
    """``FO (ops1)`` of First Operator; the login alone where no name is known."""
    name = str((people.get(login) or {}).get("name", ""))
    letters = "".join(word[0] for word in name.split() if word[0].isalpha()).upper()[:4]
    return f"{letters} ({login})" if letters else login


def paper_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """The table of the report; nothing for a procedure that prints no list."""
    lines = paper_lines(incident, events)
    if not lines:
        return
    yield _row(HEADING)
    yield _row(("---",) * len(HEADING))
    for one in lines:
        state = one.state if one.state in ("done", "open") else one.state.upper()
        yield _row((one.printed, one.code, state, one.how, clock_time(one.at) if one.at else "", one.who, one.seen))


def _row(cells: Sequence[str]) -> str:
    shown = (cell if cell in ("---", "") else escape(cell).replace("\n", " ") for cell in cells)
    return "| " + " | ".join(shown) + " |"
