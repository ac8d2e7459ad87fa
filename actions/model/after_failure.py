"""What can be done after a step has failed: try it again, or undo what it or an earlier step did. In words. Pure.

Whether it may be done at this moment is ``blocking``'s to say; nothing is done by itself.
"""

from __future__ import annotations

from actions.model.checklist import State
from actions.model.incident import Incident, changes, step_state
from actions.model.plan import PlannedStep


def abort_step(incident: Incident, code: str) -> PlannedStep | None:
    """The step whose undo ends what a failed step was part of, or None: its own, else that of the newest one before it
    that changed the system and stands.
    """
    plan = incident.plan
    step = plan.step(code) if plan else None
    if plan is None or step is None or step_state(incident, step) is not State.FAILED:
        return None
    if step.undo:
        return step
    for run in reversed(incident.runs):
        earlier = plan.step(run.code)
        if run.digest != incident.plan_digest or earlier is None or earlier.code == code:
            continue
        if changes(earlier) and earlier.undo and step_state(incident, earlier) in (State.DONE, State.FAILED):
            return earlier
    return None


def abort_words(incident: Incident, code: str) -> str:
    """``u undoes it``, ``u on X1 undoes what was done``; empty where the step has not failed."""
    plan = incident.plan
    step = plan.step(code) if plan else None
    if step is None or incident.closed is not None or step_state(incident, step) is not State.FAILED:
        return ""
    found = abort_step(incident, code)
    if found is None:
        return "nothing that was done has an undo"
    return "u undoes it" if found.code == code else f"u on {found.code} undoes what was done"


def after_failure(incident: Incident, code: str) -> str:
    """``Enter runs X2 again; u on X1 undoes what was done``; empty where the step has not failed."""
    abort = abort_words(incident, code)
    return f"Enter runs {code} again; {abort}" if abort else ""
