"""What an operator's key on the decision leads to: the facts, the criteria, and roll back or fix forward.

As in ``wishes``, what may be done is judged elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.clock import t_plus
from actions.model.incident import Incident
from actions.model.matrix import may_decide
from app.attempts import attempt, may_not

if TYPE_CHECKING:
    from actions.model.matrix import Inputs
    from app.incident_screen import IncidentScreen
    from widgets.criteria_dialog import CriteriaAnswer
    from widgets.decide_dialog import DecideAnswer


def decide(screen: IncidentScreen) -> None:
    """What is known of the damage, and the decision."""
    from app.measured import decide_lines
    from widgets.decide_dialog import DecideDialog

    session = screen.session
    if may_not(screen, flying=True):
        return

    def answered(answer: DecideAnswer | None) -> None:
        if answer is None:
            return
        before = session.incident
        if not attempt(screen, lambda: _record_facts(screen, answer.marks, answer.inputs)):
            return
        if answer.decision is None or before.decision is not None:
            _say_row(screen, before)
        if answer.decision is not None:
            decision = answer.decision
            attempt(screen, lambda: session.decide(decision, answer.reason))

    dialog = DecideDialog(
        session.incident,
        deciding=_deciding_words(screen),
        now=lambda: session.incident,
        times=decide_lines(session),
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def criteria(screen: IncidentScreen) -> None:
    """The criteria, to be ticked by the one who flies; everybody else may look."""
    from widgets.criteria_dialog import CriteriaDialog

    session = screen.session
    if session.incident.declared is None:
        screen.say("no incident is declared")
        return
    closed = session.incident.closed is not None
    locked = "the incident is closed" if closed else "" if session.driver and not screen.observe else "you observe"

    def answered(answer: CriteriaAnswer | None) -> None:
        if answer is None or not answer.marks:
            return
        before = session.incident
        if attempt(screen, lambda: _record_facts(screen, answer.marks)):
            _say_row(screen, before)

    dialog = CriteriaDialog(session.incident, locked=locked, now=lambda: session.incident, ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)


def announce(screen: IncidentScreen) -> None:
    """What sensors propose since it was last said, once: whoever sees only the checklist included."""
    incident = screen.session.incident
    if incident.procedure is None or incident.closed is not None or not incident.observations:
        return
    from actions.model.criteria import criteria as states
    from actions.model.criteria import proposed_codes, sensed_words

    proposed = proposed_codes(states(incident))
    fresh = set(proposed) - set(screen.proposed)
    if fresh and screen.note():
        return  # what is said now is not to be pushed aside: it is told when that has gone
    screen.proposed = proposed
    if fresh:
        screen.say(f"sensors: {sensed_words(proposed)} (y)")


def _record_facts(screen: IncidentScreen, marks: tuple[tuple[str, bool], ...], inputs: Inputs | None = None) -> None:
    for code, met in marks:
        screen.session.mark_criterion(code, met)
    if inputs is not None:
        screen.session.set_inputs(inputs)


def _say_row(screen: IncidentScreen, before: Incident) -> None:
    """Another row of the matrix is announced, whoever sees only the checklist included."""
    from actions.model.criteria import row_change

    after = screen.session.incident
    change = row_change(before, after)
    if change is None:
        return
    again = "the decision is open again: " if after.decision_stale and not before.decision_stale else "the matrix: "
    screen.say(f"new facts, {again}{change.words()}")


def _deciding_words(screen: IncidentScreen) -> str:
    """``devops-lead, until T+15:00, then tech-manager``."""
    session = screen.session
    rule, left = session.authority()
    words = " or ".join(rule.roles)
    if left is None:
        return words
    until = session.elapsed_ms() // 1000 + left
    following, _ = may_decide(until, session.authority_rules())
    return f"{words}, until {t_plus(until * 1000)}, then {' or '.join(following.roles)}"
