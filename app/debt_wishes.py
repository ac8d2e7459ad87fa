"""What an operator's key on the debts leads to: looking at them, paying one, taking that back, giving one to somebody.

Whoever is configured may, without flying, and after the incident was closed and signed, too. A command that makes a
ticket runs in the background.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from actions.model.debts import change_reason, may_reason
from actions.model.errors import GoaroundError
from actions.model.parked import may_be_closed, with_ways
from actions.model.quick_dataclass import replace
from app.attempts import attempt
from app.debt_desk import assign, debt_of, owner_of, pay, reopen
from app.debt_ticket import ticket_argv, ticketer
from app.parking import by_urgency, elsewhere, others_words
from app.start_words import ONLY_LOOKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.debt_record import DebtDesk
    from app.incident_screen import IncidentScreen
    from app.review_screen import ReviewScreen
    from widgets.assign_dialog import AssignAnswer
    from widgets.debts_dialog import DebtWish
    from widgets.reason_dialog import ReasonDialog

FOLLOW_S = 0.5
"""How often an open dialog looks what was recorded meanwhile."""
LOOK_AGAIN_S = 30
"""After so long deadlines are counted anew."""


def debts(screen: IncidentScreen, at: str = "", trouble: str = "") -> None:
    """The debts of the incident that is shown, whether it is open or closed; they follow what others record.

    ``trouble``: why the last wish was refused; the last line of the screen may be behind the dialog.
    """
    from app.debt_record import desk_of
    from widgets.debts_dialog import AGAIN, PAY, DebtsDialog

    session = screen.session
    if session.incident.declared is None:
        _open_parked(screen)
        return
    # Whatever the cockpit turns to meanwhile: what is answered is meant for the record that was looked at.
    desk = desk_of(session)
    locked = ONLY_LOOKING if screen.observe else may_reason(desk.incident, session.who.login) or ""

    def answered(wish: DebtWish | None) -> None:
        if wish is None:
            return
        if wish.do == PAY:
            _pay(screen, desk, wish.debt)
        elif wish.do == AGAIN:
            _again(screen, desk, wish.debt)
        else:
            _assign(screen, desk, wish.debt)

    now = session.clock.now()
    others = others_words(elsewhere(session), now)
    who = session.who.login
    dialog = DebtsDialog(
        desk.incident, now, locked=locked, at=at, others=others, said=trouble, who=who, ascii=screen.ascii
    )
    screen.app.push_screen(dialog, answered)

    def follow() -> None:
        at_now = session.clock.now()
        if not dialog.is_mounted:
            return
        if _fresh_events(desk) or (at_now - dialog.now).total_seconds() >= LOOK_AGAIN_S:
            dialog.show(desk.incident, at_now)

    dialog.set_interval(FOLLOW_S, follow)


def _fresh_events(desk: DebtDesk) -> bool:
    """Whether anything was recorded; a store that cannot be read now is asked again."""
    try:
        return desk.sync()
    except GoaroundError:
        return False


def _open_parked(screen: IncidentScreen) -> None:
    """Nothing is open: the record of this system that waits for its debts, the most urgent one."""
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
        screen.say(f"parked{sign}; w declares a new incident")
        debts(screen)


def debts_then(screen: ReviewScreen) -> None:
    """The debts of a record that is read, as they stood then."""
    from widgets.debts_dialog import DebtsDialog

    replay = screen.replay
    dialog = DebtsDialog(replay.incident, replay.now(), locked="a record is only read", ascii=screen.ascii)
    screen.app.push_screen(dialog)


def _pay(screen: IncidentScreen, desk: DebtDesk, name: str) -> None:
    from widgets.debts_dialog import LONGEST_TEXT, LONGEST_UNDO
    from widgets.presentation import clip
    from widgets.reason_dialog import ReasonDialog

    debt = debt_of(replace(desk.incident, debts=with_ways(desk.incident)), name)
    owner = [f"It is {debt.owner}'s."] if debt.owner not in ("", desk.who.login) else []
    undo = [f"Straightened by: {clip(debt.undo, LONGEST_UNDO)}"] if debt.undo else []
    asked = "Nothing is run now: how was it straightened? It stays in the record."

    def answered(how: str | None) -> None:
        trouble = _trouble(screen, lambda: pay(desk, name, how)) if how else ""
        if how and not trouble:
            desk.sync()
            free = may_be_closed(desk.incident)
            screen.say(f"{name} is paid{'; nothing is bent any more: s closes the record' if free else ''}")
        _back(screen, desk, name, trouble)

    prompt = "\n".join([clip(debt.text, LONGEST_TEXT), *owner, *undo, asked])
    dialog = ReasonDialog(f"Pay {name} of {desk.incident.id}", prompt, accept="Pay", ascii=screen.ascii)
    _ask(screen, desk, dialog, answered, lambda: change_reason(desk.incident, name, desk.who.login))


def _again(screen: IncidentScreen, desk: DebtDesk, name: str) -> None:
    from actions.model.debt_again import again_reason, paid_one
    from actions.model.debts import paid_words
    from widgets.debts_dialog import LONGEST_TEXT, LONGEST_UNDO
    from widgets.presentation import clip
    from widgets.reason_dialog import ReasonDialog

    debt = paid_one(desk.incident, name)
    if debt is None:
        return

    def answered(why: str | None) -> None:
        trouble = _trouble(screen, lambda: reopen(desk, name, why)) if why else ""
        if why and not trouble:
            screen.say(f"{name} is owed again")
        _back(screen, desk, name, trouble)

    asked = "Why is it owed all the same? Both stay in the record."
    prompt = "\n".join([clip(debt.text, LONGEST_TEXT), clip(paid_words(debt), LONGEST_UNDO), asked])
    dialog = ReasonDialog(f"Open {name} of {desk.incident.id} anew", prompt, accept="Open anew", ascii=screen.ascii)
    _ask(screen, desk, dialog, answered, lambda: again_reason(desk.incident, name, desk.who.login))


def _ask(
    screen: IncidentScreen,
    desk: DebtDesk,
    dialog: ReasonDialog,
    answered: Callable[[str | None], None],
    refused: Callable[[], str | None],
) -> None:
    """Ask for the words; say at once when others make that needless. ``refused``: why it is not done now, or None."""
    screen.app.push_screen(dialog, answered)

    def follow() -> None:
        if dialog.is_mounted and _fresh_events(desk):
            dialog.trouble(refused() or "")

    dialog.set_interval(FOLLOW_S, follow)


def _trouble(screen: IncidentScreen, do: Callable[[], object]) -> str:
    """Do it; why it was refused, which is said in the last line, too; empty: it was not."""
    try:
        do()
    except GoaroundError as error:
        screen.say(error.line())
        return error.line()
    return ""


def _back(screen: IncidentScreen, desk: DebtDesk, name: str, trouble: str = "") -> None:
    """To the list, as long as the cockpit shows that record."""
    screen.session.sync()
    if screen.session.incident.id == desk.incident.id:
        debts(screen, name, trouble)
    screen.refresh_panes()


def _assign(screen: IncidentScreen, desk: DebtDesk, name: str) -> None:
    from widgets.assign_dialog import AssignDialog

    session = screen.session
    incident, table = desk.incident, session.settings.tickets
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
        if answer is not None and answer.make:
            _make(screen, desk, name, answer)
            return
        trouble = ""
        if answer is not None:
            ticket = _fresh(answer, debt.ticket)
            trouble = _trouble(screen, lambda: assign(desk, name, owner=answer.owner, due=answer.due, ticket=ticket))
            screen.say(trouble or f"{name} is assigned")
        _back(screen, desk, name, trouble)

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


def _make(screen: IncidentScreen, desk: DebtDesk, name: str, answer: AssignAnswer) -> None:
    """Let the configured command make a ticket, in the background."""
    table = screen.session.settings.tickets
    screen.say(f"making a ticket for {name} ...")

    def work() -> None:
        try:
            make = ticketer(table, lambda _: None)
            words = f"{name} is followed in {assign(desk, name, owner=answer.owner, due=answer.due, make=make).ticket}"
        except GoaroundError as error:
            words = error.line()
        screen.app.call_from_thread(ended, words)

    def ended(words: str) -> None:
        screen.say(words)
        screen.refresh_panes()

    screen.run_worker(work, thread=True, exit_on_error=False, group="ticket")
