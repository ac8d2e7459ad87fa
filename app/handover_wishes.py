"""What ``h`` leads to on the screen: offering the controls, reading the brief, taking them; and that an offer is seen.

What may be is ``handover``'s to say; dialogs are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.attempts import attempt, may_not

if TYPE_CHECKING:
    from typing import Literal

    from app.incident_screen import IncidentScreen
    from app.session import Session
    from widgets.handover_dialog import HandoverAnswer


def offered_words(session: Session, key: str = "h") -> str:
    """What stands in the last line while an offer is open, for both of them. Asked for with every picture: cheap."""
    incident = session.incident
    said = incident.offered
    if said is None or incident.closed is not None:
        return ""
    if said.by == session.who.login:
        return f"offered to {said.body.to}, not taken yet: you fly ({key} takes it back)" if session.driver else ""
    if said.body.to == session.who.login and not session.driver:
        return f"{said.by} offers you the controls: {key} reads the brief"
    return ""


def look(screen: IncidentScreen) -> None:
    """Each second: the brief opens by itself, once, for the one it is for, where nothing else is being asked."""
    said = screen.session.incident.offered
    if said is None or said.at == screen.offer_seen or screen.observe or not screen.is_active:
        return
    if said.body.to == screen.session.who.login and not screen.session.driver:
        screen.offer_seen = said.at
        _take(screen)


def handover(screen: IncidentScreen) -> None:
    """Offer the controls; for the one they are offered to: read the brief and take them."""
    from app.handover import offered_to_me

    if offered_to_me(screen.session) is not None:
        if not may_not(screen, flying=False):
            _take(screen)
        return
    if may_not(screen, flying=True):
        return
    if screen.session.incident.closed is not None:
        screen.say("the incident is closed: there are no controls to hand over")
        return
    _offer(screen)


def _take(screen: IncidentScreen) -> None:
    from app.handover import accept
    from widgets.handover_dialog import TakeDialog

    session = screen.session
    said = session.incident.offered
    if said is None:
        return

    def answered(answer: Literal[True] | None) -> None:
        if answer and attempt(screen, lambda: accept(session)):
            screen.say(f"you fly; {said.by} has been told by the record")

    screen.app.push_screen(TakeDialog(said.by, said.body.brief, ascii=screen.ascii), answered)


def _offer(screen: IncidentScreen) -> None:
    from actions.model.errors import GoaroundError
    from app.handover import login_of, offer, present_brief, withdraw
    from widgets.handover_dialog import HandoverDialog

    session = screen.session
    me = session.who.login

    def refuse(to: str) -> str:
        try:
            login = login_of(session, to)
        except GoaroundError as error:
            return error.line()
        return "You fly already: name somebody else." if login == me else ""

    def answered(answer: HandoverAnswer | None) -> None:
        if answer is None:
            return
        if answer.withdraw:
            if attempt(screen, lambda: withdraw(session)):
                screen.say("the offer is taken back: you fly")
        elif attempt(screen, lambda: offer(session, answer.to, answer.note)):
            screen.show_next()

    people = [(login, one.name) for login, one in session.settings.people.items() if login != me]
    offered = session.incident.offered
    dialog = HandoverDialog(
        present_brief(session), people, offered.body.to if offered else "", refuse, ascii=screen.ascii
    )
    screen.app.push_screen(dialog, answered)
