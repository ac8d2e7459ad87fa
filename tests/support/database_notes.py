"""Draws every note of the database option, each from a real server; which kind it must be is told by the key."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from database_ground import INCIDENT, LIVE, WRITTEN_SINCE, Ground, told
from postgres_server import OWNER

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.clock import SystemClock
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan
from actions.model.release import Release
from actions.model.system_database import QueueTable
from actions.steps.catalog import build
from actions.steps.database_preflight import live_database
from actions.steps.snapshots import take_snapshot

Notes = tuple[Note, ...]


def drawn(ground: Ground, **table: object) -> Plan:
    assert ground.settings.database is not None
    settings = replace(ground.settings, database=replace(ground.settings.database, **table))  # type: ignore[arg-type]
    found, _ = releases(settings, "database", ground.world)
    backup = next(one for one in found if one.source == "backup")
    return draw(settings, "database", backup, ground.world, INCIDENT)


def prepare(ground: Ground) -> Notes:
    ground.dump(Format.CUSTOM)
    return drawn(ground).notes


def flown(ground: Ground) -> None:
    ground.dump(Format.CUSTOM)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    for row in drawn(ground).steps:
        build(row.step, row.params).run(ground.world, told())


def swap(ground: Ground) -> Notes:
    flown(ground)
    return drawn(ground).notes


def _with_keep(ground: Ground) -> Notes:
    ground.dump(Format.CUSTOM)
    keep = ground.folder.parent / "keep"
    keep.mkdir()
    return drawn(ground, keep=str(keep)).notes


def _elsewhere(ground: Ground) -> Notes:
    """The data folder is told to no ordinary role, so the room is not known."""
    ground.dump(Format.CUSTOM)
    ground.server.sql(f"CREATE ROLE owner LOGIN CREATEDB; ALTER DATABASE {LIVE} OWNER TO owner")
    ground.server.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO owner", LIVE)
    return drawn(ground, admin="owner").notes


def _late(ground: Ground) -> Notes:
    path = ground.dump(Format.CUSTOM)
    os.utime(path, (1_795_400_000, 1_795_400_000))
    deployed = Release("v5", commit="a" * 40, live_since="2026-11-20T02:00:00.000000Z", ended="ok")
    world = replace(ground.world, known_releases=lambda: (deployed,))
    return drawn(replace(ground, world=world)).notes


def _more_migrations(ground: Ground) -> Notes:
    ground.dump(Format.CUSTOM)
    ground.server.sql("DELETE FROM django_migrations WHERE app = 'auth'", LIVE)
    return drawn(ground).notes


def _no_data(ground: Ground) -> Notes:
    Path(ground.folder / "schema.sql").write_bytes(ground.server.dump(LIVE, "--schema-only"))
    os.utime(ground.folder / "schema.sql", (1_795_000_000, 1_795_000_000))
    ground.server.sql("DROP TABLE django_migrations", LIVE)
    return drawn(ground).notes


def _left(ground: Ground) -> Notes:
    ground.dump(Format.CUSTOM)
    plan = drawn(ground)
    row = plan.steps[0]
    build(row.step, row.params).run(ground.world, told())
    return drawn(ground).notes


def _migrated_since(ground: Ground) -> Notes:
    flown(ground)
    ground.server.sql("INSERT INTO django_migrations (app, name) VALUES ('common', '0016_new')", LIVE)
    notes = drawn(ground).notes
    assert any("common.0016_new" in note.text for note in notes)
    return notes


def _connected(ground: Ground) -> Notes:
    flown(ground)
    with psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=LIVE, application_name="pgAdmin 4"):
        return drawn(ground).notes


def _queue(ground: Ground) -> Notes:
    flown(ground)
    settings = replace(ground.settings, queue=QueueTable(command=("echo", "12")))
    return drawn(replace(ground, settings=settings)).notes


def _snapshot(ground: Ground) -> Notes:
    """One of which nothing was counted."""
    take_snapshot(ground.world, ground.client, live_database(ground.world, ground.client, LIVE), "1", "")
    found, _ = releases(ground.settings, "database", ground.world)
    one = next(one for one in found if one.source == "snapshot")
    return draw(ground.settings, "database", one, ground.world, INCIDENT).notes


class _Slow(SystemClock):
    """Ten minutes behind the server's."""

    def now(self) -> datetime:
        return super().now() - timedelta(minutes=10)


def _clocks(ground: Ground) -> Notes:
    ground.dump(Format.CUSTOM)
    return drawn(replace(ground, world=replace(ground.world, clock=_Slow()))).notes


def _down(ground: Ground) -> Notes:
    """Nobody listens where the clients look, and a data folder lies there that no process holds."""
    ground.dump(Format.CUSTOM)
    folder = ground.folder.parent
    (folder / "data" / "global").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("15\n")
    (folder / "data" / "global" / "pg_control").write_bytes(b"control")
    os.environ["PGHOST"] = str(folder)  # the test has changed it before, and puts back what it was
    return drawn(ground, keep=str(folder / "keep"), data=str(folder / "data")).notes


CASES: dict[NoteKind, Callable[[Ground], Notes]] = {
    NoteKind.ONLY_PREPARES: prepare,
    NoteKind.PRESENT_NOT_KEPT: prepare,
    NoteKind.SERVER_DOWN: _down,
    NoteKind.DOWNTIME: swap,
    NoteKind.CLOCKS_DIFFER: _clocks,
    NoteKind.KEEPING_TAKES: _with_keep,
    NoteKind.RESTORE_TAKES: prepare,
    NoteKind.SPACE_UNKNOWN: _elsewhere,
    NoteKind.BACKUP_AFTER: _late,
    NoteKind.BACKUP_WARNS: _more_migrations,
    NoteKind.ROWS_UNKNOWN: _no_data,
    NoteKind.SIDE_LEFT: _left,
    NoteKind.SNAPSHOT_ITSELF: _snapshot,
    NoteKind.SNAPSHOT_WARNS: _snapshot,
    NoteKind.DATA_LOST: swap,
    NoteKind.DATABASE_KEPT: swap,
    NoteKind.NOTHING_STOPPED: swap,
    NoteKind.CODE_UNKNOWN: swap,
    NoteKind.SCHEMA_MUST_FIT: _migrated_since,
    NoteKind.SESSIONS_END: _connected,
    NoteKind.QUEUE_DEPTH: _queue,
}
IN_COMPOSE = (
    NoteKind.JOBS_HELD,
    NoteKind.CODE_STAYS,
    NoteKind.CODE_GOES,
    NoteKind.CODE_NONE_FITS,
    NoteKind.CODE_BY_HAND,
)
"""Want a Compose project, or code that is deployed: drawn by the tests of the swap there."""
