"""What is bent now and a step of the plan straightens: users see it until then. Pure; debts in general: ``debts``."""

from __future__ import annotations

from actions.model.incident import Debt, Incident, owed
from actions.model.plan import PlannedStep


def still_bent(incident: Incident) -> tuple[tuple[Debt, PlannedStep], ...]:
    """Each such debt, the newest of its step, with the step that straightens it."""
    steps = [step for step in incident.plan.steps if step.pays] if incident.plan else []
    return tuple((debt, step) for step in steps for debt in owed(incident, step.pays, step)[-1:])


def bent_words(incident: Incident) -> tuple[str, ...]:
    """``STILL SO: the maintenance notice is shown (N2 Take the maintenance notice down)``, a line for each."""
    return tuple(f"STILL SO: {debt.text} ({step.code} {step.title})" for debt, step in still_bent(incident))
