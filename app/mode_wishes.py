"""What the keys for another way back, and for beginning at a later step, lead to. Both ask before anything is recorded.

As in ``wishes``, what may be done is judged elsewhere; what asks the system does so in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from app.attempts import attempt, may_not

if TYPE_CHECKING:
    from actions.model.start_at import Answered
    from app.incident_screen import IncidentScreen


def way_back(screen: IncidentScreen) -> None:
    """Show the ways back, and choose another."""
    from app.ways import choose_option, ways_of
    from widgets.option_dialog import OptionDialog

    session = screen.session
    if screen.drawing:
        screen.say("a plan is being drawn")
        return
    locked = _locked(screen)

    def answered(option: str | None) -> None:
        if option is None:
            return
        changed: list[bool] = []
        if attempt(screen, lambda: changed.append(choose_option(session, option))) and changed[0]:
            screen.say(f"the way back is {option} now: choose its release (Enter draws the plan)")
        if changed:
            screen.action_target()

    screen.app.push_screen(OptionDialog(ways_of(session), locked=locked, ascii=screen.ascii), answered)


def _locked(screen: IncidentScreen) -> str:
    """Why nothing may be chosen now; the ways back may be looked at by everybody."""
    session = screen.session
    if screen.observe or (session.incident.declared is not None and not session.driver):
        return "You observe: the one who flies chooses."
    if session.incident.declared is None:
        return "No incident is declared: it is chosen in one."
    return "The incident is closed." if session.incident.closed is not None else ""


def start_at(screen: IncidentScreen, code: str) -> None:
    """Ask the system about the steps before this one, then the operator for the reason."""
    from actions.model.start_at import start_reason

    if may_not(screen, flying=True):
        return
    reason = start_reason(screen.session.incident, code) if code else "no step is highlighted"
    if reason:
        screen.say(f"{code}: {reason}" if code else reason)
        return
    if screen.asking:
        screen.say("the system is being asked")
        return
    screen.asking = True
    screen.say(f"asking the system what became of the steps before {code} ...")

    def ask() -> None:
        from app.starting_at import ask_before

        try:
            answers, words = ask_before(screen.session, code), ""
        except GoaroundError as error:
            answers, words = (), error.line()
        screen.app.call_from_thread(_asked, screen, code, answers, words)

    screen.run_worker(ask, thread=True, exit_on_error=False, group="start-at")


def _asked(screen: IncidentScreen, code: str, answers: tuple[Answered, ...], words: str) -> None:
    from app.starting_at import begin_at
    from widgets.start_at_dialog import StartAtDialog

    screen.asking = False
    plan = screen.session.incident.plan
    step = plan.step(code) if plan else None
    if words or step is None:
        screen.say(words or f"{code} is no step of the plan any more")
        return
    if screen.app.screen is not screen:
        screen.say(f"the system has answered: H on {code} asks it again")  # something else was begun meanwhile
        return
    screen.hush()

    def answered(reason: str | None) -> None:
        if reason is not None and attempt(screen, lambda: begin_at(screen.session, code, answers, reason)):
            screen.say(f"begun at {code}: Enter runs it as shown")

    screen.app.push_screen(StartAtDialog(code, step.title, answers, ascii=screen.ascii), answered)
