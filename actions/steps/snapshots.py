"""Snapshots of the live database beside itself: which there are, taking one, and counting it while nobody waits.

A copy of files on the server takes seconds where a dump and its restore take many minutes, and it can be swapped in at
once; but everybody's sessions end for it, and who connects meanwhile waits. Whether that may be is asked before.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.database_names import side_name
from actions.model.errors import CommandFailed, Refused
from actions.model.manifest import Manifest
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, World
from actions.model.quick_dataclass import dataclass
from actions.model.side_note import read_note
from actions.model.snapshot_adoption import Held, close_sql, comment_sha256, open_sql
from actions.model.snapshot_sql import (
    SNAPSHOTS_SQL,
    SnapshotNote,
    copy_sql,
    finish_sql,
    make_way_sql,
    note_json,
    read_snapshot_note,
)
from actions.steps.database_manifest import read_manifest
from actions.steps.database_preflight import LiveDatabase, check, room
from actions.steps.database_reading import ask, failure, run_psql
from actions.steps.side_reading import MAINTENANCE

COPY_S = 3600.0
BYTES_PER_S = 300_000_000
"""Of files that are copied at least, for the estimate of the pause."""
COUNTING = "predeploy"
"""In the place of an incident, while one is counted that was just made."""


@dataclass(frozen=True)
class Snapshot:
    """A copy of the live database as it was before a deployment. ``name`` is exact: for SQL."""

    name: str
    at: str
    """Stamp."""
    release: str
    """Identity of the release that ran; empty: it was not known."""
    size: int
    """Bytes on the server's disk; -1: we may not ask."""
    oid: int = 0
    comment: str = ""
    """As it stands there: for SQL."""
    held: Manifest | None = None
    """What was counted in it when it was taken."""
    open: bool = False
    """It lets connections in, which one that was finished does not."""
    owner: str = ""
    mine: bool = True
    """We may close it, note in it, and change its name."""
    written: int = 0
    """Rows that were written in it since, the server's own among them; by its counters."""
    counters: bool = True
    """They go back to its beginning, as far as one can tell; else they were lost or reset since."""
    adopted: str = ""
    """The incident that has verified it, and means to swap it in; empty: none."""
    ready: bool = False
    """That incident has counted what is lost with it, too."""

    @property
    def identity(self) -> str:
        """What proves that it, and no other of its name, is meant."""
        return f"snapshot {sanitise(self.name)} oid {self.oid}"

    @property
    def seen(self) -> Held:
        """By which SQL knows it again."""
        return Held(self.name, self.oid, comment_sha256(self.comment))


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
    return look(world, client, database)[0]


def strays(world: World, client: DatabaseClient, database: str) -> tuple[str, ...]:
    """Names of those that look like one and do not say so: their making was cut off, or they are somebody else's."""
    return look(world, client, database)[1]


def snapshot_named(world: World, client: DatabaseClient, database: str, name: str) -> Snapshot | None:
    """The one of this exact name; None: there is none."""
    return next((one for one in snapshots(world, client, database) if one.name == name), None)


def look(world: World, client: DatabaseClient, database: str) -> tuple[tuple[Snapshot, ...], tuple[str, ...]]:
    """``snapshots`` and ``strays``, by one question."""
    found, others = [], []
    for row in ask(world, client, MAINTENANCE, SNAPSHOTS_SQL, admin=True):
        if not _is_of(row["name"], database):
            continue
        one = _read(row) if row["whole"] else None
        if one is not None:
            found.append(one)
        elif not row["comment"] or not row["whole"]:
            others.append(sanitise(row["name"]))
    return tuple(sorted(found, key=lambda one: (one.at, one.name), reverse=True)), tuple(others)


def _read(row: dict[str, Any]) -> Snapshot | None:
    side = read_note(row["comment"])
    adopted = side if side is not None and side.snapshot and not side.live else None
    note = read_snapshot_note(adopted.snapshot if adopted is not None else row["comment"])
    if note is None:
        return None
    return Snapshot(
        name=row["name"],
        at=note.at,
        release=note.release,
        size=int(row["size"]),
        oid=int(row["oid"]),
        comment=row["comment"],
        held=note.held,
        open=bool(row["open"]),
        owner=sanitise(row["owner"], limit=80),
        mine=bool(row["mine"]),
        written=int(row["written"]),
        counters=note.held is None or bool(row["seen"]),  # whoever counted it has left a trace in them
        adopted=sanitise(adopted.goaround, limit=80) if adopted is not None else "",
        ready=adopted is not None and adopted.usable,
    )


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
    made = snapshot_named(world, client, live.name, snap)
    if made is None:
        raise CommandFailed(
            f"{sanitise(snap)} was made, and is not there", "", "look who drops databases", exit_status=0
        )
    return Taken(made, max(0, over - begun), int(ended) if ended.isdigit() else 0)


def count_snapshot(world: World, client: DatabaseClient, live: str, one: Snapshot) -> Snapshot:
    """Notes what it holds, so that it can be verified once it is needed. Nobody waits for that; meanwhile it is open.

    Raises what reading raises; then it is closed again, and says of itself what it said before.
    """
    _say(world, client, one, open_sql(one.seen, COUNTING))
    held = None
    try:
        held = read_manifest(world, client, one.name)
    finally:
        note = note_json(SnapshotNote(one.at, one.release, held)) if held is not None else one.comment
        _say(world, client, one, close_sql(one.seen, COUNTING, note))
    found = snapshot_named(world, client, live, one.name)
    return found if found is not None else one


def _say(world: World, client: DatabaseClient, one: Snapshot, sql: str) -> None:
    said = run_psql(world, client, MAINTENANCE, sql, admin=True)
    if said.exit_status != 0:
        raise failure(client, one.name, said)


def _not_taken(client: DatabaseClient, snap: str, copied: CommandResult, cleared: CommandResult) -> Exception:
    known = failure(client, MAINTENANCE, copied)
    if not isinstance(known, CommandFailed):
        return known
    said = copied.stderr if cleared.exit_status == 0 else cleared.stderr
    words = sanitise(said.decode("utf-8", "replace").strip().replace("\n", " "), limit=300)
    return CommandFailed(
        f"{sanitise(snap)} was not made; the live database is as it was", words, "", exit_status=copied.exit_status
    )
