"""Finds out which services write to the database: by who is connected, and by what shares the application's image.

The server tells addresses, the engine whose they are. Nothing is stopped here.
"""

from __future__ import annotations

from dataclasses import dataclass

from actions.model.database_client import DatabaseClient
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.system import Settings
from actions.steps.compose_facts import ComposeFacts, read_facts
from actions.steps.compose_state import UP
from actions.steps.container_asking import inspected
from actions.steps.database_quiesce import ComposeServices
from actions.steps.sessions import Session, sessions

ADDRESSES = "{{range .NetworkSettings.Networks}} {{.IPAddress}} {{.GlobalIPv6Address}}{{end}}"


@dataclass(frozen=True)
class Census:
    """Who is connected, and which services that is."""

    found: tuple[Session, ...]
    facts: ComposeFacts | None
    """None: there is no Compose."""
    connected: tuple[str, ...] = ()
    """Services that have a session."""
    strangers: tuple[Session, ...] = ()
    """Sessions of nobody whom we could stop."""
    stop: tuple[str, ...] = ()
    """Services that run and are to be stopped."""
    jobs: tuple[str, ...] = ()
    """Services that migrate: never started by us."""

    def services(self, names: tuple[str, ...], host: str) -> ComposeServices:
        """These services, as a step stops and starts them."""
        assert self.facts is not None  # without Compose there are none
        counts = {name: len(self.facts.of(name)) for name in names}
        declared = self.facts.project.services
        scale = {n: c for n, c in counts.items() if c and n in declared and declared[n].scale != c}
        place = (host, self.facts.directory, self.facts.files, self.facts.project.name, self.facts.tool)
        return ComposeServices(*place, tuple(sorted(names)), scale)


def take(settings: Settings, world: World, client: DatabaseClient, live: str) -> Census:
    """Asks server and engine. Raises what they raise."""
    found = sessions(world, client, live)
    if settings.compose is None:
        return Census(found, None, strangers=found)
    facts = read_facts(settings.compose, world)
    table = settings.database
    own = table.reach.removeprefix("compose:") if table is not None and table.reach.startswith("compose:") else ""
    by_address = _addresses(facts, world)
    connected = {by_address[one.address] for one in found if one.address in by_address} - {own}
    jobs = set(settings.django.jobs if settings.django is not None else ()) | set(facts.members.jobs)
    running = {one.service for one in facts.containers if one.state in UP}
    wanted = connected | set(facts.services) | jobs
    return Census(
        found=found,
        facts=facts,
        connected=tuple(sorted(connected)),
        strangers=tuple(one for one in found if by_address.get(one.address, "") not in connected),
        stop=tuple(sorted((wanted & running & set(facts.project.services)) - {own})),
        jobs=tuple(sorted(jobs & set(facts.project.services))),
    )


def _addresses(facts: ComposeFacts, world: World) -> dict[str, str]:
    """Address -> service, of the containers that run."""
    services = {one.id: one.service for one in facts.containers if one.state in UP}
    out: dict[str, str] = {}
    for service, told in inspected(world, services, ADDRESSES):
        out |= dict.fromkeys(sanitise(told).split(), service)
    return out
