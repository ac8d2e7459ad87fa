"""Approvals in plain mode: the same wishes as the cockpit's key, asked line by line."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from actions.model.approval import NO_PEOPLE, people_of
from actions.model.approval_text import state_lines
from actions.model.errors import Refused
from app import approving

if TYPE_CHECKING:
    from app.plain import Plain

LOOKS, PAUSE_S = 1200, 0.25
"""How often, and how far apart, it is looked whether somebody has answered before it is asked again."""


def ask(plain: Plain) -> None:
    """Ask, and say how they answer."""
    body = approving.request_approval(plain.session)
    plain.say(f"asked for the approval of {' and '.join(body.roles)}")
    plain.say(f"they answer from their own login: goaround approve {plain.session.incident.id}")


def await_answer(plain: Plain) -> None:
    """Wait until somebody answers or the glass is broken, for a while; Ctrl-C ends the waiting."""
    session = plain.session
    head = session.incident.head_seq
    plain.say(f"{session.approvals().words} (Ctrl-C: no longer; p: a code by phone, or break glass)")
    with contextlib.suppress(KeyboardInterrupt):
        for _ in range(LOOKS):
            session.sync()
            if session.incident.head_seq != head or not session.approvals().blocked:
                break
            session.clock.sleep(PAUSE_S)
    plain.say(session.approvals().words or "nothing is missing any more")


def approvals(plain: Plain) -> None:
    """Say how they stand; then ask, take a code or a no, or break the glass."""
    session = plain.session
    incident = session.incident
    if incident.plan is None:
        raise Refused("no plan is drawn: there is nothing to approve")
    if not people_of(incident):
        raise Refused(NO_PEOPLE)
    state = session.approvals()
    plain.show(state_lines(incident, state))
    wishes = "a: ask; c: a code read back; n: a no by phone; b: break glass; Enter: nothing > "
    answer = plain.operator.ask("approval", wishes).strip().casefold()
    if answer == "a":
        ask(plain)
    elif answer == "c":
        person = plain.operator.ask("person", "Login of the one on the phone > ").strip()
        code = plain.operator.ask("code", "The twelve digits > ")
        body = approving.read_back(session, person, code)
        plain.say(f"approved by {body.person} as {', '.join(body.roles)}, read back")
    elif answer == "n":
        person = plain.operator.ask("person", "Login of the one on the phone > ").strip()
        approving.deny_by_phone(session, person, plain.operator.ask("reason", "Why not > "))
        plain.say(f"! DENIED by {person}")
    elif answer == "b":
        system = incident.plan.system
        reason = plain.operator.ask("reason", "BREAK GLASS. Why > ")
        approving.break_glass(session, reason, plain.operator.ask("typed", f"Type {system} to break it > ").strip())
        plain.say("! BREAK-GLASS is on record; it is to be explained within 24 hours")
