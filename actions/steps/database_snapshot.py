"""Keeps the database as it is now, before anything is changed: a dump that counts, with its manifest beside it.

Where it goes and how much room it takes is decided when it is drawn; how it is made is left to ``perform_dump``.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import ClassVar

from actions.model.backup_file import KeptBackup, kept_name
from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.effect import Effect
from actions.model.effect_dump import KeepDump
from actions.model.errors import BadInput, GoaroundError
from actions.model.ports import Host, World
from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import size_words
from actions.model.step import Checked, Happened
from actions.model.system import Settings
from actions.steps.backups import backups
from actions.steps.database_manifest import MANIFEST_SQL
from actions.steps.database_reach import client_of
from actions.steps.database_reading import ask
from actions.steps.host_files import room_of, sha256_of, stat_of
from actions.steps.perform_ground import host_of
from actions.steps.reading import ReadingStep

SHARE = 0.6
"""Of a database's size on disk that a compressed dump has at most, where none was made before."""
SPARE = 1.2
"""Times the estimate that must be free."""
BYTES_PER_S = 20_000_000
"""Of a database that pg_dump reads at least, for the estimate of time where none was made before."""
SIZE_SQL = "SELECT json_build_object('size', pg_database_size(current_database()))"


@dataclass(frozen=True)
class KeepDatabase(ReadingStep):
    """A dump of the database as it is, which nothing that runs notices."""

    step_id: ClassVar[str] = "database.snapshot"
    client: DatabaseClient
    database: str
    path: str
    mark: str
    incident: str
    need: int
    """Bytes that must be free."""
    last: int = 0
    """Bytes of the last one; 0: none is known."""
    command: tuple[str, ...] = ()
    """``database.dump``; empty: pg_dump."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Keep {self.database} as it is"

    def expected(self) -> str:
        """What counts as done."""
        return f"{self.path} is a whole dump, with the number of rows of every table beside it"

    def effect(self) -> KeepDump:
        """All that it does."""
        return KeepDump(
            self.client,
            self.database,
            self.path,
            self.mark,
            self.incident,
            MANIFEST_SQL,
            self.need,
            self.last,
            self.command,
        )

    def effects(self) -> tuple[Effect, ...]:
        """One: its parts belong together."""
        return (self.effect(),)

    def leaves(self) -> str:
        """What stays behind when it is terminated in the middle."""
        return f"Nothing was changed; {self.effect().partial} may be left, which the next run removes."

    def moved(self, world: World) -> str:
        """Whether its name was taken meanwhile."""
        return f"{self.path} is there already" if stat_of(host_of(world, self.client.host), (self.path,)) else ""

    def check(self, world: World) -> Checked:
        """After its end was lost: whether the dump is there under its name, and is what its manifest says."""
        host = host_of(world, self.client.host)
        if self.path not in stat_of(host, (self.path,)):
            return Checked(Happened.NO, f"there is no {self.path}")
        kept = read_kept(host, self.effect().manifest)
        if kept is None:
            return Checked(Happened.UNKNOWN, f"{self.path} is there, but no manifest of ours is beside it")
        if sha256_of(host, self.path) != kept.sha256:
            return Checked(Happened.UNKNOWN, f"{self.path} is not what its manifest says")
        return Checked(Happened.YES, f"{self.path} is whole", facts_of(self.path, kept))


@dataclass(frozen=True)
class SnapshotDrawn:
    """A step that keeps the database, and what one should know of it."""

    step: KeepDatabase
    notes: tuple[str, ...]
    about_s: int
    measured: bool = False
    """The time is that of the last one, not guessed from the size."""


def draw_snapshot(
    settings: Settings, world: World, incident: str, client: DatabaseClient | None = None
) -> SnapshotDrawn:
    """The step for the database as it is configured. Asks the server for its size.

    Raises BadInput where ``keep`` is not configured, and what the server or the host raise.
    """
    table = settings.database
    if table is None or not table.keep:
        raise BadInput("no folder for backups is configured", "", 'set keep = "/folder/on/another/disk" in [database]')
    client = client or client_of(settings, world)
    host = host_of(world, client.host)
    size = int(ask(world, client, table.name, SIZE_SQL, admin=True)["size"])
    last = _last(settings, world, client, table.name)
    estimate = last.size if last is not None else round(size * SHARE)
    about = last.seconds * size // max(1, last.manifest.size) if last is not None else size // BYTES_PER_S
    need = round(estimate * SPARE) + 1_000_000
    path = f"{table.keep.rstrip('/')}/{kept_name(table.name, stamp(world.clock.now()), incident)}"
    mark = re.sub(r"[^a-z0-9_]+", "_", f"{incident}_{path[-40:]}".casefold())[-32:]
    step = KeepDatabase(
        client, table.name, path, mark, incident, need, last.size if last is not None else 0, table.dump
    )
    whence = "as it took last" if last is not None else "guessed from its size"
    takes = f"about {size_words(estimate)}, {max(1, about)} s ({whence})"
    notes = [f"the dump of the present state: {takes}; the database has {size_words(size)} on the server's disk"]
    notes += _room_notes(host, world, settings, need)
    if table.dump:
        notes.append("database.dump is run instead of pg_dump: its rows are counted apart, while it runs")
    return SnapshotDrawn(step, tuple(notes), max(1, about), last is not None)


def read_kept(host: Host, path: str) -> KeptBackup | None:
    """What stands beside a backup; None where it is missing or is none."""
    content = host.read_file(path)
    try:
        return KeptBackup.from_json(json.loads(content)) if content is not None else None
    except (ValueError, RecursionError):
        return None


def facts_of(path: str, kept: KeptBackup) -> dict[str, str]:
    """What a run would have told."""
    return {
        "backup": path,
        "sha256": kept.sha256,
        "size": str(kept.size),
        "rows": str(kept.manifest.rows),
        "seconds": str(kept.seconds),
    }


def _last(settings: Settings, world: World, client: DatabaseClient, database: str) -> KeptBackup | None:
    """The newest that was made here of this database."""
    table = settings.database
    assert table is not None  # the caller has looked
    only_kept = replace(settings, database=replace(table, backups=""))
    made = (one.kept for one in backups(only_kept, world, client) if one.kept is not None)
    return next((one for one in made if one.manifest.database == database), None)


def _room_notes(host: Host, world: World, settings: Settings, need: int) -> list[str]:
    table = settings.database
    assert table is not None  # the caller has looked
    try:
        folder = table.keep.rstrip("/")
        while folder.count("/") > 1 and not stat_of(host, (folder,)):
            folder = folder.rpartition("/")[0]
        room = room_of(host, folder)
        notes = []
        if room.free < need:
            notes.append(f"only {size_words(room.free)} are free in {table.keep}: {size_words(need)} are needed")
        source = table.backups.rpartition("/")[0]
        if source and host.name == world.host.name and room_of(host, source).name == room.name:
            notes.append(f"{table.keep} is on the same disk as {source}: one broken disk takes both")
    except GoaroundError as error:
        return [f"the room in {table.keep} could not be measured: {error.line()}"]
    return notes
