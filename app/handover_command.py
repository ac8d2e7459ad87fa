"""``goaround handover``: offers the controls from a shell, takes them and flies from there, or shows the brief."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from actions.model.errors import BadInput, Refused
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from app.handover import accept, offer, present_brief, withdraw

if TYPE_CHECKING:
    from app.session import Session


@dataclass(frozen=True)
class Asked:
    """The command line of ``goaround handover``."""

    id: str = ""
    to: str = ""
    note: str = ""
    accept: bool = False
    withdraw: bool = False
    json: bool = False
    config: str | None = None
    store: str = ""


def run_handover(asked: Asked, acting: str = "") -> int:
    """Offer, take back, accept, or show the brief. Exit status 0; what may not be is raised.

    ``acting``: another login than that of the operating system (a demo's person, a test's).
    """
    from app.demo_login import acting_as
    from app.store import open_session
    from app.watch import attach, loaded_for

    if asked.note and not asked.to:
        raise BadInput("--note: only together with --to")
    loaded = loaded_for(asked.config, asked.store, asked.id)
    session = open_session(loaded, store=asked.store, acting_as=acting or acting_as(loaded.path.parent))
    try:
        attach(session, asked.id)
        if session.incident.declared is None or session.incident.closed is not None:
            raise Refused("no incident is open: there are no controls to hand over")
        return _handed(session, asked)
    finally:
        if session.driver and asked.json:
            session.driver = False  # the login keeps the controls: its next cockpit flies on without a question
        session.close()
        session.journal.close()


def _handed(session: Session, asked: Asked) -> int:
    incident = session.incident
    if asked.to:
        body = offer(session, asked.to, asked.note)
        _say(asked, [*body.brief, f"offered to {body.to}, not taken yet: you fly until it is"], to=body.to)
    elif asked.withdraw:
        withdraw(session)
        _say(asked, ["the offer is taken back: you fly"])
    elif asked.accept:
        said = incident.offered
        accept(session)
        _say(asked, [*(said.body.brief if said else ()), f"{session.who.login} has read it and flies"], accepted=True)
        if not asked.json:
            _fly(session)
    else:
        said = incident.offered
        where = f"offered to {said.body.to} by {said.by}, not taken yet" if said else "not offered to anybody"
        _say(asked, [*(said.body.brief if said else present_brief(session)), where])
    return 0


def _say(asked: Asked, lines: list[str], **more: object) -> None:
    if asked.json:
        print(json.dumps({"brief": lines[:-1], "state": lines[-1], **more}))
        return
    for line in lines:
        print(sanitise(line))


def _fly(session: Session) -> None:
    """Who has accepted flies from here: in the cockpit, or as plain lines where there is no terminal."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        from app.cockpit import fly

        fly(session)
        return
    from app.plain import Plain
    from app.terminal_operator import TerminalOperator

    Plain(session, TerminalOperator()).fly()
