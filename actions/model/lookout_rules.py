"""Which sensors of an incident are to be read. Pure; reading them is the lookout's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.model.checklist import Kind, Phase
from actions.model.incident import Incident, items
from actions.model.listing import applies
from actions.model.sensing import FROM_INCIDENT, can_sense

WATCHED = (Phase.BEFORE, Phase.CARRY_OUT, Phase.AFTER, Phase.AFTER_24H)
"""An item of the part that comes after is read before, too: the record shows what was broken, and when it came back."""

TOLD = ("dependencies.answer",)
"""Read wherever they can be: whether it is the deployment, or a service outside, is asked in every incident."""


def wanted(incident: Incident) -> frozenset[str]:
    """Names of the sensors that must be read for this incident now; none while it is not open."""
    if incident.declared is None or incident.closed is not None:
        return frozenset()
    of_items = {item.sensor for item in items(incident) if item.kind is Kind.SENSED and item.phase in WATCHED}
    settings = incident.declared.settings
    told = {sensor for sensor in TOLD if can_sense(sensor, settings)}
    return frozenset((of_items | told | _of_criteria(incident, settings)) - set(FROM_INCIDENT))


def _of_criteria(incident: Incident, settings: Mapping[str, Any]) -> set[str]:
    """Those that propose a criterion: a person may be asked for it at any time, also after the decision."""
    if incident.procedure is None:
        return set()
    there = applies(settings)
    return {
        one.sensor
        for one in incident.procedure.criteria
        if one.sensor and (not one.when or one.when in there) and can_sense(one.sensor, settings)
    }


def clocks_differ(incident: Incident) -> bool:
    """The host's clock was found to differ from ours: times in its lines are not ours."""
    return any(what.startswith("clock of ") and not seen.ok for what, (_, seen) in incident.observations.items())
