"""What every plan of the database option is drawn on: read once, and given to whichever stage draws.

What the stages make of it is left to ``database_option`` and the files that it names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.effect_side import MeasureLoss
from actions.model.ports import World
from actions.model.system import Settings, seconds_of
from actions.model.system_database import DatabaseTable
from actions.steps.database_preflight import LiveDatabase


@dataclass(frozen=True)
class DrawingGround:
    """A system with a database, an incident, and the names that are drawn for it."""

    settings: Settings
    table: DatabaseTable
    world: World
    client: DatabaseClient
    live: LiveDatabase
    incident: str
    mark: str
    """What makes the drawn names this plan's own."""

    def due(self) -> str:
        """When what stands beside the live database from now on is to be gone."""
        return stamp(self.world.clock.now() + timedelta(seconds=seconds_of("drop_after", self.table.drop_after)))

    def loss(self, side: str, since: str) -> MeasureLoss:
        """What is lost with ``side`` in the place of the live database, each lost row kept."""
        return MeasureLoss(
            host=self.world.host.name,
            client=self.client,
            live=self.live.name,
            side=side,
            incident=self.incident,
            since=since,
            export=f"lost-{side}",
            encrypt_to=self.world.evidence.encrypts_to,
        )
