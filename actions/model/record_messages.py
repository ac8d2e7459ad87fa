"""The part of a record's report that says who was told what, when, and through what. Pure; escaped like the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.incident import Incident
from actions.model.markdown_text import escape, fenced
from actions.model.message_rules import COPIED, Attempt, Ended, attempts
from actions.model.record_timeline import clock_time


def messages_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """Every attempt to tell somebody something, oldest first, with its text; nothing where there was none."""
    for one in attempts(incident):
        yield f"- {escape(clock_time(one.at))} {escape(one.by)}: **{_ended(one)}** {escape(_whom(one))}"
        yield f"  - through {escape(one.through)}" + (f", message {escape(one.name)}" if one.name else "")
        if one.addresses:
            yield f"  - addresses: {escape(', '.join(one.addresses))}"
        if one.detail:
            yield f"  - {escape(one.detail)}"
        yield f"  - subject: {escape(one.subject)}"
        yield ""
        yield from fenced([one.text], "    ")
        yield ""
    for event in events:
        if isinstance(event.body, ev.MessageRefused):
            when, who = escape(clock_time(event.at)), escape(event.actor)
            yield f"- {when} {who}: **REFUSED** {escape(event.body.name)}: {escape(event.body.reason)}"


def _ended(one: Attempt) -> str:
    if one.ended is Ended.FAILED:
        return "NOT SENT"
    if one.ended is not Ended.SENT:
        return "NOT KNOWN whether it was sent"
    return "told" if one.through.partition(":")[0] != COPIED else "COPIED, not yet sent"


def _whom(one: Attempt) -> str:
    return ", ".join(one.to) or "nobody"
