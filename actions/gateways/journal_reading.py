"""What is asked of the journal: events, the list of records, debts, leases. Writing is left to ``journal``."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actions.gateways.journal_events import event_of, events_of, store_error
from actions.gateways.journal_summaries import CLOSING, PARKED, RESTRICTED, IncidentSummary, summary_of
from actions.model import events as ev
from actions.model.errors import BadInput, GoaroundError
from actions.model.lease_row import LeaseRow

DEBT_KINDS = "('debt.assigned', 'debt.opened', 'debt.paid')"


class JournalReading:
    """The questions of ``SqliteJournal``, which opens the file. Safe for several threads."""

    folder: Path
    path: Path
    _lock: threading.RLock
    _db: sqlite3.Connection

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        """All rows of an answer. Raises GoaroundError when the store cannot be asked."""
        with self._lock:
            try:
                return self._db.execute(query, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise store_error(self.path, error) from error

    def events(self, incident: str, after: int = 0) -> list[ev.Event]:
        """Events above ``after``, in order: what is stored is what is given. Raises GoaroundError for what is none."""
        query = "SELECT line FROM events WHERE incident=? AND seq>? ORDER BY seq"
        return events_of(incident, self._rows(query, (incident, after)))

    def events_of_kinds(self, incident: str, kinds: Sequence[str]) -> list[ev.Event]:
        """The events of these kinds alone, in order: what is left out need not be read as JSON."""
        query = f"SELECT line FROM events WHERE incident=? AND kind IN ({','.join('?' * len(kinds))}) ORDER BY seq"
        return events_of(incident, self._rows(query, (incident, *kinds)))

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
            query = f"SELECT incident, seq, line FROM events WHERE kind IN {DEBT_KINDS}{which} ORDER BY incident, seq"
            for incident, seq, line in self._rows(query, part):
                event = event_of(incident, line)
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
            found |= {row[0]: (row[1] or "", row[2] or "") for row in self._rows(query, part)}
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
                f" target, executed, verified, {RESTRICTED}, {PARKED}, {CLOSING} FROM incidents WHERE {where}"
                " ORDER BY n DESC LIMIT ?",
                values,
            ).fetchall()
        return [summary_of(row) for row in rows]

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
                f" AND NOT ({PARKED}) ORDER BY n DESC LIMIT 1",
                (system,),
            ).fetchone()
        return row[0] if row else None

    def parked(self, system: str = "", environment: str = "", mode: str = "") -> tuple[str, ...]:
        """Ids of the records that are parked, of one system or all, newest first. Quick where none is.

        ``environment``, ``mode``: of those alone; empty: of any.
        """
        wanted = {"system": system, "environment": environment, "mode": mode}
        only = "".join(f" AND {column}=?" for column, value in wanted.items() if value)
        query = (
            "SELECT incident FROM incidents WHERE incident IN (SELECT incident FROM events WHERE kind='parked')"
            f" AND {PARKED}{only} ORDER BY n DESC"
        )
        return tuple(row[0] for row in self._rows(query, tuple(filter(None, wanted.values()))))

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
