"""Counts error lines by the time at which they were written, so that a rate can be told. Pure; reading is the feed's.

Kept in seconds of the monotonic clock: a wall clock that is set moves no line. Memory is bounded, however many come.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.ports import LogLine

SECONDS_KEPT = 3600
"""The longest window that may be asked for."""
MINUTES_KEPT = 48 * 60
LATE_MS = 600_000
"""A line that comes so much later than it was written was there before we looked, whatever a skewed clock says."""


@dataclass(frozen=True)
class ErrorCount:
    """What was counted."""

    count: int
    """Error lines in the window."""
    worst: int
    """The most in one minute."""
    lines: int
    """Lines of any kind in the window."""
    watched_ms: int
    """For how long lines have been read; a window that is longer has not been seen whole."""
    sources: int = 0
    """Logs that are read."""
    troubles: tuple[str, ...] = ()
    """What keeps some of them from being read now."""


class _Buckets:
    """Counts by the second and by the minute."""

    def __init__(self) -> None:
        self.seconds: dict[int, int] = {}
        self.minutes: dict[int, int] = {}

    def add(self, second: int, now: int) -> None:
        if now - second < SECONDS_KEPT:
            self.seconds[second] = self.seconds.get(second, 0) + 1
        if now // 60 - second // 60 < MINUTES_KEPT:
            self.minutes[second // 60] = self.minutes.get(second // 60, 0) + 1
        if len(self.seconds) > 2 * SECONDS_KEPT:
            self.seconds = {at: n for at, n in self.seconds.items() if now - at < SECONDS_KEPT}
        if len(self.minutes) > 2 * MINUTES_KEPT:
            self.minutes = {at: n for at, n in self.minutes.items() if now // 60 - at < MINUTES_KEPT}

    def since(self, second: int) -> int:
        return sum(n for at, n in self.seconds.items() if at > second)

    def worst(self, since: int) -> int:
        return max((n for at, n in self.minutes.items() if at >= since // 60), default=0)


class ErrorCounter:
    """Of all lines of a feed."""

    def __init__(self) -> None:
        self._written = _Buckets()
        self._arrived = _Buckets()
        self._lines = _Buckets()

    def add(self, lines: Iterable[LogLine], now_ms: int, wall: datetime) -> None:
        """Lines that have come now (monotonic milliseconds, and the same moment by the wall clock)."""
        now = now_ms // 1000
        for line in lines:
            if line.old:
                continue
            self._lines.add(now, now)
            if line.level == "error":
                lag_ms = _lag_ms(line, wall)
                self._written.add((now_ms - lag_ms) // 1000, now)
                if lag_ms < LATE_MS:
                    self._arrived.add(now, now)

    def counted(self, window_s: int, since_ms: int, now_ms: int, *, skewed: bool = False) -> tuple[int, int, int]:
        """Error lines of the window, the most of a minute since then, lines of any kind in the window.

        ``skewed``: the clock that wrote the lines differs from ours, so only their arrival tells of what time they are.
        """
        errors = self._arrived if skewed else self._written
        begin = now_ms // 1000 - window_s
        return errors.since(begin), errors.worst(since_ms // 1000), self._lines.since(begin)


def _lag_ms(line: LogLine, wall: datetime) -> int:
    """How long ago it was written; 0 where it does not say, or names a time to come."""
    if not line.at:
        return 0
    try:
        return max(0, round((wall - parse_stamp(line.at)).total_seconds() * 1000))
    except ValueError:
        return 0
