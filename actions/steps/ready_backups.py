"""Reads for ``goaround ready`` how good the backups are: the newest whole, and the newest that was proven; how old.

Also whether the database can be reached by its clients, with the rights that a restore needs.
"""

from __future__ import annotations

from collections.abc import Callable

from actions.model.backup_file import PARTIAL, BackupFile, Inspected
from actions.model.clock import parse_stamp, short_time, span
from actions.model.errors import GoaroundError, Refused
from actions.model.naming import first_of
from actions.model.ports import World
from actions.model.quick_dataclass import dataclass, replace
from actions.model.ready import Finding, Part
from actions.model.ready_kinds import ReadyKind
from actions.model.system import Settings, seconds_of
from actions.model.system_database import DatabaseTable
from actions.steps.backup_inspect import inspect
from actions.steps.backups import OF_FILES, OF_WHAT_WAS_LEFT, backups
from actions.steps.database_preflight import check, live_database, room
from actions.steps.database_reach import client_of
from actions.steps.database_reading import ask
from actions.steps.database_releases import time_of
from actions.steps.database_server import program_version, psql_version, server_facts

BACKUPS, DATABASE = "backups", "database"
AHEAD_S = 60
"""Seconds that another machine's clock may be ahead."""


@dataclass(frozen=True)
class Sound:
    """Whether a backup can be restored, as far as reading it tells."""

    wrong: str
    """In words; empty: nothing."""
    ago_s: int = 0
    """It was read so long ago."""


Inspect = Callable[[BackupFile, Callable[[], Inspected]], Sound]
"""Who remembers what was read: a file that did not change is not read again each time."""


def wrong_of(looked: Inspected) -> str:
    """What forbids its restore; empty: nothing."""
    return "" if looked.usable else "; ".join(one.words for one in looked.problems[:2]) or "it is not whole"


def backups_part(settings: Settings, world: World, remember: Inspect) -> Part:
    """The backups. Raises what listing them raises."""
    table = settings.database
    assert table is not None  # the caller has looked
    try:
        client = client_of(settings, world) if table.name else None
    except GoaroundError:
        client = None  # that the database cannot be reached is told by its own check
    there = [one for one in backups(settings, world, client) if _counts(one)]
    if not there:
        place = " or ".join(filter(None, (table.backups, table.keep)))
        return Part((ReadyKind.BACKUP_NONE.finding(f"nothing fits {place}", BACKUPS),))
    now = world.clock.now().timestamp()
    newest, found = _newest(there, now)
    sound = remember(newest, lambda: inspect(world, client, newest, table))
    # What is known against it forbids its restore, however well it reads: the cockpit offers no such backup.
    if wrong := sound.wrong or newest.problem:
        found.append(ReadyKind.BACKUP_BROKEN.finding(f"{newest.name}: {wrong}", BACKUPS))
    age = int(now - _made_s(newest))
    if age > seconds_of("backup_max_age", table.backup_max_age):
        words = f"{newest.name} is {span(age)} old, more than {table.backup_max_age}"
        found.append(ReadyKind.BACKUP_OLD.finding(words, BACKUPS))
    read = f", read whole {span(sound.ago_s)} ago" if sound.ago_s else ""
    facts = {"newest backup": f"{newest.name}, {_age_words(age)}{read}"}
    proof = _proofs(settings, there, now)
    return Part((*found, *proof.findings), facts={**facts, **proof.facts})


def _newest(there: list[BackupFile], now: float) -> tuple[BackupFile, list[Finding]]:
    """By the time whose data it holds. A file that is dated in the future would be the newest for ever."""
    rows = sorted(there, key=_made_s, reverse=True)
    ahead = [one for one in rows if _made_s(one) > now + AHEAD_S]
    newest = next((one for one in rows if one not in ahead), rows[0])
    if not ahead:
        return newest, []
    shown = first_of([f"{one.name} ({short_time(time_of(one))})" for one in ahead], 3)
    words = f"dated in the future, so their age tells nothing: {shown}"
    return newest, [ReadyKind.CLOCK_OFF.finding(words, BACKUPS, "look at the clock of the machine that writes them")]


def _made_s(one: BackupFile) -> float:
    """When its data were read: told by its manifest, else when the file was written last. Seconds since 1970."""
    return parse_stamp(time_of(one)).timestamp() if one.kept is not None else float(one.mtime)


def _age_words(age: int) -> str:
    return f"{span(age)} old" if age >= -AHEAD_S else "dated in the future"


def _proofs(settings: Settings, there: list[BackupFile], now: float) -> Part:
    """When one of them was proven last."""
    proven = [one.proven for one in there if one.proven is not None and not one.proven.differences]
    if not proven:
        words = f"none of {len(there)} was restored and verified"
        return Part((ReadyKind.BACKUP_UNPROVEN.finding(words, BACKUPS),))
    old = [int(now - parse_stamp(one.at).timestamp()) for one in proven]
    past = [one for one in old if one >= -AHEAD_S]
    if not past:
        words = f"proven at {short_time(max(one.at for one in proven))}, in the future: how long ago is not known"
        return Part((ReadyKind.PROOF_OLD.finding(words, BACKUPS),))
    facts = {"newest proven backup": f"proven {span(min(past))} ago"}
    if min(past) <= seconds_of("proof_max_age", settings.ready.proof_max_age):
        return Part(facts=facts)
    words = f"proven {span(min(past))} ago, more than {settings.ready.proof_max_age}"
    return Part((ReadyKind.PROOF_OLD.finding(words, BACKUPS),), facts=facts)


def coolify_backups_part(world: World) -> Part:
    """What Coolify itself says of the backups that it makes. Raises what Coolify raises."""
    assert world.coolify is not None  # the caller has looked
    rows = [one for one in world.coolify.backups() if one.status != "running"]
    if not rows:
        words = "Coolify has made no backup of its database"
        return Part((ReadyKind.COOLIFY_BACKUP_FAILED.finding(words, "coolify"),))
    newest = rows[0]
    old = span(int(world.clock.now().timestamp() - parse_stamp(newest.created).timestamp())) if newest.created else "?"
    facts = {"newest backup of Coolify": f"{newest.status}, {old} old"}
    if newest.status == "success" and newest.size > 0:
        return Part(facts=facts)
    said = newest.message or (f"{newest.size} bytes" if newest.status == "success" else newest.status)
    words = f"{newest.filename or newest.uuid}: {said}"
    return Part((ReadyKind.COOLIFY_BACKUP_FAILED.finding(words, "coolify"),), facts=facts)


def _counts(one: BackupFile) -> bool:
    """Whether it is a backup of the daily kind: not unfinished yet, and not what an earlier incident kept."""
    if one.path.endswith(PARTIAL) or "still being written" in one.problem:
        return False
    return one.problem not in (OF_FILES, OF_WHAT_WAS_LEFT)


def database_part(settings: Settings, world: World) -> Part:
    """Whether its clients reach it, may do what a restore does, and are new enough."""
    table = settings.database
    assert table is not None  # the caller has looked
    found: list[Finding] = []
    facts: dict[str, str] = {}
    try:
        client = client_of(settings, world)
        live = live_database(world, client, table.name)
    except GoaroundError as error:
        return Part((ReadyKind.DATABASE_UNREACHED.of_error(error, DATABASE),))
    if client.admin not in ("", client.role):
        try:
            ask(world, client, table.name, "SELECT json_build_array(true)")
        except GoaroundError as error:
            found.append(
                ReadyKind.DATABASE_UNREACHED.of_error(error, DATABASE, f"as {client.role or 'its own role'}: ")
            )
    if live.may:
        found.append(ReadyKind.DATABASE_RIGHTS.finding(f"{live.me} {' and '.join(live.may)}", DATABASE))
    try:
        check(replace(live, may=()))  # the rights are told already
    except Refused as error:
        found.append(ReadyKind.DATABASE_HELD.of_error(error, DATABASE))
    try:
        room(world, client, live)
    except Refused as error:
        found.append(ReadyKind.DISK_FULL.of_error(error, DATABASE))
    if abs(live.ahead_s) > 5:
        which = "ahead of" if live.ahead_s > 0 else "behind"
        words = f"the server's is {span(abs(live.ahead_s))} {which} this machine's"
        found.append(ReadyKind.CLOCK_OFF.finding(words, DATABASE))
    part = _clients(table, settings, world)
    return Part((*found, *part.findings), facts={**facts, **part.facts})


def _clients(table: DatabaseTable, settings: Settings, world: World) -> Part:
    """psql, pg_dump and pg_restore."""
    client = client_of(settings, world)
    found: list[Finding] = []
    facts: dict[str, str] = {}
    versions: dict[str, str] = {}
    for name, argv in (
        ("psql", client.psql("")),
        ("pg_dump", client.pg_dump("")),
        ("pg_restore", client.pg_restore("")),
    ):
        try:
            program = argv[: len(client.prefix) + 1]
            told = psql_version(world, client) if name == "psql" else program_version(world, client, program)
        except GoaroundError as error:
            found.append(ReadyKind.TOOL_MISSING.of_error(error, name))
            continue
        versions[name] = facts[name] = told
    if "pg_dump" in versions and not table.dump:
        try:
            server = server_facts(world, client, table.name, table.markers).server_version
        except GoaroundError as error:  # what was found so far counts all the same
            return Part((*found, ReadyKind.CHECK_FAILED.of_error(error, DATABASE, "database: ")), facts=facts)
        facts["postgresql"] = server
        if _major(versions["pg_dump"]) < _major(server):
            words = f"pg_dump {versions['pg_dump']}, the server is {server}"
            found.append(ReadyKind.DUMP_TOO_OLD.finding(words, DATABASE))
    return Part(tuple(found), facts=facts)


def _major(version: str) -> int:
    head = version.split(".")[0]
    return int(head) if head.isdigit() else 0
