"""Handing the controls over in plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import Refused
from app.handover import accept, offer, offered_to_me, withdraw

if TYPE_CHECKING:
    from app.plain import Plain


def handover(plain: Plain, rest: str) -> None:
    """``g LOGIN`` offers; ``g`` alone takes what is offered to us, or takes our own offer back, after asking."""
    session = plain.session
    session.sync()
    if rest:
        note = plain.operator.ask("note", "What must they know first? (Enter: nothing) > ")
        body = offer(session, rest, note)
        plain.show(body.brief)
        plain.say(f"offered to {body.to}, not taken yet: you fly until it is; g takes it back")
        return
    body_to_me = offered_to_me(session)
    if body_to_me is not None:
        plain.show(body_to_me.brief)
        if plain.operator.ask("take", "Enter: I have read it and fly; q: not now > ").strip():
            raise Refused("not taken: you observe")
        accept(session)
        plain.say("you fly")
        return
    if session.incident.offered is None or not session.driver:
        raise Refused("to whom?", "", "g LOGIN" if session.driver else "only the one who flies hands over")
    withdraw(session)
    plain.say("the offer is taken back: you fly")
