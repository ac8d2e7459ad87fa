"""The journal: events in one SQLite file, chained and on disk before anything they announce happens.

WAL with ``synchronous=FULL``: a committed event survives the loss of power. Every append is one transaction that reads
the head, lets a guard refuse, and inserts one row, so several processes (cockpit, worker) may write. Listing does not
read events: rare kinds keep a small summary row up to date in the same transaction.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from actions.model import events as ev
from actions.model.canonical import canonical_json
from actions.model.clock import Clock, stamp
from actions.model.errors import BadInput, GoaroundError, Unreachable
from actions.model.lease_row import LeaseRow
from actions.model.points import point
from actions.model.quick_dataclass import dataclass, replace

SCHEMA_VERSION = 1
_DEBT_KINDS = "('debt.assigned', 'debt.opened', 'debt.paid')"
_DEBT_INDEX = f"CREATE INDEX IF NOT EXISTS events_debts ON events (incident, seq) WHERE kind IN {_DEBT_KINDS}"
"""Debts are listed over all incidents: they are few among very many events. A store without it is read all the same."""
_RESERVE_BYTES = 256 * 1024
_BUSY_S = 30
_LOG_BYTES = 4 * 1024 * 1024
"""Room for some hundreds of events between two idle moments."""
_CACHE_PAGES = -2000
"""SQLite's own measure: 2000 KiB."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    incident TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, kind TEXT NOT NULL, line BLOB NOT NULL,
    PRIMARY KEY (incident, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incidents (
    n INTEGER PRIMARY KEY, incident TEXT NOT NULL UNIQUE, system TEXT NOT NULL, environment TEXT NOT NULL,
    mode TEXT NOT NULL, title TEXT NOT NULL, declared_at TEXT NOT NULL, declared_by TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '', closed_at TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT '',
    executed TEXT NOT NULL DEFAULT '', verified TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS incidents_open ON incidents (system, outcome, n);
CREATE TABLE IF NOT EXISTS leases (
    system TEXT PRIMARY KEY, holder TEXT NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL,
    pid_start INTEGER NOT NULL, tty TEXT NOT NULL, since TEXT NOT NULL, fence INTEGER NOT NULL, held INTEGER NOT NULL
);
"""


@dataclass(frozen=True)
class IncidentSummary:
    """One row of the list of records."""

    number: int
    """Position in this store; newer is larger. For paging only."""
    id: str
    system: str
    environment: str
    mode: str
    title: str
    declared_at: str
    declared_by: str
    outcome: str
    """Empty while it is open."""
    closed_at: str
    target: str
    executed: str
    verified: str
    ticket: str = ""
    """Where the fix is followed, of what was fixed forward."""
    due: str = ""
    """When that fix is due: a stamp, or empty."""
    restricted: bool = False
    """Few may read it: somebody said that it is about a security hole."""
    parked: bool = False
    """How it ended is recorded, and it stays open for what is bent."""

    @property
    def state(self) -> str:
        """``open``, ``closed, not signed``, ``awaits verification``, ``signed off`` or ``PARKED``.

        Parked, what it lacks stands behind it: ``PARKED, awaits verification``.
        """
        if not self.outcome:
            return "open"
        if not self.executed:
            return "PARKED, not signed" if self.parked else "closed, not signed"
        if not self.verified:
            return "PARKED, awaits verification" if self.parked else "awaits verification"
        return "PARKED" if self.parked else "signed off"


_CLOSING = (
    "CASE outcome WHEN 'forward' THEN (SELECT line FROM events WHERE events.incident=incidents.incident"
    " AND kind IN ('closed', 'parked') ORDER BY seq DESC LIMIT 1) END"
)
"""The event that says where the fix is followed; asked for only where there is one: the table stays as it is."""


_RESTRICTED = (
    "EXISTS (SELECT 1 FROM events WHERE events.incident=incidents.incident AND kind='criterion.marked'"
    """ AND instr(line, '"branch":"security"') AND instr(line, '"met":true'))"""
)
"""Whether a criterion of that branch was ever met. No text of an event can pass for it: there, quotes are escaped."""
_PARKED = (
    "EXISTS (SELECT 1 FROM events WHERE events.incident=incidents.incident AND kind='parked') AND"
    " NOT EXISTS (SELECT 1 FROM events WHERE events.incident=incidents.incident AND kind='closed')"
)
"""Whether a record is parked: few ever are, so the second is seldom asked."""
_PARKED_INDEX = "CREATE INDEX IF NOT EXISTS events_parked ON events (incident) WHERE kind='parked'"
_CRITERIA_INDEX = "CREATE INDEX IF NOT EXISTS events_criteria ON events (incident) WHERE kind='criterion.marked'"


def _summary(row: tuple[Any, ...]) -> IncidentSummary:
    *columns, restricted, parked, line = row
    summary = IncidentSummary(*columns)
    if restricted or parked:
        summary = replace(summary, restricted=bool(restricted), parked=bool(parked))
    if line is None:
        return summary
    data = event_from_line(line).data
    return replace(summary, ticket=str(data.get("ticket", "")), due=str(data.get("due", "")))


def new_incident_id(clock: Clock) -> str:
    """``INC-20261122-k7qf``: the day (UTC) and four characters that are easily read out; unique across jump hosts."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    tail = "".join(secrets.choice(letters) for _ in range(4))
    return f"INC-{clock.now():%Y%m%d}-{tail}"


class SqliteJournal:
    """The journal of one store folder. Safe for several threads of a process and several processes."""

    def __init__(self, folder: Path, clock: Clock, *, read_only: bool = False) -> None:
        self.folder = folder
        self.clock = clock
        self.read_only = read_only
        self.path = folder / "journal.sqlite3"
        if not read_only:
            prepare_folder(folder)
        self._lock = threading.RLock()
        self._db = self._open()
        self._last: dict[str, tuple[int, str]] = {}

    def _open(self) -> sqlite3.Connection:
        if self.read_only and not self.path.exists():
            raise BadInput(
                f"no record store at {self.folder}",
                "",
                "give the folder with --store, or open a cockpit first",
            )
        try:
            target = f"file:{self.path}?mode={'ro' if self.read_only else 'rwc'}"
            db = sqlite3.connect(target, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
            if not self.read_only:
                share_or_hide(self.path, self.folder)
                _switch_to_wal(db)
                db.execute("PRAGMA synchronous=FULL")
                db.execute("PRAGMA wal_autocheckpoint=0")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise BadInput(
                    f"{self.path} was written by a newer goaround (format {version})",
                    "",
                    "use that version; nothing was changed",
                )
            if not self.read_only and version < SCHEMA_VERSION:
                db.executescript(_SCHEMA)
                db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            if not self.read_only:
                db.execute(_DEBT_INDEX)
                db.execute(_CRITERIA_INDEX)
                db.execute(_PARKED_INDEX)
            return db
        except sqlite3.Error as error:
            raise Unreachable(
                f"the record store {self.path} cannot be opened",
                str(error),
                "check the folder's rights and free space",
            ) from error

    def close(self) -> None:
        """Fold the write-ahead log back and close."""
        with self._lock:
            if not self.read_only:
                self.checkpoint()
            self._db.close()

    def checkpoint(self) -> None:
        """Move committed pages into the main file; for idle moments, so that no append waits for it."""
        with self._lock:
            try:
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except sqlite3.Error:
                return  # a reader is in the way: the next idle moment will do

    def make_room(self) -> None:
        """Let the write-ahead log grow beforehand; for idle moments. A commit that need not lengthen it is quicker.

        A transaction larger than the cache spills into the log, is taken back, and leaves nothing but the length.
        Where there is no room for it, appends go on as before.
        """
        with self._lock:
            try:
                if Path(f"{self.path}-wal").stat().st_size >= _LOG_BYTES:
                    return
                self._db.execute("PRAGMA cache_size=16")
                try:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.execute("CREATE TABLE room (filler BLOB)")
                    self._db.execute("INSERT INTO room VALUES (zeroblob(?))", (_LOG_BYTES,))
                finally:
                    self._rollback()
                    self._db.execute(f"PRAGMA cache_size={_CACHE_PAGES}")
                self._sync_log()
            except (sqlite3.Error, OSError):
                return  # it is a convenience: the next append says what is wrong, if anything is

    def _sync_log(self) -> None:
        """Closing this descriptor drops no lock of SQLite's: those are on the main file and the index."""
        descriptor = os.open(f"{self.path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self.read_only:
            raise GoaroundError("the record is open for reading only", "", "")
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise _store_error(self.path, error) from error
            try:
                yield self._db
                point("journal.before_commit")
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._rollback()
                raise _store_error(self.path, error) from error
            except BaseException:
                self._rollback()
                raise
        point("journal.after_commit")

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def declare(
        self, actor: str, body: ev.Declared, incident: str | None = None, *, also: Sequence[ev.Body] = ()
    ) -> ev.Event:
        """Open a new incident; refuses when this system already has an open one (its id is in the message).

        ``also``: what is committed with it, right after it. Returns the first event.
        """
        incident = incident or new_incident_id(self.clock)
        with self._writing() as db:
            row = db.execute(
                "SELECT incident FROM incidents WHERE system=? AND outcome='' ORDER BY n DESC LIMIT 1",
                (body.system,),
            ).fetchone()
            if row is not None:
                raise GoaroundError(
                    f"{row[0]} is still open for {body.system}", "", f"resume {row[0]}, or close it first"
                )
            event = self._link(incident, 1, ev.GENESIS, actor, body)
            db.execute(
                "INSERT INTO incidents (incident, system, environment, mode, title, declared_at, declared_by)"
                " VALUES (?,?,?,?,?,?,?)",
                (incident, body.system, body.environment, body.mode, body.title, event.at, actor),
            )
            self._insert(db, event)
            last = event
            for other in also:
                last = self._link(incident, last.seq + 1, last.hash, actor, other)
                self._insert(db, last)
        return event

    def append(
        self, incident: str, actor: str, body: ev.Body, *, guard: Callable[[int], None] | None = None
    ) -> ev.Event:
        """Commit one event. ``guard(head_seq)`` runs inside the transaction: what it raises stops the append."""
        return self.append_all(incident, actor, (body,), guard=guard)[0]

    def append_all(
        self, incident: str, actor: str, bodies: Sequence[ev.Body], *, guard: Callable[[int], None] | None = None
    ) -> list[ev.Event]:
        """Commit several events at once, in order: all of them or none; the disk is waited for once."""
        events: list[ev.Event] = []
        with self._writing() as db:
            head = db.execute(
                "SELECT seq, hash FROM events WHERE incident=? ORDER BY seq DESC LIMIT 1", (incident,)
            ).fetchone()
            if head is None:
                raise BadInput(f"there is no incident {incident!r} in {self.folder}", "", "goaround records lists them")
            if guard is not None:
                guard(head[0])
            seq, digest = head
            for body in bodies:
                event = self._link(incident, seq + 1, digest, actor, body)
                self._insert(db, event)
                self._summarise(db, event)
                seq, digest = event.seq, event.hash
                events.append(event)
        return events

    def _link(self, incident: str, seq: int, prev: str, actor: str, body: ev.Body) -> ev.Event:
        link: dict[str, Any] = {
            "incident": incident,
            "seq": seq,
            "at": stamp(self.clock.now()),
            "mono": self.clock.monotonic_ms(),
            "boot": self.clock.boot(),
            "actor": actor,
            "kind": ev.body_kind(body),
            "data": ev.body_data(body),
            "prev": prev,
        }
        return ev.Event(**link, hash=ev.chain_hash(prev, link))

    def _insert(self, db: sqlite3.Connection, event: ev.Event) -> None:
        db.execute(
            "INSERT INTO events (incident, seq, hash, kind, line) VALUES (?,?,?,?,?)",
            (event.incident, event.seq, event.hash, event.kind, event.line()),
        )

    def _summarise(self, db: sqlite3.Connection, event: ev.Event) -> None:
        body = event.data
        if event.kind in ("closed", "parked"):
            # Who signed while it was parked has signed over another head than that of the close.
            db.execute(
                "UPDATE incidents SET outcome=?, closed_at=?, target=?, executed='', verified='' WHERE incident=?",
                (body["outcome"], event.at, body["target"], event.incident),
            )
        elif event.kind == "signed.off":
            column = "verified" if body["part"] == "verified" else "executed"
            db.execute(f"UPDATE incidents SET {column}=? WHERE incident=?", (body["person"], event.incident))

    def events(self, incident: str, after: int = 0) -> list[ev.Event]:
        """Events above ``after``, in order: what is stored is what is given. Raises GoaroundError for what is none."""
        with self._lock:
            try:
                rows = self._db.execute(
                    "SELECT line FROM events WHERE incident=? AND seq>? ORDER BY seq", (incident, after)
                ).fetchall()
            except sqlite3.Error as error:
                raise _store_error(self.path, error) from error
        return _events_of(incident, rows)

    def events_of_kinds(self, incident: str, kinds: Sequence[str]) -> list[ev.Event]:
        """The events of these kinds alone, in order: what is left out need not be read as JSON."""
        query = f"SELECT line FROM events WHERE incident=? AND kind IN ({','.join('?' * len(kinds))}) ORDER BY seq"
        with self._lock:
            try:
                rows = self._db.execute(query, (incident, *kinds)).fetchall()
            except sqlite3.Error as error:
                raise _store_error(self.path, error) from error
        return _events_of(incident, rows)

    def debt_events(
        self, incidents: Sequence[str] | None = None, damaged: dict[str, str] | None = None
    ) -> dict[str, list[ev.Event]]:
        """Everything about debts, by incident and in order: of all incidents, or of these. Others are left out.

        What cannot be read is told by record in ``damaged``; where nobody asks for that, it raises GoaroundError.
        """
        found: dict[str, list[ev.Event]] = {}
        parts = [incidents[at : at + 500] for at in range(0, len(incidents), 500)] if incidents is not None else [()]
        for part in parts:
            which = f" AND incident IN ({','.join('?' * len(part))})" if part else ""
            query = f"SELECT incident, seq, line FROM events WHERE kind IN {_DEBT_KINDS}{which} ORDER BY incident, seq"
            with self._lock:
                try:
                    rows = self._db.execute(query, tuple(part)).fetchall()
                except sqlite3.Error as error:
                    raise _store_error(self.path, error) from error
            for incident, seq, line in rows:
                event = _event_of(incident, line)
                if event is not None:
                    found.setdefault(incident, []).append(event)
                    continue
                why = f"event {seq} of {incident}, which is about a debt, cannot be read"
                if damaged is None:
                    raise GoaroundError(why, "", f"goaround verify {incident}")
                damaged.setdefault(incident, why)
        return found

    def signed(self, incidents: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Who has signed each of these records as it stands, (executed, verified); empty: nobody yet."""
        found: dict[str, tuple[str, str]] = {}
        for at in range(0, len(incidents), 500):
            part = incidents[at : at + 500]
            query = (
                f"SELECT incident, executed, verified FROM incidents WHERE incident IN ({','.join('?' * len(part))})"
            )
            with self._lock:
                try:
                    rows = self._db.execute(query, tuple(part)).fetchall()
                except sqlite3.Error as error:
                    raise _store_error(self.path, error) from error
            found |= {row[0]: (row[1] or "", row[2] or "") for row in rows}
        return found

    def lines(self, incident: str) -> list[bytes]:
        """The stored canonical lines, for export and verification."""
        with self._lock:
            rows = self._db.execute("SELECT line FROM events WHERE incident=? ORDER BY seq", (incident,)).fetchall()
        return [bytes(row[0]) for row in rows]

    def head(self, incident: str) -> tuple[int, str]:
        """Newest sequence number and hash, or ``(0, "")``."""
        with self._lock:
            row = self._db.execute(
                "SELECT seq, hash FROM events WHERE incident=? ORDER BY seq DESC LIMIT 1", (incident,)
            ).fetchone()
        return (row[0], row[1]) if row else (0, "")

    def data_version(self) -> int:
        """A number that changes when another process has committed; costs a few microseconds."""
        with self._lock:
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def newest(self, limit: int = 50, before: int = 0, system: str = "") -> list[IncidentSummary]:
        """Summaries, newest first, below the number ``before`` (0: from the top)."""
        where = "n < ?" + (" AND system = ?" if system else "")
        values: list[Any] = [before or 2**62, *([system] if system else []), limit]
        with self._lock:
            rows = self._db.execute(
                "SELECT n, incident, system, environment, mode, title, declared_at, declared_by, outcome, closed_at,"
                f" target, executed, verified, {_RESTRICTED}, {_PARKED}, {_CLOSING} FROM incidents WHERE {where}"
                " ORDER BY n DESC LIMIT ?",
                values,
            ).fetchall()
        return [_summary(row) for row in rows]

    def open_incident(self, system: str) -> str | None:
        """The open incident of a system, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT incident FROM incidents WHERE system=? AND outcome='' ORDER BY n DESC LIMIT 1",
                (system,),
            ).fetchone()
        return row[0] if row else None

    def unsigned_incident(self, system: str) -> str | None:
        """The newest closed incident of a system that still lacks a sign-off, or None; one that is parked is none."""
        with self._lock:
            row = self._db.execute(
                "SELECT incident FROM incidents WHERE system=? AND outcome<>'' AND (executed='' OR verified='')"
                f" AND NOT ({_PARKED}) ORDER BY n DESC LIMIT 1",
                (system,),
            ).fetchone()
        return row[0] if row else None

    def parked(self, system: str = "") -> tuple[str, ...]:
        """Ids of the records that are parked, of one system or all, newest first. Quick where none is."""
        only = " AND system=?" if system else ""
        with self._lock:
            try:
                rows = self._db.execute(
                    "SELECT incident FROM incidents WHERE incident IN (SELECT incident FROM events WHERE kind='parked')"
                    f" AND {_PARKED}{only} ORDER BY n DESC",
                    (system,) if system else (),
                ).fetchall()
            except sqlite3.Error as error:
                raise _store_error(self.path, error) from error
        return tuple(row[0] for row in rows)

    def find(self, wanted: str) -> str:
        """The full id for an id or its unique beginning or end. Raises BadInput naming the candidates."""
        if not wanted:
            raise BadInput(f"no record is named; they lie in {self.folder}", "", "goaround records lists them")
        with self._lock:
            rows = self._db.execute(
                "SELECT incident FROM incidents WHERE incident=? OR substr(incident,1,length(?))=?"
                " OR substr(incident,-length(?))=? ORDER BY n DESC LIMIT 6",
                (wanted,) * 5,
            ).fetchall()
        found = [row[0] for row in rows]
        if wanted in found or len(found) == 1:
            return wanted if wanted in found else str(found[0])
        if not found:
            raise BadInput(f"no record {wanted!r} in {self.folder}", "", "goaround records lists them")
        raise BadInput(f"{wanted!r} means several records: {', '.join(found)}", "", "give more of the id")

    def free_reserve(self) -> bool:
        """Give the reserved space back, so that one more event fits on a full disk."""
        return free_reserve(self.folder)

    def lease(self, system: str) -> LeaseRow | None:
        """The lease of a system as recorded, or None when there never was one."""
        with self._lock:
            row = self._db.execute(
                "SELECT holder, host, boot, pid, pid_start, tty, since, fence, held FROM leases WHERE system=?",
                (system,),
            ).fetchone()
        if row is None:
            return None
        holder, host, boot, pid, pid_start, tty, since, fence, held = row
        return LeaseRow(holder, host, boot, pid, pid_start, tty, since, fence, bool(held))

    def change_lease(self, system: str, change: Callable[[LeaseRow | None], LeaseRow]) -> LeaseRow:
        """Replace the lease in one transaction; what ``change`` raises leaves it as it was."""
        with self._writing() as db:
            now = self.lease(system)
            after = change(now)
            db.execute(
                "INSERT OR REPLACE INTO leases VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    system, after.holder, after.host, after.boot, after.pid, after.pid_start, after.tty, after.since,
                    after.fence, int(after.held),
                ),
            )  # fmt: skip
        return after

    def incident_folder(self, incident: str) -> Path:
        """Where spools and evidence of an incident lie (0700); made when missing."""
        folder = self.folder / "incidents" / incident
        if not self.read_only:
            # One by one: the mode is that of the last folder only, others are made as the umask says.
            for one in (folder.parent, folder):
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
                share_or_hide(one, self.folder)
        return folder


def share_or_hide(path: Path, store: Path) -> None:
    """Rights of what lies in a store: for its owner alone, and for its group where the store's folder is the group's.

    A store that several logins share is made with ``chmod 2770``: what is made in it belongs to its group then.
    """
    info, around = path.stat(), store.stat()
    if info.st_uid != os.geteuid():
        return  # whoever made it has seen to it
    shared = bool(around.st_mode & stat.S_IWGRP)
    if shared and info.st_gid != around.st_gid:
        with suppress(OSError):  # not of that group: then the others cannot read it, and are told so
            os.chown(path, -1, around.st_gid)
    mode = (0o2770 if shared else 0o700) if stat.S_ISDIR(info.st_mode) else (0o660 if shared else 0o600)
    if stat.S_IMODE(info.st_mode) != mode:
        os.chmod(path, mode)


def _switch_to_wal(db: sqlite3.Connection) -> None:
    """Two cockpits that make a store at once: SQLite does not wait for the other here, whatever the timeout is."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def event_from_line(line: bytes) -> ev.Event:
    """An event from its stored line. Raises ValueError when it is none."""
    data = json.loads(line)
    return ev.Event(**data)


def _events_of(incident: str, rows: Sequence[tuple[bytes]]) -> list[ev.Event]:
    try:
        return [event_from_line(row[0]) for row in rows]
    except (ValueError, TypeError, RecursionError) as error:
        raise GoaroundError(
            f"the record {incident} is damaged: what stands there is no event", "", f"goaround verify {incident}"
        ) from error


def _event_of(incident: str, line: bytes) -> ev.Event | None:
    """The event of this record, of a shape that is known; None when that is not what stands there."""
    try:
        event = event_from_line(line)
        whole = event.incident == incident and not isinstance(event.body, ev.Unknown)
    except (ValueError, TypeError, RecursionError):
        return None
    return event if whole else None


def event_line(event: ev.Event) -> bytes:
    """The canonical line of an event."""
    return canonical_json({**event.link(), "hash": event.hash})


def prepare_folder(folder: Path) -> None:
    """Make the store folder, refuse one that others could write to or that is a link to elsewhere."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.lstat()
    except OSError as error:
        raise BadInput(
            f"the record folder {folder} cannot be made", str(error), "choose another with [store] directory"
        ) from error
    if stat.S_ISLNK(info.st_mode):
        raise BadInput(
            f"the record folder {folder} is a symbolic link", "", "name the real folder in [store] directory"
        )
    if info.st_uid not in (os.getuid(), 0) and not info.st_mode & stat.S_IWGRP:
        raise BadInput(
            f"the record folder {folder} belongs to somebody else",
            "",
            "choose another with [store] directory",
        )
    if info.st_mode & stat.S_IWOTH:
        raise BadInput(f"the record folder {folder} is writable by everybody", "", f"chmod o-w {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(
            f"the record folder {folder} is not writable",
            "",
            "without a record nothing is done: mend its rights",
        )
    keep_reserve(folder)


def keep_reserve(folder: Path) -> None:
    """A file whose space is given back when the disk is full, so that the end of a running step is still recorded."""
    reserve = folder / "reserve"
    if reserve.exists():
        return
    try:
        with reserve.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            os.posix_fallocate(file.fileno(), 0, _RESERVE_BYTES)
    except OSError as error:
        reserve.unlink(missing_ok=True)
        raise BadInput(
            f"no space for the record in {folder}",
            str(error),
            "without a record nothing is done: free some space",
        ) from error


def free_reserve(folder: Path) -> bool:
    """Give the reserved space back; True when there was any."""
    try:
        (folder / "reserve").unlink()
    except OSError:
        return False
    return True


def _store_error(path: Path, error: sqlite3.Error) -> GoaroundError:
    return Unreachable(
        f"the record {path} cannot be written",
        str(error),
        "without a record nothing is done: check disk space and rights",
    )
