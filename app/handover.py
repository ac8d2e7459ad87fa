"""Handing the controls over: offered with a brief, taken with "I have read it and fly". Both stand in the record.

For the cockpit, for plain lines and for ``handover_command`` alike. A step that runs meanwhile goes on: it belongs to
nobody's screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions.model import events as ev
from actions.model.errors import BadInput, Refused
from actions.model.handover_brief import brief
from actions.model.incident import Incident

if TYPE_CHECKING:
    from app.session import Session


def present_brief(session: Session, note: str = "") -> tuple[str, ...]:
    """What somebody must know now, at most ten lines."""
    session.sync()
    incident = session.incident
    approval = session.approvals() if incident.plan is not None else None
    lines = brief(incident, session.elapsed_ms(), approval, session.clean(note, 200))
    return tuple(session.clean(line, 300) for line in lines)


def login_of(session: Session, named: str) -> str:
    """The login that is meant by a login or a name. Raises ``BadInput`` for nobody of the configured people."""
    named = session.clean(named, 64)
    if not named:
        raise BadInput("to whom? Name a login", "", "goaround handover --to LOGIN")
    people = session.settings.people
    found = next(
        (login for login, one in people.items() if named.casefold() in (login.casefold(), one.name.casefold())), None
    )
    if people and found is None:
        raise BadInput(f"{named} is none of the configured people", "", f"one of: {', '.join(people)}")
    return found or named


def _offer_rule(session: Session, incident: Incident) -> str | None:
    if incident.declared is None:
        return "no incident is open"
    if incident.closed is not None:
        return "the incident is closed"
    row = session.journal.lease(session.settings.system.name)
    holder = row.holder if row is not None and row.held else ""
    if holder != session.who.login:
        return f"only the one who flies may do this, and that is {holder or 'nobody'}"
    return None


def offer(session: Session, to: str, note: str = "") -> ev.HandoverOffered:
    """Offer the controls to somebody. Who offers flies on until they are taken. Raises ``Refused``, ``BadInput``."""
    session.sync()
    reason = _offer_rule(session, session.incident)
    if reason:
        raise Refused(reason)
    login = login_of(session, to)
    if login == session.who.login:
        raise Refused("you fly already: offer them to somebody else")
    body = ev.HandoverOffered(login, present_brief(session, note))
    session.record(body, lambda incident: _offer_rule(session, incident), drive=False)
    return body


def withdraw(session: Session) -> None:
    """Take the offer back. Raises ``Refused`` where there is none."""

    def rule(incident: Incident) -> str | None:
        return _offer_rule(session, incident) or (None if incident.offered is not None else "nothing is offered")

    session.record(ev.HandoverOffered(""), rule, drive=False)


def offered_to_me(session: Session) -> ev.HandoverOffered | None:
    """The offer that this person may accept now, or None."""
    incident = session.incident
    said = incident.offered
    if said is None or session.driver or incident.closed is not None or said.body.to != session.who.login:
        return None
    body: ev.HandoverOffered = said.body
    return body


def accept(session: Session) -> None:
    """ "I have read it and fly": take the controls that were offered. No reason is asked: it is no takeover.

    Raises ``Refused`` where nothing is offered to this person (any more).
    """
    session.sync()
    said = session.incident.offered
    if offered_to_me(session) is None or said is None:
        raise Refused(
            "the controls are not offered to you", session.holder_line(), "take over with a reason, if it must be"
        )
    system = session.settings.system.name

    def still(now: Any) -> None:
        """In the transaction: the offer holds, and who flies now is the one who offered, or nobody."""
        session.sync()
        if offered_to_me(session) is None:
            raise Refused("the offer was taken back")
        if now is not None and now.held and now.holder != said.by:
            raise Refused(f"{now.holder} flies now: what {said.by} offered does not hold any more")

    session.take_offered(system, still)
