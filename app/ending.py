"""The end of an incident on the screen: closing or parking it, the second look, and both sign-offs.

Signing and looking once more happen in the background: a key agent and a probe may take their time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.blocking import close_reason, park_reason
from actions.model.debts import holding
from actions.model.errors import GoaroundError
from actions.model.incident import forward_decided
from actions.model.parked import may_be_closed
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
    if may_be_closed(incident) or (incident.is_parked and incident.signed):
        _close_parked(screen)
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


def _close_parked(screen: IncidentScreen) -> None:
    """Close a parked record, once nothing is bent any more; else say what is."""
    from app.parking import close_parked

    if attempt(screen, lambda: close_parked(screen.session)):
        screen.say("the record is closed; sign off over its head")


def _close(screen: IncidentScreen) -> None:
    from actions.model.bent import still_bent
    from actions.model.debts import deadline_words, in_order
    from widgets.close_dialog import CloseDialog

    session = screen.session

    held = holding(session.incident.debts)
    end = session.park_incident if held else session.close_incident
    now = session.clock.now()
    steps = {debt.name: f" ({step.code} {step.title})" for debt, step in still_bent(session.incident)}

    def answered(answer: CloseAnswer | None) -> None:
        if answer is not None and attempt(screen, lambda: end(answer.outcome, answer.text, answer.ticket, answer.due)):
            screen.say(f"{'parked' if held else 'closed'}: {answer.outcome}")

    dialog = CloseDialog(
        f"{'Park' if held else 'Close'} {session.incident.id}",
        lambda outcome: (park_reason if held else close_reason)(session.incident, outcome),
        best="forward" if forward_decided(session.incident) and not session.incident.proven else "recovered",
        now=session.clock.now,
        held=tuple(
            f"{one.name} {one.text}: {deadline_words(one, now)}{steps.get(one.name, '')}" for one in in_order(held, now)
        ),
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)
