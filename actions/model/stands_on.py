"""A step that another one straightens, and that what runs now stands on: its undo waits for the other's. Pure.

Auto-deploy is frozen, then a good version deployed: thawed by the undo of the freeze, the bad one would come back with
the next push. The step that straightens it asks first whether it would.
"""

from __future__ import annotations

from actions.model.incident import Incident, changes
from actions.model.plan import PlannedStep


def stands_reason(incident: Incident, step: PlannedStep) -> str | None:
    """Why this step is not undone now, or None."""
    plan = incident.plan
    other = plan.straightens(step.code) if plan is not None else None
    if plan is None or other is None:
        return None
    for above in plan.steps:
        if step.code in above.needs and changes(above) and _stands(incident, above):
            first = f"undo {above.code} first (u), or run {other.code} {other.title}"
            return f"{above.code} {above.title} stands, and stands on this: {first}"
    return None


def _stands(incident: Incident, step: PlannedStep) -> bool:
    """What came about last was the step, not its undo: a repetition, or an undo, that failed changes nothing."""
    ran = (run for run in reversed(incident.runs) if run.code == step.code and run.digest == incident.plan_digest)
    newest = next((run for run in ran if run.took), None)
    return newest is not None and not newest.undo
