"""How the configured database is reached: the clients in its container, on its host, or on the jump host."""

from __future__ import annotations

from dataclasses import replace

from actions.model.backup_file import BackupFile, Format
from actions.model.compose_command import compose_argv
from actions.model.database_client import DatabaseClient, local_client
from actions.model.errors import BadInput, Refused
from actions.model.ports import World
from actions.model.sensor_rules import size_words
from actions.model.system import Settings
from actions.steps.compose_facts import read_facts
from actions.steps.perform_ground import host_of


def place_of(world: World, client: DatabaseClient, backup: BackupFile) -> str:
    """What there is to know when a backup lies on another host than the clients; empty: it does not.

    Raises Refused where it cannot be fed to them from there.
    """
    there, here = host_of(world, backup.host).name, host_of(world, client.host).name
    if there == here:
        return ""
    if backup.format is Format.DIRECTORY:
        raise Refused(
            f"{backup.name} is a folder on {there}, and the clients of the database run on {here}",
            "a folder cannot be fed to them",
            f"copy it to {here}, or choose a backup in one file",
            code="backup-elsewhere",
        )
    return (
        f"{backup.name} lies on {there}, and the clients run on {here}: all of its {size_words(backup.size)} come "
        "through this machine, and one worker restores"
    )


def client_of(settings: Settings, world: World) -> DatabaseClient:
    """The clients for the configured database. Asks Compose for its version and project, and nothing else.

    Raises BadInput where no database is configured, and what Compose raises.
    """
    table = settings.database
    if table is None or not table.name:
        raise BadInput("no database is configured", "", "set name and reach in a [database] table")
    if table.reach == "dsn":
        here = world.local.name if world.local is not None else world.host.name
        return local_client(
            here, dsn=table.dsn, role=table.role, admin=table.admin, password=table.password, folder=table.bin
        )
    client = local_client(
        world.host.name, role=table.role, admin=table.admin, password=table.password, folder=table.bin
    )
    if not table.reach.startswith("compose:"):
        return client
    service = table.reach.removeprefix("compose:")
    if settings.compose is None or world.compose is None:
        raise BadInput(f"database.reach: {table.reach!r} needs a [compose] table", "", "add it, or use another reach")
    facts = read_facts(settings.compose, world)
    if service not in facts.project.services:
        known = ", ".join(sorted(facts.project.services))
        raise BadInput(f"database.reach: there is no service {service!r}", "", f"services: {known}")
    run = ("exec", "-T", *(("-e", "PGPASSWORD") if table.password else ()), service)  # by name: its value is in no argv
    prefix = compose_argv(facts.tool, facts.directory, facts.files, facts.project.name, *run)
    return replace(client, prefix=prefix, cwd=facts.directory, words=table.reach)
