"""The part of a record's report that says what is owed, whose it is, and who has paid what, when and how. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model.debts import FIX
from actions.model.due import due_words
from actions.model.incident import Debt, Incident
from actions.model.markdown_text import escape
from actions.model.record_timeline import clock_time


def debts_section(incident: Incident, events: Sequence[ev.Event]) -> Iterator[str]:
    """A debt a line, with its details beneath; what is open stands out."""
    signed = signed_at(events)
    for debt in incident.debts:
        state = f"paid: {escape(debt.paid)}" if debt.paid else "**OPEN**"
        yield f"- {escape(debt.name)}: {escape(debt.text)}: {state}"
        if debt.why:
            who = f"{escape(debt.opened_by)}, {escape(clock_time(debt.opened_at))}"
            yield f"  - opened anew by {who}: {escape(debt.why)}"
        if debt.paid and debt.paid_at:
            late = ", **after the sign-off**" if signed and debt.paid_at > signed else ""
            yield f"  - by {escape(debt.paid_by)}, {escape(clock_time(debt.paid_at))}{late}"
        if debt.undo:
            yield f"  - undo: {escape(debt.undo)}"
        if debt.due:
            yield f"  - due: {escape(due_words(debt.due))}"
        if debt.owner:
            yield f"  - owner: {escape(debt.owner)}"
        if debt.ticket:
            yield f"  - ticket: {escape(debt.ticket)}"


def signed_at(events: Sequence[ev.Event]) -> str:
    """When the newest sign-off was given: a stamp, or empty."""
    return next((event.at for event in reversed(events) if isinstance(event.body, ev.SignedOff)), "")


def after_sign_off(events: Sequence[ev.Event]) -> Iterator[str]:
    """Events that no sign-off stands for, because they came later; nothing where there are none."""
    covered = max((event.body.over_seq for event in events if isinstance(event.body, ev.SignedOff)), default=0)
    later = [event for event in events if event.seq > covered and not isinstance(event.body, ev.SignedOff)]
    if not covered or not later:
        return
    paid = sum(isinstance(event.body, ev.DebtPaid) for event in later)
    about = f", {paid} debt{'' if paid == 1 else 's'} paid among them" if paid else ""
    count = f"{len(later)} event{'' if len(later) == 1 else 's'}"
    yield f"- after the sign-off: {count}, from {later[0].seq} on{about}; nobody has signed for them"


def fix_of(incident: Incident) -> Debt | None:
    """The debt that a fix which goes forward has left, or None."""
    return next((debt for debt in incident.debts if debt.name == FIX), None)
