"""Beginning at a later step: the system is asked what became of each one before it, and the answers are recorded.

What may be passed over is judged by ``start_at``. Asking reads only, takes as long as the system takes to answer, and
is therefore not for the screen's thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from actions.engine.execute import ask
from actions.model.debts import due_by
from actions.model.errors import GoaroundError, Refused
from actions.model.incident import Incident
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.quick_dataclass import replace
from actions.model.start_at import Answered, open_before, start_bodies, start_reason
from actions.model.step import Checked, Happened
from actions.steps.catalog import build
from app.session import Session

MOVED = "something has changed since the system was asked: ask it again"


def ask_before(session: Session, code: str) -> tuple[Answered, ...]:
    """Ask the world about every open step before this one. Raises Refused with the reason; records nothing."""
    session.sync()
    incident = session.incident
    reason = start_reason(incident, code)
    if reason:
        raise Refused(reason)
    world = session.world()
    answers = (Answered(step, _ask(step, world)) for step in open_before(incident, code))
    return tuple(replace(one, checked=_clean(session, one.checked)) for one in answers)


def _ask(step: PlannedStep, world: World) -> Checked:
    try:
        built = build(step.step, step.params)
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, error.line())
    if built.effects() != step.effects:
        return Checked(Happened.UNKNOWN, "this version of goaround draws other effects from the same parameters")
    return ask(built, world, undo=False)


def _clean(session: Session, checked: Checked) -> Checked:
    facts = {name: session.clean(text, 500) for name, text in checked.facts.items()}
    return Checked(checked.happened, session.clean(checked.detail, 300), facts)


def begin_at(session: Session, code: str, answers: Sequence[Answered], reason: str) -> None:
    """Record that it is begun at this step: what was seen, and what is passed over. Raises Refused with the reason."""
    reason = session.clean(reason, 500)
    if not reason:
        raise Refused("beginning in the middle needs a reason")
    asked = session.incident
    steps = tuple(one.step for one in answers)

    def rule(incident: Incident) -> str | None:
        if not session.driver:
            return f"you observe; {incident.holder.holder if incident.holder else 'somebody else'} flies"
        problem = start_reason(incident, code)
        if problem:
            return problem
        same = incident.plan_digest == asked.plan_digest and len(incident.runs) == len(asked.runs)
        return None if same and open_before(incident, code) == steps else MOVED

    session.record_all(start_bodies(asked, code, answers, reason, due_by(session.clock.now())), rule)
