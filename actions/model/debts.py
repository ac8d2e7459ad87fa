"""Debts: which are open, which are overdue, which keep a record open, and who may say that one is straightened. Pure.

How they are shown over all records is left to ``app.debts``, recording to ``app.debt_desk``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from actions.model import events as ev
from actions.model.clock import parse_stamp, span, stamp
from actions.model.incident import Debt, Incident
from actions.model.quick_dataclass import dataclass, replace

FIX = "fix"
"""Name of the debt that a fix which goes forward leaves."""
BY_HAND = "by hand: "
"""Before the words with which somebody paid what only a step was meant to straighten."""
BENT = "u on "
"""How the undo of a debt begins that a step has opened."""
FOUND = "found"
"""After the code of a step: the name of the debt of one that was found done, by hand."""
BENT_H = 24
"""Hours after which what is bent is overdue, where nobody says otherwise."""
KINDS = (ev.DebtOpened.kind, ev.DebtAssigned.kind, ev.DebtPaid.kind)
"""Kinds of the events that ``after`` takes."""


@dataclass(frozen=True)
class Owed:
    """A debt with the record it stands in."""

    incident: str
    system: str
    environment: str
    mode: str
    debt: Debt


def after(debts: tuple[Debt, ...], event: ev.Event) -> tuple[Debt, ...]:
    """The debts after one more event; events about anything else change nothing.

    What was paid stays as it was paid: a name that is opened anew is a debt of its own.
    """
    body = event.body
    if isinstance(body, ev.DebtOpened):
        new = Debt(body.debt, body.text, body.undo, body.due, opened_at=event.at, opened_by=event.actor, why=body.why)
        return (*debts, new)
    if isinstance(body, ev.DebtPaid):
        return tuple(
            replace(one, paid=body.how, paid_at=event.at, paid_by=event.actor) if _is(one, body.debt) else one
            for one in debts
        )
    if isinstance(body, ev.DebtAssigned):
        return tuple(
            replace(one, owner=body.owner or one.owner, due=body.due or one.due, ticket=body.ticket or one.ticket)
            if _is(one, body.debt)
            else one
            for one in debts
        )
    return debts


def _is(debt: Debt, name: str) -> bool:
    return debt.name == name and not debt.paid


def of_events(events: Iterable[ev.Event]) -> tuple[Debt, ...]:
    """The debts that events of one record tell of."""
    debts: tuple[Debt, ...] = ()
    for event in events:
        debts = after(debts, event)
    return debts


def about(debts: Iterable[Debt], thing: str) -> tuple[Debt, ...]:
    """What is bent and names this thing (a database), as a word of its own; an empty name: none.

    What people are to do or to explain is left out, whatever its words: it says nothing of how the system stands.
    """
    if not thing:
        return ()
    import re  # the first screen stands

    named = re.compile(rf"(?<![\w-]){re.escape(thing)}(?![\w-])")
    return tuple(one for one in holding(debts) if named.search(one.text))


def overdue_s(debt: Debt, now: datetime) -> int:
    """By how many seconds an open debt is overdue; 0: it is not, or has no deadline."""
    if debt.paid or not debt.due:
        return 0
    try:
        return max(0, int((now - parse_stamp(debt.due)).total_seconds()))
    except (ValueError, OverflowError):  # a deadline that is no time is never over
        return 0


def late_ones(debts: Iterable[Debt], now: datetime) -> int:
    """How many are overdue."""
    return sum(bool(overdue_s(one, now)) for one in debts)


def bent(debt: Debt) -> bool:
    """Whether a step has opened it, so that a step is meant to straighten it."""
    return debt.undo.startswith(BENT)


def holds(debt: Debt) -> bool:
    """Whether a record cannot be closed while this is open: something of the system is bent.

    It is decided by where the debt comes from, which its name tells. A run of a step has opened it (``X1.3``), or the
    step was found done by hand (``X1.found``): auto-deploy is off, a version is pinned, an old database is kept, a
    notice is shown. What closing leaves to be done (the list of the next day, the fix that goes forward, documents)
    and what must be explained (a glass broken, a gate gone around) bends nothing: it keeps no record open.
    """
    code, _, run = debt.name.rpartition(".")
    return bool(code) and " " not in code and (run.isdecimal() or run == FOUND)


def holding(debts: Iterable[Debt]) -> tuple[Debt, ...]:
    """Those that keep the record open now."""
    return tuple(one for one in debts if not one.paid and holds(one))


def holding_words(debts: Iterable[Debt]) -> str:
    """``X1.3 auto-deploy of web is off (u on X1)`` of each, joined; empty: nothing keeps the record open."""
    return "; ".join(f"{one.name} {one.text} ({one.undo or 'straighten it by hand'})" for one in holding(debts))


def due_by(now: datetime) -> str:
    """Until when something bent should be straightened, where the step that bent it does not say: a stamp."""
    return stamp(now + timedelta(hours=BENT_H))


def open_ones(debts: Iterable[Debt]) -> tuple[Debt, ...]:
    """Those that nobody has paid."""
    return tuple(one for one in debts if not one.paid)


def urgency(debt: Debt, now: datetime) -> tuple[bool, bool, bool, str]:
    """What to sort by: overdue ones first, of those that are open; then what is bent; then by the deadline."""
    if debt.paid:
        return True, False, False, ""
    return False, not overdue_s(debt, now), not holds(debt), debt.due or "9999"


def in_order(debts: Sequence[Debt], now: datetime) -> tuple[Debt, ...]:
    """The most urgent first, what is paid last; else as they were opened."""
    return tuple(sorted(debts, key=lambda one: urgency(one, now)))


def counted(debts: Iterable[Debt], now: datetime) -> str:
    """``3 debts, 1 overdue`` of those that are open; empty: none is."""
    left = open_ones(debts)
    if not left:
        return ""
    late = late_ones(left, now)
    return f"{len(left)} debt{'' if len(left) == 1 else 's'}{f', {late} overdue' if late else ''}"


def bent_words(debts: Iterable[Debt]) -> str:
    """``2 of them are bent and keep the record open``; empty: nothing is bent."""
    left = open_ones(debts)
    count = len(holding(left))
    if not count:
        return ""
    who = f"{count} of them" if count < len(left) else "it" if count == 1 else "they"
    return f"{who} {'is bent and keeps' if count == 1 else 'are bent and keep'} the record open"


def paid_words(debt: Debt) -> str:
    """``N1.1 was paid by ops2 2026-11-23 04:40Z: by hand: taken down``."""
    from actions.model.due import due_words  # the first screen stands

    return f"{debt.name} was paid by {debt.paid_by} {due_words(debt.paid_at)}: {debt.paid}"


def deadline_words(debt: Debt, now: datetime) -> str:
    """``OVERDUE by 2 d``, ``due 2026-11-30 18:00Z, in 21 h`` or ``no deadline``."""
    from actions.model.due import due_words  # the first screen stands

    if not debt.due:
        return "no deadline"
    late = overdue_s(debt, now)
    if late:
        return f"OVERDUE by {_roughly(late)}"
    try:
        left = int((parse_stamp(debt.due) - now.astimezone(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return f"due {debt.due}"
    return f"due {due_words(debt.due)}" + (f", in {_roughly(left)}" if left >= 0 and not debt.paid else "")


def _roughly(seconds: int) -> str:
    """``2 d`` and ``21 h`` where the smaller unit says little."""
    if seconds >= 2 * 86400:
        return f"{seconds // 86400} d"
    return f"{seconds // 3600} h" if seconds >= 2 * 3600 else span(seconds)


def may_reason(incident: Incident, login: str) -> str | None:
    """Why this login may neither assign nor pay a debt of the incident, or None."""
    people = incident.declared.people if incident.declared else {}
    if people and login not in people:
        return f"{login} is none of the people of {incident.id}: {', '.join(people)}"
    return None


def change_reason(incident: Incident, name: str, login: str) -> str | None:
    """Why this login may not change the debt of this name now, or None."""
    reason = may_reason(incident, login)
    if reason:
        return reason
    if any(one.name == name and not one.paid for one in incident.debts):
        return None
    paid = next((one for one in reversed(incident.debts) if one.name == name), None)
    return f"there is no debt {name}" if paid is None else paid_words(paid)
