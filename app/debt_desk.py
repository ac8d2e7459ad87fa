"""Assigning and paying a debt: each wish as its event, in the record in which the debt was opened.

Needs no lease, and the incident may be closed and signed: a sign-off stands over what came before it. Making a ticket
is left to ``debt_ticket``, what is shown to ``debts``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from actions.model import events as ev
from actions.model.being_paid import being_paid_reason
from actions.model.debts import BY_HAND, change_reason, holds, may_reason, open_ones
from actions.model.due import parse_due
from actions.model.errors import BadInput, Refused
from actions.model.incident import Debt, Incident
from actions.model.outside_text import sanitise
from app.approving import Recorder

if TYPE_CHECKING:
    from app.debt_ticket import Ticketer

LONGEST_NAME = 80
LONGEST_TICKET = 200
LONGEST_WHY = 500


def debt_of(incident: Incident, code: str) -> Debt:
    """The debt of this name, in any case; the open one where there are several. Raises BadInput naming those there
    are.
    """
    rows = (*open_ones(incident.debts), *(one for one in reversed(incident.debts) if one.paid))
    exact = next((one for one in rows if one.name == code), None)
    found = exact or next((one for one in rows if one.name.casefold() == code.casefold()), None)
    if found is not None:
        return found
    raise BadInput(f"{incident.id} has no debt {sanitise(code, limit=40)!r}", _there_are(incident))


def _there_are(incident: Incident) -> str:
    left = ", ".join(one.name for one in open_ones(incident.debts))
    paid = ", ".join(dict.fromkeys(one.name for one in incident.debts if one.paid))
    parts = [f"open: {left}" if left else "", f"paid: {paid}" if paid else ""]
    return "; ".join(part for part in parts if part) or "it has none at all"


def pay(desk: Recorder, code: str, how: str) -> ev.DebtPaid:
    """Record that a debt is straightened, and how. Raises BadInput and Refused."""
    desk.sync()
    _check_who(desk)
    debt = debt_of(desk.incident, code)
    how = desk.clean(how)
    if not how:
        raise BadInput(f"{debt.name}: say how it was straightened", "", 'give --how "..."')
    # Words could read like a step that straightened it: what is bent is told apart.
    body = ev.DebtPaid(debt.name, f"{BY_HAND}{how}" if holds(debt) else how)

    def rule(one: Incident) -> str | None:
        return change_reason(one, debt.name, desk.who.login) or being_paid_reason(one, debt)

    desk.record_all((body,), rule, drive=False)
    return body


def reopen(desk: Recorder, code: str, why: str) -> Debt:
    """Record that a debt which somebody paid by hand is owed all the same, and why. Raises BadInput and Refused."""
    from actions.model.debt_again import again_bodies, again_reason, paid_one

    desk.sync()
    _check_who(desk)
    name = debt_of(desk.incident, code).name
    why = desk.clean(why, LONGEST_WHY)
    reason = again_reason(desk.incident, name, desk.who.login)
    debt = paid_one(desk.incident, name)
    if reason or debt is None:
        raise Refused(reason or f"there is no debt {name}")
    if not why:
        raise BadInput(f"{name}: say why it is owed all the same", "", 'give --why "..."')
    desk.record_all(again_bodies(debt, why), lambda one: again_reason(one, name, desk.who.login), drive=False)
    desk.sync()
    return debt_of(desk.incident, name)


def assign(
    desk: Recorder,
    code: str,
    *,
    owner: str = "",
    due: str = "",
    ticket: str = "",
    also: Iterable[str] = (),
    make: Ticketer | None = None,
) -> ev.DebtAssigned:
    """Record who owns a debt, until when, and where it is followed; what is empty stays as it was.

    ``also``: logins that may own one although the incident does not know them; ``make`` makes the ticket, and records
    by itself that it was asked to. Raises BadInput, Refused, and what making the ticket raises.
    """
    desk.sync()
    _check_who(desk)
    debt = debt_of(desk.incident, code)
    ticket = desk.clean(ticket, LONGEST_TICKET)
    owner = owner_of(desk.incident, desk.clean(owner, LONGEST_NAME), also)
    if due.strip():
        try:
            due = parse_due(due, desk.clock.now())
        except ValueError as error:
            raise BadInput(f"{debt.name}: {error}") from error
    if not (owner or due or ticket or make):
        raise BadInput(f"{debt.name}: nothing to assign", "", "give --owner, --due, --ticket or --make-ticket")
    reason = change_reason(desk.incident, debt.name, desk.who.login)
    if reason:
        raise Refused(reason)
    if make is not None:
        if ticket:
            raise BadInput(f"{debt.name}: a ticket is either given or made", "", "leave out --ticket or --make-ticket")
        if debt.ticket:
            raise Refused(f"{debt.name} is followed in {debt.ticket} already", "", "give another one with --ticket")
        ticket = desk.clean(make(desk, debt, owner or debt.owner, due or debt.due), LONGEST_TICKET)
    body = ev.DebtAssigned(debt.name, owner, due, ticket)
    desk.record_all((body,), lambda one: change_reason(one, debt.name, desk.who.login), drive=False)
    return body


def _check_who(desk: Recorder) -> None:
    reason = may_reason(desk.incident, desk.who.login)
    if reason:
        raise Refused(reason)


def owner_of(incident: Incident, wanted: str, also: Iterable[str] = ()) -> str:
    """The login of the one who is named by login or name; as it is written where no people are configured.

    Raises BadInput naming the people.
    """
    people = incident.declared.people if incident.declared else {}
    if not wanted or not people:
        return wanted
    key = wanted.casefold()
    for login, person in people.items():
        if key in (login.casefold(), str(person.get("name", "")).casefold()):
            return login
    other = next((login for login in also if login.casefold() == key), None)
    if other is None:
        raise BadInput(f"{wanted} is none of the configured people", "", f"one of: {', '.join(people)}")
    return other
