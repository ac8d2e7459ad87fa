"""A debt whose step is at work: what straightens it runs now, and nobody pays it with words meanwhile. Pure."""

from __future__ import annotations

from actions.model.incident import Debt, Incident, owed


def being_paid_reason(incident: Incident, debt: Debt) -> str | None:
    """Why this debt is not paid by hand now: a step runs that straightens it, or its end is not known. Or None."""
    run = incident.running
    step = incident.plan.step(run.code) if run is not None and incident.plan else None
    if run is None or step is None:
        return None
    bent = owed(incident, step.code) if run.undo else owed(incident, step.pays, step) if step.pays else ()
    if not any(one.name == debt.name for one in bent):
        return None
    what = f"{'the undo of ' if run.undo else ''}{run.code} {run.title}"
    return f"{what} is at work on {debt.name}: wait for its end (if that was lost: goaround --record {incident.id})"
