"""Telling people, on the screen: the list of messages, one of them with its recipients, and sending in the background.

Nothing here waits: a channel that hangs holds up its own thread and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from app.attempts import attempt, may_not

if TYPE_CHECKING:
    from actions.model.message_post import Way
    from app.incident_screen import IncidentScreen
    from app.messaging import Draft, Row
    from widgets.message_dialog import TellAnswer
    from widgets.message_rows import MessageLine
    from widgets.painted import Row as PaintedRow

OSC52 = "handed to the terminal's clipboard (OSC 52); whether it took it, pasting will tell"


def inform(screen: IncidentScreen, cursor: int | None = None) -> None:
    """The messages; choosing one goes on to its recipients."""
    from app import messaging
    from widgets.message_dialog import MessagesDialog

    session = screen.session
    if may_not(screen, flying=False):
        return
    found = messaging.rows(session)
    at = cursor if cursor is not None else next((n for n, row in enumerate(found) if row.suggested), 0)

    def text(number: int) -> tuple[PaintedRow, ...]:
        return _text(screen, found[number])

    def answered(number: int | None) -> None:
        if number is not None:
            _choose(screen, found, number)

    dialog = MessagesDialog([_line(row) for row in found], text, cursor=at, ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)


def _line(row: Row) -> MessageLine:
    from actions.model.message_rules import Ended
    from widgets.message_rows import MessageLine

    last = row.last
    return MessageLine(
        name=row.message.name,
        to=row.message.to,
        state=row.state,
        reason=row.reason,
        good=last is not None and last.reached,
        bad=last is not None and last.ended in (Ended.FAILED, Ended.LOST),
        suggested=row.suggested,
    )


def _text(screen: IncidentScreen, row: Row) -> tuple[PaintedRow, ...]:
    from app import messaging
    from widgets.message_rows import text_rows

    try:
        shown = messaging.draft(screen.session, row.message).rendered
    except GoaroundError as error:
        return ((((error.line()), "tone--failed"),),)
    return text_rows(shown.subject, shown.text)


def _choose(screen: IncidentScreen, found: tuple[Row, ...], number: int) -> None:
    """A message was chosen: to its recipients, or why not; what says "solved" may only lack a look at the probes."""
    from actions.model.message_rules import claims_solved
    from app import messaging

    row, session = found[number], screen.session
    if not row.reason:
        _recipients(screen, row)
        return
    attempt(screen, lambda: messaging.refuse(session, row.message, row.reason))
    screen.say(f"not sent: {row.reason}")
    if not claims_solved(row.message) or not session.settings.own_probes:
        return

    def again() -> None:
        before = row.reason
        now = messaging.rows(session)[number].reason
        screen.refresh_panes()
        screen.say(
            f"the probes were read again: {now or 'it may go out now (i)'}" if now != before else f"not sent: {now}"
        )

    def work() -> None:
        try:
            messaging.look(session)
        except GoaroundError as error:
            screen.app.call_from_thread(screen.say, error.line())
            return
        screen.app.call_from_thread(again)

    screen.run_worker(work, thread=True, exit_on_error=False, group="look")


def _recipients(screen: IncidentScreen, row: Row) -> None:
    from app import messaging
    from widgets.message_dialog import TellDialog
    from widgets.message_rows import text_rows

    session = screen.session
    shown = messaging.draft(session, row.message)
    rendered = shown.rendered

    def ways(roles: tuple[str, ...]) -> tuple[Way, ...]:
        return messaging.ways_for(session, shown, roles)

    def text(roles: tuple[str, ...], through: str) -> tuple[PaintedRow, ...]:
        done = next((way.shown for way in ways(roles) if way.through == through), ())
        return text_rows(rendered.subject, rendered.text, done)

    def answered(answer: TellAnswer | None) -> None:
        if answer is None:
            return
        way = next((one for one in ways(answer.to) if one.through == answer.through), None)
        if way is not None:
            _send(screen, shown, answer.to, way, answer.why)

    dialog = TellDialog(
        f"{'DRILL: ' if rendered.drill else ''}{rendered.name}",
        rendered.to,
        lambda roles: [(way.through, way.words, way.reason) for way in ways(roles)],
        text,
        warning=f"once more: {row.state}" if row.state else "",
        outside_fn=lambda roles: messaging.outside(session, roles),
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def _send(screen: IncidentScreen, shown: Draft, roles: tuple[str, ...], way: Way, why: str = "") -> None:
    """In the background; the screen goes on, and the end is said in the last line."""
    from app import messaging

    screen.telling += 1
    screen.say(f"{shown.rendered.name}: to {', '.join(roles)} ({way.through}) ...")

    def terminal(text: str) -> str:
        from actions.gateways.messages_clipboard import fits_terminal

        if not fits_terminal(text):
            return ""
        screen.app.call_from_thread(screen.app.copy_to_clipboard, text)
        return OSC52

    def work() -> None:
        words = "the message's end could not be recorded"
        try:
            words = messaging.send(screen.session, shown, roles, way, terminal, why=why)
        except GoaroundError as error:
            words = error.line()
        finally:
            screen.app.call_from_thread(ended, words)

    def ended(words: str) -> None:
        screen.telling -= 1
        screen.refresh_panes()
        screen.say(words)

    screen.run_worker(work, thread=True, exit_on_error=False, group="message")


def still_telling(screen: IncidentScreen) -> bool:
    """Whether a message is on its way, so that leaving would wait for its end; says so once, then leaving is meant."""
    if not screen.telling or screen.leaving:
        return False
    screen.leaving = True
    screen.say("a message is being sent; q once more leaves as soon as its end is recorded")
    return True
