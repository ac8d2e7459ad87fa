"""Asks Coolify how it sees its application; what that is worth is ``sensor_rules_coolify``'s to say."""

from __future__ import annotations

from actions.model.incident import Incident
from actions.model.sensor_rules import Looked
from actions.model.sensor_rules_coolify import coolify_status
from app.session import Session


class CoolifyLook:
    """``coolify.status`` of one session, whose configuration has a ``[coolify]`` table."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def look(self, incident: Incident) -> Looked:
        """What it says now. Raises GoaroundError where it cannot be asked."""
        coolify = self.session.world().coolify
        assert coolify is not None  # nothing is sensed without the table
        proven = incident.plan.target.name if incident.proven and incident.plan is not None else ""
        return coolify_status(coolify.application().status, coolify.pending(), proven)
