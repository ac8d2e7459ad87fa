"""What it costs to have one event on disk, against writing and syncing the same bytes to a file beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from journals import declared
from measuring import Pairs, Ratio, judge, of_quantile, pairs

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import SystemClock

pytestmark = pytest.mark.timeout(180)

P50_LIMIT, P99_LIMIT = 2.0, 3.0
EVENTS = 400
DISK = Path("/var/tmp")
"""Lies on a disk where ``/tmp`` may lie in memory, which would cost nothing to sync."""

BODY = ev.EffectFinished(3, 2, True, 0, 412, "docker compose up ended with 0")
"""As most events are: half a kilobyte with its chain."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder on a disk."""
    folder = Path(tempfile.mkdtemp(prefix="goaround-bench-", dir=DISK))
    yield folder
    shutil.rmtree(folder)


class Appended:
    """A plain file that every event is written and synced to."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def seconds(self, line: bytes) -> float:
        begun = time.perf_counter()
        os.write(self._file, line)
        os.fdatasync(self._file)
        return time.perf_counter() - begun

    def close(self) -> None:
        os.close(self._file)


def appended(folder: Path, run: int) -> Pairs:
    """Pairs of one event in a new store: as many as a long incident has between two idle moments."""
    journal = SqliteJournal(folder / f"store-{run}", SystemClock())
    incident = journal.declare("ops1", declared()).incident
    journal.make_room()  # as the worker does while it waits for its first order
    plain = Appended(folder / f"plain-{run}")
    line = journal.append(incident, "ops1", BODY).line()

    def ours() -> float:
        begun = time.perf_counter()
        journal.append(incident, "ops1", BODY)
        return time.perf_counter() - begun

    taken = pairs(ours, lambda: plain.seconds(line), EVENTS, warm_up=20)
    plain.close()
    assert len(journal.lines(incident)) == EVENTS + 22
    journal.close()
    return taken


def test_one_durable_event(folder: Path) -> None:
    """Intent first costs next to nothing: on disk in twice the time that the bytes alone take, nearly always."""
    runs = iter(range(9))

    def measure() -> list[Ratio]:
        taken = appended(folder, next(runs))
        return [
            of_quantile("one durable event / write+fdatasync, p50", taken, 0.50, P50_LIMIT),
            of_quantile("one durable event / write+fdatasync, p99", taken, 0.99, P99_LIMIT),
        ]

    judge(measure)
