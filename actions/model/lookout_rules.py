"""Which sensors of an incident are to be read. Pure; reading them is the lookout's."""

from __future__ import annotations

from actions.model.checklist import Kind, Phase
from actions.model.incident import Incident, items
from actions.model.sensing import FROM_INCIDENT

WATCHED = (Phase.BEFORE, Phase.CARRY_OUT, Phase.AFTER, Phase.AFTER_24H)
"""An item of the part that comes after is read before, too: the record shows what was broken, and when it came back."""


def wanted(incident: Incident) -> frozenset[str]:
    """Names of the sensors that must be read for this incident now; none while it is not open."""
    if incident.declared is None or incident.closed is not None:
        return frozenset()
    return frozenset(
        item.sensor
        for item in items(incident)
        if item.kind is Kind.SENSED and item.phase in WATCHED and item.sensor not in FROM_INCIDENT
    )


def clocks_differ(incident: Incident) -> bool:
    """The host's clock was found to differ from ours: times in its lines are not ours."""
    return any(what.startswith("clock of ") and not seen.ok for what, (_, seen) in incident.observations.items())
