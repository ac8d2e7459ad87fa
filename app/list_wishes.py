"""What an operator's key on an item of the list leads to: ticking, overriding, the way around a gate, ending a phase.

As in ``wishes``, what may be done is judged elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.checklist import Item, Kind, State
from actions.model.errors import GoaroundError
from actions.model.incident import BY_HAND, item_of, state_of
from app.attempts import attempt, may_not

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen
    from widgets.extend_dialog import ExtendAnswer
    from widgets.gate_dialog import GateAnswer
    from widgets.workflow_dialog import WorkflowAnswer


def tick(screen: IncidentScreen, code: str) -> None:
    """Tick an item, or take back what was said of it."""
    if may_not(screen, flying=True):
        return
    incident = screen.session.incident
    item = item_of(incident, code)
    if item is None:
        return
    state = state_of(incident, item)
    taken_back = state is State.DONE or state in BY_HAND
    if item.kind is not Kind.MANUAL and state not in BY_HAND:  # what was said by hand is taken back by hand
        screen.say(f"{code} is ticked by what is observed, not by hand; o overrides it with a reason")
        return
    if item.parent and item.kind is Kind.MANUAL and not taken_back:
        _tried(screen, item)
        return
    if item.affirms and not taken_back:
        _affirmed(screen, item)
        return
    attempt(screen, lambda: screen.session.mark(code, State.OPEN if taken_back else State.DONE))


def _affirmed(screen: IncidentScreen, item: Item) -> None:
    """Who affirms it: written down with it."""
    from widgets.reason_dialog import ReasonDialog

    def answered(name: str | None) -> None:
        if name:
            attempt(screen, lambda: screen.session.mark(item.code, State.DONE, name))

    dialog = ReasonDialog(
        f"{item.code}: affirmed by name", f"{item.text}. Who affirms it? Login or name.", ascii=screen.ascii
    )
    screen.app.push_screen(dialog, answered)


def _tried(screen: IncidentScreen, item: Item) -> None:
    """How a workflow went that a person tried."""
    from widgets.workflow_dialog import WorkflowDialog

    def answered(answer: WorkflowAnswer | None) -> None:
        if answer is not None:
            state = State.DONE if answer.works else State.FAILED
            attempt(screen, lambda: screen.session.mark(item.code, state, answer.note))

    screen.app.push_screen(WorkflowDialog(item.code, item.text, item.how, ascii=screen.ascii), answered)


def look_again(screen: IncidentScreen, words: str) -> None:
    """What is sensed is read at once, instead of in a few seconds."""
    if screen.lookout is not None:
        screen.lookout.look_again()
    screen.say(words)


def keep_monitoring(screen: IncidentScreen) -> None:
    """What monitoring shows now becomes evidence; taking it takes seconds, in a thread."""
    from app.monitoring import keep

    if may_not(screen, flying=True):
        return
    if screen.keeping:
        screen.say("it is being taken: wait a moment")
        return
    screen.keeping = True
    screen.say("looking at error rate, response times and load of the database ...")

    def take() -> None:
        try:
            words = f"kept: {keep(screen.session, screen.feed).note}"
        except GoaroundError as error:
            words = error.line()
        except Exception as error:  # noqa: BLE001 - whatever it was, the key must work again
            words = f"not kept: {type(error).__name__}: {error}"
        screen.app.call_from_thread(taken, words)

    def taken(words: str) -> None:
        screen.keeping = False
        screen.say(words)
        screen.refresh_panes()

    screen.run_worker(take, thread=True, exit_on_error=False, group="monitoring")


def say_line(screen: IncidentScreen) -> None:
    """End the phase by its line."""
    if may_not(screen, flying=True):
        return
    said: list[str] = []
    if attempt(screen, lambda: said.append(screen.session.close_phase())):
        screen.say(f'on record: "{said[0]}"')


def extend(screen: IncidentScreen) -> None:
    """More time for the present phase, after asking how much and why."""
    from actions.model.phases import NAMES, time_box
    from widgets.extend_dialog import ExtendDialog

    if may_not(screen, flying=True):
        return
    session = screen.session
    box = time_box(session.incident, session.elapsed_ms())
    if box is None:
        screen.say("this part of the list has no time box")
        return

    def answered(answer: ExtendAnswer | None) -> None:
        if answer is not None:
            attempt(screen, lambda: session.extend(answer.minutes * 60, answer.reason))

    screen.app.push_screen(ExtendDialog(NAMES[box.phase], box.left_s, ascii=screen.ascii), answered)


def _around_gate(screen: IncidentScreen, item: Item) -> None:
    """The way around a gate: a reason and a second person."""
    from widgets.gate_dialog import GateDialog

    session = screen.session

    def answered(answer: GateAnswer | None) -> None:
        if answer is not None:
            attempt(screen, lambda: session.override_gate(item.code, answer.reason, answer.second))

    dialog = GateDialog(item.code, item.text, session.second_reason, ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)


def mark_with_reason(screen: IncidentScreen, code: str, state: str) -> None:
    """Override, exclude or defer an item, after asking why."""
    from widgets.reason_dialog import ReasonDialog

    if may_not(screen, flying=True) or not code:
        return
    item = item_of(screen.session.incident, code)
    if item is not None and item.gate and state in (State.OVERRIDDEN.value, State.NOT_APPLICABLE.value):
        _around_gate(screen, item)
        return

    def answered(reason: str | None) -> None:
        if reason:
            attempt(screen, lambda: screen.session.mark(code, State(state), reason))

    dialog = ReasonDialog(f"{code}: {state}", "Why? It stays visible in the record.", ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)
