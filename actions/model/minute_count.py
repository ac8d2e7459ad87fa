"""Counts error lines by the minute of the wall clock in which they were written, old lines too where they say when.

Pure; reading is the feed's, showing the strip's. A time without a zone is the host's: what it is against ours is
learnt from the first line that comes while we look, and until then such lines wait. Memory is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp
from actions.model.line_time import LineTime, line_time
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.ports import LogLine

MINUTES_KEPT = 12 * 60
SOURCES_KEPT = 200
QUARTER_S = 900
"""Zones differ from each other by so many seconds, or a multiple of it."""
AGREES_S = 120
"""A new line that names a time so near to ours, but for the zone, tells the zone."""
LATE_S = 600
"""A line that comes so much later than it was written was there before we looked, whatever a skewed clock says."""
_REST = re.compile(r"[ \t]|Traceback \(most recent|[A-Za-z_][\w.]*(?:Error|Exception)\b")
PREFIX = 17
"""Characters of a line after which its minute is told: ``2026-11-22T09:30:``, also behind a bracket."""


@dataclass(frozen=True)
class Minutes:
    """Error lines of each minute. A minute is counted in minutes since 1970 UTC."""

    counts: dict[int, int] = field(default_factory=dict)
    """Minutes with errors."""
    since: int = 0
    """The first minute of which something is known; 0: none."""
    now: int = 0
    """The present minute, which is not over."""
    waiting: int = 0
    """Error lines whose times name no zone, and nothing has told it yet."""
    by_arrival: bool = False
    """The clock that wrote the lines differs from ours: they are counted as they come."""

    def count(self, minute: int) -> int | None:
        """Error lines of that minute; None: not known."""
        return self.counts.get(minute, 0) if self.since and self.since <= minute <= self.now else None


def minute_of(moment: datetime) -> int:
    """The minute of a moment."""
    return int(moment.timestamp()) // 60


def moment_of(minute: int) -> datetime:
    """When a minute begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


class _Kept:
    """Counts of minutes, of which only the newest are kept."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.since = 0

    def known(self, minute: int) -> None:
        if not self.since or minute < self.since:
            self.since = minute

    def add(self, minute: int, now: int) -> None:
        if not now - MINUTES_KEPT < minute <= now:
            return
        self.counts[minute] = self.counts.get(minute, 0) + 1
        if len(self.counts) > 2 * MINUTES_KEPT:
            self.counts = {at: n for at, n in self.counts.items() if now - at < MINUTES_KEPT}


class _Source:
    """What one log has told of its times."""

    def __init__(self) -> None:
        self.prefix = ""
        self.last: LineTime | None = None
        """When the newest line that says so was written; those below it (of a traceback) belong to it."""
        self.offset: timedelta | None = None
        """What must be added to times without a zone; None: not known yet."""
        self.waiting: dict[int, int] = {}
        """Errors by the minute, as if their times were UTC."""
        self.oldest: int = 0

    def time_of(self, line: LogLine, wall: datetime) -> LineTime | None:
        """When it was written."""
        if line.at:
            try:
                return LineTime(parse_stamp(line.at), True)
            except ValueError:
                return None
        prefix = line.text[:PREFIX]
        if self.last is not None and prefix == self.prefix:
            return self.last
        found = line_time(line.text, wall)
        if found is None:
            return self.last if self._goes_on(line.text) else None
        # Only a text that is told apart by the minute may stand for it.
        self.prefix = prefix if prefix.lstrip("[(")[:4].isdigit() and prefix[-1:] == ":" else ""
        self.last = found
        return found

    def _goes_on(self, text: str) -> bool:
        """Whether it belongs to the line before it: a traceback, an indented rest."""
        return self.last is not None and _REST.match(text) is not None


class MinuteCounter:
    """Of all lines of a feed."""

    def __init__(self) -> None:
        self._written = _Kept()
        self._arrived = _Kept()
        self._sources: dict[str, _Source] = {}

    def begun(self, wall: datetime) -> None:
        """Reading begins: from now on every line is seen."""
        for kept in (self._written, self._arrived):
            kept.known(minute_of(wall))

    def add(self, lines: Iterable[LogLine], wall: datetime) -> None:
        """Lines that have come at this moment of the wall clock."""
        now = minute_of(wall)
        for line in lines:
            source = self._sources.get(line.source)
            if source is None:
                if len(self._sources) >= SOURCES_KEPT:
                    self._sources.pop(next(iter(self._sources)))  # a container that came and went long ago
                source = self._sources[line.source] = _Source()
            error = line.level == "error"
            found = source.time_of(line, wall)
            if found is None:
                if error and not line.old:
                    self._written.add(now, now)
            else:
                self._place(source, found, error, wall, old=line.old)
            late = found is not None and found.zoned and (wall - found.at).total_seconds() >= LATE_S
            if error and not line.old and not late:
                self._arrived.add(now, now)

    def _place(self, source: _Source, found: LineTime, error: bool, wall: datetime, *, old: bool) -> None:
        now = minute_of(wall)
        if found.zoned:
            self._count(min(minute_of(found.at), now), error, now)
            return
        if not old and source.offset is None:
            self._learn(source, found.at, wall)
        if source.offset is not None:
            self._count(min(minute_of(found.at + source.offset), now), error, now)
        elif not old:
            self._count(now, error, now)
        else:
            minute = minute_of(found.at)
            source.oldest = min(source.oldest or minute, minute)
            if error and (minute in source.waiting or len(source.waiting) < MINUTES_KEPT):
                source.waiting[minute] = source.waiting.get(minute, 0) + 1

    def _count(self, minute: int, error: bool, now: int) -> None:
        if now - minute < MINUTES_KEPT:
            self._written.known(minute)
        if error:
            self._written.add(minute, now)

    def _learn(self, source: _Source, at: datetime, wall: datetime) -> None:
        """A line that came now says what its clock says now: the rest is the zone."""
        away = (wall - at).total_seconds()
        zone = round(away / QUARTER_S) * QUARTER_S
        if abs(away - zone) > AGREES_S or abs(zone) > 15 * 3600:
            return
        source.offset = timedelta(seconds=zone)
        now, waiting = minute_of(wall), source.waiting
        source.waiting = {}
        if source.oldest:
            self._count(min(source.oldest + zone // 60, now), False, now)
        for minute, count in waiting.items():
            for _ in range(count):
                self._count(min(minute + zone // 60, now), True, now)

    def told(self, wall: datetime, *, skewed: bool = False) -> Minutes:
        """What is known now. ``skewed``: the clock that wrote the lines differs from ours."""
        kept, now = (self._arrived if skewed else self._written), minute_of(wall)
        counts = {at: n for at, n in kept.counts.items() if now - at < MINUTES_KEPT}
        since = max(kept.since, now - MINUTES_KEPT + 1) if kept.since else 0
        waiting = 0 if skewed else sum(sum(one.waiting.values()) for one in self._sources.values())
        return Minutes(counts, since, now, waiting, skewed)
