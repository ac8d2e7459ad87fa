"""What flows into the screen from threads: log lines and the output of the running step. Bounded, batched, counted.

Each log source runs in a thread of its own and fills one bounded queue; the screen drains it on its timer. When the
screen cannot keep up, the oldest waiting lines are dropped and counted: the pane says how many it does not show. Lines
of errors are counted as they come, shown or not: the lookout tells their rate, the time strip their minutes.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from actions.model.clock import Clock, SystemClock

if TYPE_CHECKING:
    from actions.gateways.logs import LogSource
    from actions.model.error_count import ErrorCount, ErrorCounter
    from actions.model.minute_count import MinuteCounter, Minutes
    from actions.model.ports import LogLine
    from actions.model.system import Settings

WAITING = 50_000
PER_DRAIN = 5_000
_SPOOL_READ = 256 * 1024


def log_count(settings: Settings) -> int:
    """How many log sources there are by the configuration: files, Compose's containers, Coolify's application."""
    return len(settings.system.logs) + (settings.compose is not None) + (settings.coolify is not None)


class LogFeed:
    """All log sources of a session, in one stream."""

    def __init__(
        self, sources: Callable[[], list[LogSource]], clock: Clock | None = None, *, shown: bool = True
    ) -> None:
        """``shown``: somebody drains it; else lines are only counted."""
        self._sources = sources
        self._clock = clock or SystemClock()
        self._shown = shown
        self._counter: ErrorCounter | None = None
        self._minutes: MinuteCounter | None = None
        self._read: list[LogSource] = []
        self._since_ms: int | None = None
        """Monotonic milliseconds since which lines are read."""
        self._waiting: collections.deque[LogLine] = collections.deque()
        self._lock = threading.Lock()
        self._lost = 0
        self._stop = threading.Event()
        self._others: tuple[Callable[[list[LogLine]], None], ...] = ()

    def also(self, take: Callable[[list[LogLine]], None]) -> None:
        """Give somebody else every batch of lines, too, in the thread that reads them: it must be quick."""
        with self._lock:
            self._others = (*self._others, take)

    def start(self) -> None:
        """Begin to read, in the background."""
        threading.Thread(target=self._begin, name="log sources", daemon=True).start()

    def _begin(self) -> None:
        from actions.model.error_count import ErrorCounter  # the screen stands
        from actions.model.minute_count import MinuteCounter

        sources = self._sources()
        with self._lock:
            self._counter, self._read, self._since_ms = ErrorCounter(), sources, self._clock.monotonic_ms()
            if sources:
                self._minutes = MinuteCounter()
                self._minutes.begun(self._clock.now())
        for source in sources:
            if self._stop.is_set():
                return
            threading.Thread(target=source.run, args=(self._take, self._stop), name=source.name, daemon=True).start()

    def _take(self, lines: list[LogLine]) -> None:
        for take in self._others:
            take(lines)
        with self._lock:
            if self._counter is not None:
                self._counter.add(lines, self._clock.monotonic_ms(), self._clock.now())
            if self._minutes is not None:
                self._minutes.add(lines, self._clock.now())
            if not self._shown:
                return
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

    def errors(self, window_s: int, since_ms: int, *, skewed: bool = False) -> ErrorCount:
        """Error lines of the last seconds, and the most in one minute since then (monotonic milliseconds).

        ``skewed``: the host's clock differs from ours, so the times in its lines do not count.
        """
        from actions.model.error_count import ErrorCount

        with self._lock:
            now = self._clock.monotonic_ms()
            if self._counter is None or self._since_ms is None:
                return ErrorCount(0, 0, 0, 0)
            count, worst, lines = self._counter.counted(window_s, since_ms, now, skewed=skewed)
            watched = now - self._since_ms
            sources = tuple(self._read)
        troubles = tuple(f"{source.name}: {source.trouble}" for source in sources if source.trouble)
        return ErrorCount(count, worst, lines, watched, len(sources), troubles)

    def minutes(self, *, skewed: bool = False) -> Minutes | None:
        """Error lines of each minute, also of lines that were there before; None: no log is read (yet).

        ``skewed``: as for ``errors``.
        """
        with self._lock:
            return self._minutes.told(self._clock.now(), skewed=skewed) if self._minutes is not None else None

    @property
    def begun(self) -> bool:
        """Whether it is known which logs there are."""
        with self._lock:
            return self._since_ms is not None

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
