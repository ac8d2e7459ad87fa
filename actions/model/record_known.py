"""The part of a record's report that says what was known when, and what the matrix said of it then. Pure; escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.criteria import said_then
from actions.model.due import due_words
from actions.model.incident import Incident, Said
from actions.model.markdown_text import escape
from actions.model.matrix import Inputs, Recommendation
from actions.model.record_criteria import marked_words
from actions.model.record_debts import fix_of
from actions.model.record_timeline import clock_time, since

HEADING = ("T+", "when", "who", "what became known", "severity", "users", "data risk", "criteria met", "matrix")


def known_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """A table of inputs, criteria and decisions over time; nothing for records from before there were procedures."""
    if incident.procedure is None and not incident.criteria_history:
        return
    inputs, marked = Inputs(), dict[str, Said]()
    decided: ev.Decided | None = None
    lines: list[str] = []
    for event in events:
        body = event.body
        if isinstance(body, ev.InputsSet):
            fresh = Inputs(body.severity, body.users_low, body.users_high, body.data_risk)
            what, inputs = _changed(inputs, fresh), fresh
        elif isinstance(body, ev.CriterionMarked):
            what = f"{body.code} {marked_words(body)}"
            marked = {**marked, body.code: Said(event.at, event.actor, event.mono, event.boot, body)}
        elif isinstance(body, ev.Decided):
            what, decided = _decided(body), body
        else:
            continue
        found = said_then(incident, inputs, marked)
        if decided is not None and not isinstance(body, ev.Decided) and _reopens(found, decided):
            what += "; RE-OPENS THE DECISION"
        lines.append(_line(events[0], event, what, inputs, marked, found))
    if lines:
        yield _row(HEADING)
        yield _row(("---",) * len(HEADING))
        yield from lines
    else:
        yield "- nothing was recorded of the damage"
    rows = "; ".join(f"{row.severity}: {row.decision.value} within {row.within}" for row in incident.matrix)
    yield ""
    yield f"- The matrix that held: {escape(rows)}"


def follow_up_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """Ticket and deadline of a fix that went, or goes, forward."""
    end = incident.closed
    if end is not None and end.ticket:
        yield f"- **OPEN when this was closed**: the fix is followed in {escape(end.ticket)}"
        yield f"- due {escape(due_words(end.due) if end.due else 'at no time that was said')}"
        fix = fix_of(incident)
        if fix is not None and fix.paid:
            yield f"- since then: done, says {escape(fix.paid_by)}: {escape(fix.paid)}"


def _line(
    first: ev.Event,
    event: ev.Event,
    what: str,
    inputs: Inputs,
    marked: dict[str, Said],
    found: Recommendation | None,
) -> str:
    met = [code for code, said in marked.items() if said.body.met]
    says = f"{found.row.severity}: {found.row.decision.value}, by {' and '.join(found.decided_by)}" if found else "-"
    if found is not None and found.disagree:
        says += " (inputs disagree)"
    known = (inputs.severity or "?", inputs.users_text(), inputs.data_risk or "?", " ".join(met) or "none")
    return _row((since(first, event), clock_time(event.at, first.at), event.actor, what, *known, says))


def _changed(before: Inputs, after: Inputs) -> str:
    parts = [
        f"{name} {old} -> {new}"
        for name, old, new in (
            ("severity", before.severity or "?", after.severity or "?"),
            ("users", before.users_text(), after.users_text()),
            ("data risk", before.data_risk or "?", after.data_risk or "?"),
        )
        if old != new
    ]
    return ", ".join(parts) or "the same again"


def _decided(body: ev.Decided) -> str:
    text = f"decided {body.decision}"
    if body.recommended and body.decision != body.recommended:
        text += f", AGAINST THE MATRIX ({body.recommended}): {body.reason}"
    elif body.reason:
        text += f": {body.reason}"
    return text


def _reopens(found: Recommendation | None, decided: ev.Decided) -> bool:
    return found is not None and found.row.decision.value != decided.recommended


def _row(cells: Sequence[str]) -> str:
    """A row of a table; what would end a cell is taken out of it."""
    return "| " + " | ".join(cell if cell == "---" else escape(cell).replace("\n", " ") for cell in cells) + " |"
