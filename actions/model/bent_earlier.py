"""What the earlier plans of an incident leave to the next one: how things stood before the first of them. Pure.

What one plan has set is what the next one reads: straight is what stood there before both. Steps that are taken over
as they are stand in ``carried``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from actions.model.incident import Incident, owed
from actions.model.quick_dataclass import dataclass

SETS = "coolify.set"
"""Id of the step that sets one field and, in the end, sets it back."""


@dataclass(frozen=True)
class Earlier:
    """As the present plan of the incident has it, which took it from the one before."""

    straight: Mapping[str, str] = field(default_factory=dict)
    """Field of Coolify that is bent now -> JSON of what should stand there in the end."""
    bad: tuple[str, ...] = ()
    """Versions that ran when a plan was drawn to go back from them."""


def earlier(incident: Incident) -> Earlier:
    """What must be known of the plans before the one that is drawn now."""
    steps = [step for step in incident.plan.steps if step.step == SETS] if incident.plan else []
    straight = {
        str(step.params["key"]): str(step.params["after"])
        for step in steps
        if step.pays and owed(incident, step.pays, step)
    }
    versions = (one for step in steps for one in (step.params.get("newer_than"), *step.params.get("also_bad", ())))
    return Earlier(straight, tuple(dict.fromkeys(str(one) for one in versions if one)))
