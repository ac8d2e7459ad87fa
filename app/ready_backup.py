"""Which backup a trial takes, and what reading it whole says of it."""

from __future__ import annotations

from actions.model.backup_file import BackupFile, Inspected
from actions.model.clock import parse_stamp, span
from actions.model.database_client import DatabaseClient
from actions.model.errors import BadInput, Refused
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.sensor_rules import size_words
from actions.model.system import Settings
from actions.model.system_checks import seconds_of
from actions.model.system_database import DatabaseTable
from actions.steps.backup_inspect import inspect
from actions.steps.backups import backups
from actions.steps.database_reach import place_of
from actions.steps.database_releases import time_of
from app.command_lines import Lines


def choose(
    settings: Settings, world: World, table: DatabaseTable, client: DatabaseClient, name: str, lines: Lines
) -> tuple[BackupFile, str]:
    """The one that is named, or the newest that nothing is known against, and what to say of it.

    Raises BadInput where there is none of that name, Refused where there is none to take.
    """
    found = backups(settings, world, client)
    if name:
        one = next((one for one in found if name in (one.name, one.path)), None)
        if one is None:
            raise BadInput(f"there is no backup {sanitise(name)}", "", _names(found), code="no-such-backup")
        if one.problem:
            raise Refused(f"{one.name} is no source", one.problem, "name another one", code="backup-unusable")
        return one, _told(world, table, one, f"one of {len(found)}, as asked for", lines)
    one = next((one for one in found if not one.problem), None)
    for bad in found:
        if bad == one:
            break
        lines.warn(f"{bad.name} is passed over: {bad.problem}")
    if one is None:
        where = " and ".join(filter(None, (table.backups, table.keep)))
        raise Refused(f"there is no usable backup in {where}", "", "look at the job that makes them", code="no-backup")
    return one, _told(world, table, one, f"the newest usable of {len(found)}", lines)


def _told(world: World, table: DatabaseTable, one: BackupFile, which: str, lines: Lines) -> str:
    age = max(0, round((world.clock.now() - parse_stamp(time_of(one))).total_seconds()))
    if age > seconds_of("backup_max_age", table.backup_max_age):
        lines.warn(f"{one.name} is {span(age)} old; backup_max_age is {table.backup_max_age}")
    return f"{one.name}, {size_words(one.size)} {one.format.value}, {span(age)} old ({which})"


def read(
    world: World, table: DatabaseTable, client: DatabaseClient, one: BackupFile, lines: Lines
) -> tuple[Inspected, str]:
    """From its first to its last byte. Raises Refused with the code of what is wrong, where there is something."""
    if far := place_of(world, client, one):
        lines.warn(far)
    found = inspect(world, client, one, table)
    for warning in found.warnings:
        lines.warn(f"{one.name}: {warning.words}")
    if not found.usable:
        first = found.problems[0] if found.problems else None
        raise Refused(
            f"{one.name} must not be restored",
            "; ".join(problem.words for problem in found.problems[:3]) or "it is not whole",
            "look at the job that makes it; an older one: --backup NAME",
            code=f"backup-{first.code.value.replace(' ', '-')}" if first else "backup-unusable",
        )
    rows = sum(found.facts.rows.values())
    counted = f"{rows} rows in {len(found.facts.rows)} tables" if found.facts.rows else "its rows are not told"
    return found, f"whole; {counted}; sha256 {found.backup.sha256[:12]}"


def _names(found: tuple[BackupFile, ...]) -> str:
    shown = ", ".join(one.name for one in found[:5] if not one.problem)
    return f"there are: {shown}" if shown else "there is none"
