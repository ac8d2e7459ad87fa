"""What the report says of watches, and of the controls that were handed over. Pure; escaped like the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.clock import span
from actions.model.incident import Incident
from actions.model.markdown_text import code, escape, fenced
from actions.model.record_timeline import clock_time
from actions.model.recurring import SENSOR
from actions.model.sensing import PREFIX as SENSED
from actions.model.watching import PREFIX


def watched_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """Each watch: from when to when, what it looked for, every verdict that changed, and how it ended."""
    begun: ev.WatchBegun | None = None
    for event in events:
        body, when = event.body, f"{escape(clock_time(event.at))} {escape(event.actor)}"
        if isinstance(body, ev.WatchBegun):
            if begun is not None:
                yield NO_END
            begun = body
            again = ", going on where one broke off" if body.resumed else ""
            yield f"- {when}: watched until {escape(clock_time(body.until))}, every {span(body.every_s)}{again}"
            for rule in body.rules:
                yield f"  - looked for again: {escape(rule)}"
        elif isinstance(body, ev.Observed) and (body.what.startswith(PREFIX) or body.what == SENSED + SENSOR):
            name = body.what.removeprefix(PREFIX).removeprefix(SENSED)
            expected = f", expected {code(body.expected)}" if body.expected and not body.ok else ""
            state = "ok" if body.ok else "**RED**"
            yield f"  - {escape(clock_time(event.at))} {escape(name)} {state}: {code(body.seen)}{expected}"
        elif isinstance(body, ev.WatchEnded):
            begun = None
            ended = "ended" if body.complete else "**NOT COMPLETE**"
            words = escape(body.words) if body.ok else f"**{escape(body.words)}**"
            yield f"  - {escape(clock_time(event.at))} {ended}: {words}"
    if begun is not None:
        yield NO_END


NO_END = "  - **no end of this watch is recorded**"


def handover_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """Each offer with its brief, and who took the controls with "I have read it"."""
    offer: tuple[str, str] | None = None
    for event in events:
        body, when = event.body, escape(clock_time(event.at))
        if isinstance(body, ev.HandoverOffered):
            if not body.to:
                yield f"- {when} {escape(event.actor)} took the offer back"
                offer = None
                continue
            offer = (event.actor, body.to)
            yield f"- {when} {escape(event.actor)} offered the controls to {escape(body.to)}, with this brief:"
            yield ""
            yield from fenced(list(body.brief), "    ")
            yield ""
        elif isinstance(body, ev.LeaseTaken) and body.accepted:
            who = escape(body.holder)
            yield f"- {when} {who}: **has read the brief and flies** from {escape(body.host)} {escape(body.tty)}"
            offer = None
    if offer is not None and incident.offered is not None:
        yield f"- **not taken: {escape(offer[1])} has not acknowledged the brief**"
