"""What the report says of the procedure that was followed, and of the phases of its list. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.incident import Incident
from actions.model.listing import inhibited
from actions.model.markdown_text import code, escape
from actions.model.record_timeline import clock_time, since


def phases_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """The document, what of it did not apply, the lines that were said, and the time that was added."""
    for event in events:
        body = event.body
        if isinstance(body, ev.ProcedurePinned):
            where = code(body.path) if body.path else "the built-in one"
            yield f"- Procedure: {escape(body.title)}, {where}, sha256 {code(body.sha256)}"
        elif isinstance(body, ev.PhaseClosed):
            yield f'- {since(events[0], event)} {escape(event.actor)} said: "{escape(body.words)}"'
        elif isinstance(body, ev.TimeBoxExtended):
            more = f"**{body.seconds // 60} min more** for {escape(body.phase)}"
            yield f"- {since(events[0], event)} {escape(event.actor)}: {more}: {escape(body.reason)}"
        elif isinstance(body, ev.GlassBroken) and body.what != "approval":  # those stand among the approvals
            second = f", with {escape(body.second)}" if body.second else ""
            what = f"without {escape(body.what)}: {escape(', '.join(body.missing))}"
            yield f"- {escape(clock_time(event.at))} **BREAK-GLASS by {escape(event.actor)}{second}**: {what}"
            yield f"  - reason: {escape(body.reason)}"
    settings = incident.declared.settings if incident.declared else {}
    for item in inhibited(incident.procedure, settings):
        yield f"- does not apply to this system: {escape(item.code)} {escape(item.text)} ({escape(item.when)})"
