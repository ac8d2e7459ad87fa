"""Listing the newest records in a store of a hundred and in one of a hundred thousand."""

from __future__ import annotations

import itertools
import sqlite3
import time
from pathlib import Path

import pytest
from journals import declared
from measuring import Ratio, judge, of_pairs, pairs

from actions.gateways.journal import SqliteJournal
from actions.model.clock import SystemClock

pytestmark = pytest.mark.timeout(180)

LIMIT = 1.2
FEW, MANY = 100, 100_000
EVENTS_EACH = 3
NEWEST = 50
PAIRS, CALLS = 31, 20


def store(folder: Path, count: int) -> Path:
    """A store of the product's own making, then filled with copies of its first record, faster than events come."""
    journal = SqliteJournal(folder, SystemClock())
    first = journal.declare("ops1", declared()).incident
    journal.close()
    with sqlite3.connect(folder / "journal.sqlite3") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(incidents)") if row[1] not in ("n", "incident")]
        (row,) = db.execute(f"SELECT {', '.join(columns)} FROM incidents")
        row = tuple("recovered" if name == "outcome" else value for name, value in zip(columns, row, strict=True))
        marks = ",".join("?" * (len(columns) + 1))
        db.executemany(
            f"INSERT INTO incidents (incident, {', '.join(columns)}) VALUES ({marks})",
            ((f"INC-{n:07}", *row) for n in range(1, count)),
        )
        (event,) = db.execute("SELECT hash, kind, line FROM events WHERE incident=?", (first,))
        db.executemany(
            "INSERT INTO events (incident, seq, hash, kind, line) VALUES (?,?,?,?,?)",
            ((f"INC-{n:07}", seq + 1, *event) for n in range(1, count) for seq in range(EVENTS_EACH)),
        )
    db.close()
    return folder


def test_newest_of_a_hundred_thousand(tmp_path: Path) -> None:
    """A long history costs nothing: the newest 50 of 100,000 records come as fast as those of 100."""
    few, many = (SqliteJournal(store(tmp_path / str(n), n), SystemClock(), read_only=True) for n in (FEW, MANY))
    assert many.newest(NEWEST)[0].number == MANY
    assert len(many.newest(NEWEST)) == len(few.newest(NEWEST)) == NEWEST

    def seconds(journal: SqliteJournal) -> float:
        begun = time.perf_counter()
        for _ in itertools.repeat(None, CALLS):
            journal.newest(NEWEST)
        return time.perf_counter() - begun

    def measure() -> list[Ratio]:
        taken = pairs(lambda: seconds(many), lambda: seconds(few), PAIRS)
        return [of_pairs(f"newest {NEWEST} of {MANY:,} records / of {FEW}", taken, LIMIT)]

    judge(measure)
    few.close()
    many.close()
