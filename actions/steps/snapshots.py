"""Snapshots of the live database beside itself: which there are, and taking one.

A copy of files on the server takes seconds where a dump and its restore take many minutes, and it can be swapped in at
once; but everybody's sessions end for it, and who connects meanwhile waits. Whether that may be is asked before.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal, side_name
from actions.model.errors import CommandFailed, Refused
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, World
from actions.model.quick_dataclass import dataclass
from actions.model.snapshot_sql import (
    SNAPSHOTS_SQL,
    SnapshotNote,
    copy_sql,
    finish_sql,
    make_way_sql,
    read_snapshot_note,
)
from actions.steps.database_preflight import LiveDatabase, check, room
from actions.steps.database_reading import ask, failure, run_psql
from actions.steps.side_reading import MAINTENANCE

COPY_S = 3600.0
BYTES_PER_S = 300_000_000
"""Of files that are copied at least, for the estimate of the pause."""


@dataclass(frozen=True)
class Snapshot:
    """A copy of the live database as it was before a deployment. ``name`` is exact: for SQL."""

    name: str
    at: str
    """Stamp."""
    release: str
    """Identity of the release that ran; empty: it was not known."""
    size: int
    """Bytes on the server's disk."""


@dataclass(frozen=True)
class Taken:
    """A snapshot that was made just now."""

    snapshot: Snapshot
    pause_ms: int
    """How long who connected had to wait, by the server's clock."""
    ended: int
    """Sessions that were ended for it."""


def snapshots(world: World, client: DatabaseClient, database: str) -> tuple[Snapshot, ...]:
    """Those of this database, newest first. One whose comment does not say so is none. Raises what ``ask`` raises."""
    return _all(world, client, database)[0]


def strays(world: World, client: DatabaseClient, database: str) -> tuple[str, ...]:
    """Names of those that look like one and do not say so: their making was cut off, or they are somebody else's."""
    return _all(world, client, database)[1]


def _all(world: World, client: DatabaseClient, database: str) -> tuple[tuple[Snapshot, ...], tuple[str, ...]]:
    found, others = [], []
    for name, comment, size in ask(world, client, MAINTENANCE, SNAPSHOTS_SQL, admin=True):
        if not _is_of(name, database):
            continue
        note = read_snapshot_note(comment)
        if note is not None:
            found.append(Snapshot(name, note.at, note.release, int(size)))
        elif not comment:
            others.append(sanitise(name))
    return tuple(sorted(found, key=lambda one: (one.at, one.name), reverse=True)), tuple(others)


def _is_of(name: str, database: str) -> bool:
    try:
        return side_name(database, "snap", name.rpartition("_snap_")[2]) == name
    except ValueError:  # its end is no mark of ours
        return False


def pause_words(size: int) -> str:
    """How long others would wait, about."""
    return f"about {max(1, size // BYTES_PER_S)} s"


def take_snapshot(world: World, client: DatabaseClient, live: LiveDatabase, mark: str, release: str) -> Taken:
    """Ends everybody's sessions and copies; who connects meanwhile waits.

    Raises Refused where it cannot be, and CommandFailed where the copy failed: then there is no snapshot, and the live
    database is as it was.
    """
    check(live)
    snap = side_name(live.name, "snap", mark)
    if snap in live.databases:
        raise Refused(f"there is a database {sanitise(snap)} already", "", "run it again")
    room(world, client, live)
    asked = "SELECT json_build_array(current_setting('server_version_num'))"
    version = int(ask(world, client, MAINTENANCE, asked, admin=True)[0])
    at = stamp(world.clock.now())
    application = f"goaround-snap-{secrets.token_hex(6)}"
    copying = copy_sql(live.name, snap, live.shape, application, file_copy=version >= 150000)
    with ThreadPoolExecutor(1, thread_name_prefix="make-way") as pool:
        way = pool.submit(run_psql, world, client, MAINTENANCE, make_way_sql(live.name, application), admin=True)
        copied = run_psql(world, client, MAINTENANCE, copying, admin=True, s=COPY_S)
        cleared = way.result()
    if copied.exit_status != 0:
        raise _not_taken(client, snap, copied, cleared)
    begun, over = (int(word) for word in copied.stdout.decode("ascii", "replace").split())
    finishing = finish_sql(snap, live.shape, SnapshotNote(at, release))
    finished = run_psql(world, client, MAINTENANCE, finishing, admin=True)
    if finished.exit_status != 0:
        raise failure(client, snap, finished)
    ended = cleared.stdout.decode("ascii", "replace").strip()
    measured = f"SELECT json_build_array(pg_database_size({literal(snap)}))"
    size = int(ask(world, client, MAINTENANCE, measured, admin=True)[0])
    return Taken(Snapshot(snap, at, release, size), max(0, over - begun), int(ended) if ended.isdigit() else 0)


def _not_taken(client: DatabaseClient, snap: str, copied: CommandResult, cleared: CommandResult) -> Exception:
    known = failure(client, MAINTENANCE, copied)
    if not isinstance(known, CommandFailed):
        return known
    said = copied.stderr if cleared.exit_status == 0 else cleared.stderr
    words = sanitise(said.decode("utf-8", "replace").strip().replace("\n", " "), limit=300)
    return CommandFailed(
        f"{sanitise(snap)} was not made; the live database is as it was", words, "", exit_status=copied.exit_status
    )
