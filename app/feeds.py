"""What flows into the screen from threads: log lines and the output of the running step. Bounded, batched, counted.

Each log source runs in a thread of its own and fills one bounded queue; the screen drains it on its timer. When the
screen cannot keep up, the oldest waiting lines are dropped and counted: the pane says how many it does not show.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.gateways.logs import LogSource
    from actions.model.ports import LogLine

WAITING = 50_000
PER_DRAIN = 5_000
_SPOOL_READ = 256 * 1024


class LogFeed:
    """All log sources of a session, in one stream."""

    def __init__(self, sources: Callable[[], list[LogSource]]) -> None:
        self._sources = sources
        self._waiting: collections.deque[LogLine] = collections.deque()
        self._lock = threading.Lock()
        self._lost = 0
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to read, in the background."""
        threading.Thread(target=self._begin, name="log sources", daemon=True).start()

    def _begin(self) -> None:
        for source in self._sources():
            if self._stop.is_set():
                return
            threading.Thread(target=source.run, args=(self._take, self._stop), name=source.name, daemon=True).start()

    def _take(self, lines: list[LogLine]) -> None:
        with self._lock:
            self._waiting.extend(lines)
            while len(self._waiting) > WAITING:
                self._waiting.popleft()
                self._lost += 1

    def drain(self) -> tuple[list[LogLine], int]:
        """Lines that have come, oldest first, and how many before them were dropped."""
        with self._lock:
            count = min(PER_DRAIN, len(self._waiting))
            lines = [self._waiting.popleft() for _ in range(count)]
            lost, self._lost = self._lost, 0
        return lines, lost

    def stop(self) -> None:
        """Let the threads end."""
        self._stop.set()


class SpoolFeed:
    """The output of one run, read on as it grows."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._at = 0

    def lines(self, path: Path) -> list[str]:
        """New complete lines of this file; another path begins anew. At most 256 KiB at a time."""
        if path != self._path:
            self._path, self._at = path, 0
        try:
            with path.open("rb") as file:
                file.seek(self._at)
                data = file.read(_SPOOL_READ)
        except OSError:
            return []  # not written yet
        end = data.rfind(b"\n") + 1
        self._at += end
        return data[:end].decode("utf-8", "replace").splitlines()
