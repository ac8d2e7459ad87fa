"""Which log lines tell of a query that failed, how many there were when, and what that says. Pure.

One failed query writes several such lines (the driver's, the framework's, the database's own): lines are counted, not
queries. Now and before the deployment are counted alike, so they can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp, span
from actions.model.error_count import ErrorCounter
from actions.model.minute_count import MinuteCounter, Minutes, minute_of
from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import Looked

if TYPE_CHECKING:
    from actions.model.ports import LogLine

DEFAULT = (
    # Django and psycopg name the class of the error, with or without its module.
    r"\b(?:ProgrammingError|OperationalError|InternalError|Undefined(?:Column|Table|Function|Object|Schema)"
    r"|InFailedSqlTransaction|InsufficientPrivilege|DuplicateTable|DuplicateColumn|NotNullViolation)\b",
    r"\b(?:relation|column|table|function|schema|type|role|database) \S{1,200} (?:of relation \S{1,200} )?"
    r"does not exist\b",
    r"\bno such (?:table|column)\b",
    r"\btoo many (?:connections|clients)\b",
    # PostgreSQL writes two spaces after its level; other programs write one.
    r"\b(?:ERROR|FATAL|PANIC):  \S",
)
HINTS = (
    "Error",
    "Undefined",
    "Transaction",
    "Privilege",
    "Duplicate",
    "NotNull",
    "does not",
    "no such",
    "too many",
    ":  ",
)
WINDOW_S = 300
"""Over how long lines are counted: one that fails now and then must not turn the sensor red and green by turns."""
BEFORE_MINUTES = 60
"""How far back the time before the deployment is looked at."""
WORTH_S = 120
"""Seconds between two lines of the record that differ in their numbers alone."""
_MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?(?:Z| UTC\b)")


@dataclass(frozen=True)
class Classifier:
    """Tells lines of failed queries from others."""

    patterns: tuple[re.Pattern[str], ...]
    hints: tuple[str, ...] = ()
    """A line without any of these needs no search: most lines are of that kind, and searching takes long."""


def classifier(patterns: Iterable[str] = ()) -> Classifier:
    """Of these regular expressions; none given: the usual ones of Django and PostgreSQL."""
    given = tuple(patterns)
    if given:
        return Classifier(tuple(re.compile(one) for one in given))
    return Classifier((re.compile("|".join(DEFAULT)),), HINTS)


def is_database_error(text: str, known: Classifier) -> bool:
    """Whether a line tells of a query that failed."""
    if known.hints and not any(hint in text for hint in known.hints):
        return False
    return any(one.search(text) for one in known.patterns)


@dataclass(frozen=True)
class FailedQueries:
    """What was counted of them."""

    count: int
    """Lines in the last ``WINDOW_S`` seconds."""
    before: int | None
    """The most in so many seconds, within the hour before the deployment; None: that is not known."""
    watched_ms: int
    """For how long lines have been read."""
    sources: int = 0
    troubles: tuple[str, ...] = ()


class QueryErrorCounter:
    """Of all lines of a feed. Not thread-safe: whoever feeds it holds a lock."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = classifier(patterns)
        self._recent = ErrorCounter()
        self._minutes = MinuteCounter()
        self._begun = False

    def add(self, lines: Iterable[LogLine], now_ms: int, wall: datetime) -> None:
        """Lines that have come now (monotonic milliseconds, and the same moment by the wall clock)."""
        if not self._begun:
            self._begun = True
            self._minutes.begun(wall)
        # Both counters count what is called an error: here, that is a failed query and nothing else.
        told = [self._levelled(line) for line in lines]
        failed = [line for line in told if line.level]
        # Reading the time of every line takes long; one of them shows from when on there are lines.
        self._minutes.add(told if failed else told[:1], wall)
        self._recent.add(failed, now_ms, wall)

    def _levelled(self, line: LogLine) -> LogLine:
        level = "error" if is_database_error(line.text, self._patterns) else ""
        return line if line.level == level else replace(line, level=level)

    def recent(self, now_ms: int, wall: datetime, *, skewed: bool = False) -> int:
        """Lines of the last ``WINDOW_S`` seconds, also those that were there before we came and say when.

        ``skewed``: as with ``ErrorCounter.counted``.
        """
        count = self._recent.counted(WINDOW_S, 0, now_ms, skewed=skewed)[0]
        if skewed:
            return count
        minutes = self.minutes(wall)
        return max(count, sum(n for at, n in minutes.counts.items() if at > minutes.now - WINDOW_S // 60))

    def minutes(self, wall: datetime, *, skewed: bool = False) -> Minutes:
        """Such lines by the minute."""
        return self._minutes.told(wall, skewed=skewed)


def most_before(minutes: Minutes, deployed: datetime | None) -> int | None:
    """The most within ``WINDOW_S`` in the hour before; None: no line is from before it, or it is not known when."""
    if deployed is None or not minutes.since or minutes.by_arrival:
        return None
    end = minute_of(deployed)
    begin = max(minutes.since, end - BEFORE_MINUTES)
    if begin >= end:
        return None
    width = WINDOW_S // 60
    return max(sum(minutes.counts.get(at + n, 0) for n in range(width) if at + n < end) for at in range(begin, end))


def moment_told(seen: str) -> datetime | None:
    """The moment that a reading of ``deployment.time`` names in its words, or None."""
    found = _MOMENT.search(seen, max(0, seen.find(" deployed ")))
    if found is None:
        return None
    clock = found[2] if found[2].count(":") == 2 else f"{found[2]}:00"
    try:
        return parse_stamp(f"{found[1]}T{clock}Z")
    except ValueError:
        return None


def errors_database(found: FailedQueries, logs: int = 0) -> Looked | None:
    """Queries fail no more often than before the deployment; where that is not known: not at all. None: too early.

    ``logs``: how many there should be.
    """
    within = span(WINDOW_S)
    known = found.before is not None
    limit = found.before or 0
    expected = f"at most {limit} in {within}" if limit else f"none in {within}"
    expected += ", as before the deployment" if known else ""
    count = f"{found.count} line{'' if found.count == 1 else 's'}" if found.count else "no line"
    seen = f"{count} of failed queries in {within}"
    seen += f", before the deployment {found.before}" if known else ""
    if found.count > limit:
        return Looked(False, seen, expected, worth_s=WORTH_S)
    if found.troubles:
        return Looked(False, f"not known: {found.troubles[0]}", expected)
    if found.watched_ms < WINDOW_S * 1000:
        return None
    if found.sources < max(1, logs):
        return Looked(False, f"not known: {found.sources} of {max(1, logs)} logs are read", expected)
    return Looked(True, seen, expected, worth_s=WORTH_S)
