"""Telling people, in plain lines: the same list, texts, rules and record as on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import Refused
from actions.model.message_rules import claims_solved
from app import messaging

if TYPE_CHECKING:
    from app.plain import Plain


def tell(plain: Plain) -> None:
    """List the messages, show one in full, ask to whom and through what, and send it."""
    session, ask = plain.session, plain.operator.ask
    if session.incident.declared is None:
        raise Refused("no incident is open")
    found = messaging.rows(session)
    for number, row in enumerate(found, 1):
        mark = "*" if row.suggested else " "
        words = f"blocked: {row.reason}" if row.reason else row.state or f"for {row.message.to}"
        plain.operator.say(f"   {mark}{number:>2} {row.message.name}: {words}")
    default = next((number for number, row in enumerate(found, 1) if row.suggested), 0)
    answer = ask("message", f"Number of the message{f' (Enter: {default})' if default else ''}; q: none > ").strip()
    if answer == "q":
        return
    number = int(answer) if answer.isdigit() else (default if not answer else 0)
    if not 1 <= number <= len(found):
        raise Refused("no such message", "", "give the number at its line")
    row = found[number - 1]
    if row.reason and claims_solved(row.message) and session.settings.own_probes:
        messaging.look(session)
        row = messaging.rows(session)[number - 1]
    if row.reason:
        messaging.refuse(session, row.message, row.reason)
        raise Refused(f"not sent: {row.reason}")
    shown = messaging.draft(session, row.message)
    plain.operator.say(f"    Subject: {shown.rendered.subject}")
    for line in shown.rendered.text.split("\n"):
        plain.operator.say(f"    {line}".rstrip())
    roles = _roles(plain, shown.rendered.to)
    ways = messaging.ways_for(session, shown, roles)
    for number, way in enumerate(ways, 1):
        plain.operator.say(f"    {number:>2} {way.through}: {(way.reason and 'blocked: ' + way.reason) or way.words}")
    first = next((number for number, way in enumerate(ways, 1) if not way.reason), 0)
    answer = ask("way", f"Number of the way (Enter: {first}); q: not now > ").strip()
    number = int(answer) if answer.isdigit() else (first if not answer else 0)
    if not 1 <= number <= len(ways):
        raise Refused("nobody was told")
    way = ways[number - 1]
    if way.reason:
        raise Refused(way.reason)
    plain.show(way.shown)
    outside = messaging.outside(session, roles)
    why = ask("outside", f"! {outside} (Enter: do not send) > ").strip() if outside else ""
    if outside and not why:
        raise Refused("nobody was told")
    if ask("arm", f"Enter: {way.through} to {', '.join(roles)} as shown; q: not now > ").strip():
        raise Refused("nobody was told")
    plain.say(messaging.send(session, shown, roles, way, why=why))


def _roles(plain: Plain, roles: tuple[str, ...]) -> tuple[str, ...]:
    if len(roles) == 1:
        return roles
    words = ", ".join(f"{number} {role}" for number, role in enumerate(roles, 1))
    answer = plain.operator.ask("to", f"To whom: {words}; numbers (1 3), Enter: all > ").split()
    if not answer:
        return roles
    if not all(one.isdigit() and 1 <= int(one) <= len(roles) for one in answer):
        raise Refused("no such recipient", "", f"numbers from 1 to {len(roles)}")
    return tuple(role for number, role in enumerate(roles, 1) if str(number) in answer)
