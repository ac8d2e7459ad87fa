"""Draws every note of the database option, each from a real server; which kind it must be is told by the key."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
from database_ground import INCIDENT, LIVE, WRITTEN_SINCE, Ground, told
from postgres_server import OWNER

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan
from actions.model.release import Release
from actions.steps.catalog import build

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


CASES: dict[NoteKind, Callable[[Ground], Notes]] = {
    NoteKind.ONLY_PREPARES: prepare,
    NoteKind.PRESENT_NOT_KEPT: prepare,
    NoteKind.KEEPING_TAKES: _with_keep,
    NoteKind.SPACE_UNKNOWN: _elsewhere,
    NoteKind.BACKUP_AFTER: _late,
    NoteKind.BACKUP_WARNS: _more_migrations,
    NoteKind.ROWS_UNKNOWN: _no_data,
    NoteKind.SIDE_LEFT: _left,
    NoteKind.DATA_LOST: swap,
    NoteKind.DATABASE_KEPT: swap,
    NoteKind.NOTHING_STOPPED: swap,
    NoteKind.SCHEMA_MUST_FIT: _migrated_since,
    NoteKind.SESSIONS_END: _connected,
}
IN_COMPOSE = (NoteKind.JOBS_HELD,)
"""Wants a Compose project: drawn by the test of the swap there."""
