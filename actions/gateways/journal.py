"""The journal: events in one SQLite file, chained and on disk before anything they announce happens.

WAL with ``synchronous=FULL``: a committed event survives the loss of power. Every append is one transaction that reads
the head, lets a guard refuse, and inserts one row, so several processes (cockpit, worker) may write. Listing does not
read events: rare kinds keep a small summary row up to date in the same transaction. The questions are in
``journal_reading``.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actions.gateways.journal_events import store_error
from actions.gateways.journal_reading import DEBT_KINDS, JournalReading
from actions.gateways.journal_summaries import CRITERIA_INDEX, PARKED_INDEX
from actions.gateways.store_folder import free_reserve, prepare_folder, share_or_hide
from actions.model import events as ev
from actions.model.clock import Clock, stamp
from actions.model.errors import BadInput, GoaroundError, Unreachable
from actions.model.lease_row import LeaseRow
from actions.model.points import point

SCHEMA_VERSION = 1
_DEBT_INDEX = f"CREATE INDEX IF NOT EXISTS events_debts ON events (incident, seq) WHERE kind IN {DEBT_KINDS}"
"""Debts are listed over all incidents: they are few among very many events. A store without it is read all the same."""
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


def new_incident_id(clock: Clock) -> str:
    """``INC-20261122-k7qf``: the day (UTC) and four characters that are easily read out; unique across jump hosts."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    tail = "".join(secrets.choice(letters) for _ in range(4))
    return f"INC-{clock.now():%Y%m%d}-{tail}"


class SqliteJournal(JournalReading):
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
                db.execute(CRITERIA_INDEX)
                db.execute(PARKED_INDEX)
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
                raise store_error(self.path, error) from error
            try:
                yield self._db
                point("journal.before_commit")
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._rollback()
                raise store_error(self.path, error) from error
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

    def free_reserve(self) -> bool:
        """Give the reserved space back, so that one more event fits on a full disk."""
        return free_reserve(self.folder)

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
