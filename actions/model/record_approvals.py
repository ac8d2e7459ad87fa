"""The part of a record's report that lists approvals, denials, what became void, and broken glass. Pure; escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.approval_words import broken_line, denied_line, given_line, requested_words
from actions.model.incident import Incident
from actions.model.markdown_text import escape
from actions.model.record_timeline import clock_time

_KINDS = (ev.ApprovalRequested, ev.ApprovalGiven, ev.ApprovalDenied, ev.GlassBroken)


def approvals_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """Every answer with what it came to by the end; nothing where nobody was asked and nobody answered."""
    told = [event for event in events if isinstance(event.body, _KINDS) and _of_plan(event.body)]
    for event in told:
        yield f"- {escape(clock_time(event.at))} {escape(event.actor)}: {_line(event.body)}"
        became = _became(event, events)
        if became:
            yield f"  - **{escape(became)}**"
    if any(isinstance(event.body, ev.ApprovalGiven | ev.ApprovalDenied) for event in told):
        yield "- Signatures are checked by `goaround verify`, not by this text."


def _line(body: ev.ApprovalRequested | ev.ApprovalGiven | ev.ApprovalDenied | ev.GlassBroken) -> str:
    if isinstance(body, ev.ApprovalRequested):
        return escape(requested_words(body))
    if isinstance(body, ev.ApprovalGiven):
        return f"{escape(given_line(body))}" + ("" if body.signature else " **(weaker: no signature)**")
    if isinstance(body, ev.ApprovalDenied):
        return f"**{escape(denied_line(body))}**"
    return f"**{escape(broken_line(body))}**"


def _of_plan(body: object) -> bool:
    return getattr(body, "what", "approval") == "approval"


def _became(event: ev.Event, events: Sequence[ev.Event]) -> str:
    """``VOID: another plan was drawn …``, ``taken back: denied …``; empty when it stood to the end."""
    body = event.body
    for later in events:
        if later.seq <= event.seq:
            continue
        other = later.body
        if isinstance(other, ev.PlanDrawn) and other.digest != body.digest:
            return f"VOID from {clock_time(later.at)} on: another plan was drawn"
        same = isinstance(other, ev.ApprovalGiven | ev.ApprovalDenied) and other.digest == body.digest
        if not same or isinstance(body, ev.ApprovalRequested | ev.GlassBroken) or other.person != body.person:
            continue
        if type(other) is not type(body):
            verb = "denied" if isinstance(other, ev.ApprovalDenied) else "approved"
            return f"taken back at {clock_time(later.at)}: {verb} then"
    return ""
