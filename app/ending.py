"""The end of an incident on the screen: closing it, the second look, and both sign-offs.

Signing and looking once more happen in the background: a key agent and a probe may take their time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.blocking import close_reason
from actions.model.errors import GoaroundError
from actions.model.incident import forward_decided
from app.attempts import attempt, may_not

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen
    from widgets.close_dialog import CloseAnswer
    from widgets.reason_dialog import ReasonDialog
    from widgets.sign_off_dialog import SignOffAnswer


def finish(screen: IncidentScreen) -> None:
    """Close the incident, then sign it off: the next part that is missing."""
    from widgets.sign_off_dialog import SignOffDialog

    session = screen.session
    incident = session.incident
    if may_not(screen, flying=incident.closed is None):
        return
    if incident.closed is None:
        _close(screen)
        return
    if incident.finished:
        screen.say("the record is closed and signed")
        return

    if screen.signing:
        screen.say("it is being signed")
        return

    def answered(answer: SignOffAnswer | None) -> None:
        if answer is not None:
            _sign(screen, answer, look=answer.part == "verified")

    key = session.settings.signing.key
    signing = f"signed with {key}" if key else "no signing key is configured: the sign-off will be marked UNSIGNED"
    dialog = SignOffDialog(
        incident,
        person=session.who.login,
        ended_ms=session.closed_ms(),
        seen=session.proof_words(),
        signing=signing,
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def _sign(screen: IncidentScreen, answer: SignOffAnswer, *, look: bool) -> None:
    """Sign in the background (a key agent may take its time); whoever verifies has the proof taken once more before."""
    from app.second_look import FAILED, second_look
    from app.signing import sign_off
    from widgets.reason_dialog import ReasonDialog

    screen.signing = True
    screen.say("looking once more, then signing ..." if look else "signing ...")

    def work() -> None:
        bad: list[str] = []
        words = ""
        try:
            seen = second_look(screen.session, answer.person) if look else ()
            bad = [line for line in seen if line.startswith(FAILED)]
            if not bad:
                sign_off(screen.session, answer.part, answer.person)
        except GoaroundError as error:
            words = error.line()
        screen.app.call_from_thread(ended, words, bad)

    def ended(words: str, bad: list[str]) -> None:
        screen.signing = False
        screen.say(words or ("not signed yet" if bad else f"{answer.part}: signed off by {answer.person}"))
        screen.refresh_panes()
        if bad:
            screen.app.push_screen(dialog(bad), insisted)

    def dialog(bad: list[str]) -> ReasonDialog:
        text = "\n".join([*bad, "The system is not as it was proven. Why sign all the same?"])
        return ReasonDialog("The second look failed", text, accept="Sign all the same", ascii=screen.ascii)

    def insisted(reason: str | None) -> None:
        if reason and attempt(screen, lambda: screen.session.note(f"signed although the second look failed: {reason}")):
            _sign(screen, answer, look=False)

    screen.run_worker(work, thread=True, exit_on_error=False, group="sign")


def _close(screen: IncidentScreen) -> None:
    from actions.model.bent import bent_words
    from widgets.close_dialog import CloseDialog

    session = screen.session

    def answered(answer: CloseAnswer | None) -> None:
        if answer is not None:
            attempt(screen, lambda: session.close_incident(answer.outcome, answer.text, answer.ticket, answer.due))

    dialog = CloseDialog(
        f"Close {session.incident.id}",
        lambda outcome: close_reason(session.incident, outcome),
        best="forward" if forward_decided(session.incident) and not session.incident.proven else "recovered",
        now=session.clock.now,
        bent=bent_words(session.incident),
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)
