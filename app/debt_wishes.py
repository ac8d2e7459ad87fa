"""What an operator's key on the debts leads to: looking at them, paying one with words, giving one to somebody.

Whoever is configured may, without flying, and after the incident was closed and signed, too. A command that makes a
ticket runs in the background.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from actions.model.debts import may_reason
from actions.model.errors import GoaroundError
from actions.model.parked import may_be_closed
from app.attempts import attempt
from app.debt_desk import assign, debt_of, owner_of, pay
from app.debt_ticket import ticket_argv, ticketer
from app.start_words import ONLY_LOOKING

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen
    from app.review_screen import ReviewScreen
    from widgets.assign_dialog import AssignAnswer
    from widgets.debts_dialog import DebtWish


def debts(screen: IncidentScreen, at: str = "") -> None:
    """The debts of the incident that is shown, whether it is open or closed."""
    from widgets.debts_dialog import PAY, DebtsDialog

    session = screen.session
    if session.incident.declared is None:
        _open_parked(screen)
        return
    locked = ONLY_LOOKING if screen.observe else may_reason(session.incident, session.who.login) or ""

    def answered(wish: DebtWish | None) -> None:
        if wish is None:
            return
        if wish.do == PAY:
            _pay(screen, wish.debt)
        else:
            _assign(screen, wish.debt)

    dialog = DebtsDialog(session.incident, session.clock.now(), locked=locked, at=at, ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)


def _open_parked(screen: IncidentScreen) -> None:
    """Nothing is open: the record of this system that waits for its debts, the most urgent one."""
    from app.parking import by_urgency, elsewhere

    session = screen.session
    records = by_urgency(elsewhere(session), session.clock.now())
    if not records:
        screen.say("no incident is declared; goaround debts lists those of all records")
        return
    found = records[0]

    def turn() -> None:
        session.open(found.incident)
        if not screen.observe:
            session.take_lease()

    if attempt(screen, turn):
        sign = f", {found.unsigned}: s signs it" if found.unsigned else ""
        screen.say(
            f"{found.incident} is parked{sign}; it is closed once its debts are paid (w declares a new incident)"
        )
        debts(screen)


def debts_then(screen: ReviewScreen) -> None:
    """The debts of a record that is read, as they stood then."""
    from widgets.debts_dialog import DebtsDialog

    replay = screen.replay
    dialog = DebtsDialog(replay.incident, replay.now(), locked="a record is only read", ascii=screen.ascii)
    screen.app.push_screen(dialog)


def _pay(screen: IncidentScreen, name: str) -> None:
    from widgets.reason_dialog import ReasonDialog

    debt = debt_of(screen.session.incident, name)
    undo = f" Meant to straighten it: {debt.undo}." if debt.undo else ""

    def answered(how: str | None) -> None:
        if how and attempt(screen, lambda: pay(screen.session, name, how)):
            free = may_be_closed(screen.session.incident)
            screen.say(f"{name} is paid{'; nothing is bent any more: s closes the record' if free else ''}")
        debts(screen, name)

    prompt = f"{debt.text}.{undo} How was it straightened? It stays in the record."
    screen.app.push_screen(ReasonDialog(f"Pay {name}", prompt, accept="Pay", ascii=screen.ascii), answered)


def _assign(screen: IncidentScreen, name: str) -> None:
    from widgets.assign_dialog import AssignDialog

    session = screen.session
    incident, table = session.incident, session.settings.tickets
    debt = debt_of(incident, name)
    people = incident.declared.people if incident.declared else {}

    def owner_reason(owner: str) -> str:
        try:
            owner_of(incident, owner)
        except GoaroundError as error:
            return error.line()
        return ""

    def command(owner: str, due: str) -> str:
        return session.clean(shlex.join(ticket_argv(table, incident.id, debt, owner, due)))

    def answered(answer: AssignAnswer | None) -> None:
        if answer is None:
            debts(screen, name)
        elif answer.make:
            _make(screen, name, answer)
        else:
            changed = attempt(
                screen,
                lambda: assign(session, name, owner=answer.owner, due=answer.due, ticket=_fresh(answer, debt.ticket)),
            )
            if changed:
                screen.say(f"{name} is assigned")
            debts(screen, name)

    dialog = AssignDialog(
        debt,
        session.clock.now,
        owner_reason,
        people=", ".join(people),
        command=command if table.command else None,
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def _fresh(answer: AssignAnswer, ticket: str) -> str:
    """The ticket where it is another one than before."""
    return "" if answer.ticket == ticket else answer.ticket


def _make(screen: IncidentScreen, name: str, answer: AssignAnswer) -> None:
    """Let the configured command make a ticket, in the background."""
    session = screen.session
    screen.say(f"making a ticket for {name} ...")

    def work() -> None:
        try:
            make = ticketer(session.settings.tickets, lambda _: None)
            words = (
                f"{name} is followed in {assign(session, name, owner=answer.owner, due=answer.due, make=make).ticket}"
            )
        except GoaroundError as error:
            words = error.line()
        screen.app.call_from_thread(ended, words)

    def ended(words: str) -> None:
        screen.say(words)
        screen.refresh_panes()

    screen.run_worker(work, thread=True, exit_on_error=False, group="ticket")
