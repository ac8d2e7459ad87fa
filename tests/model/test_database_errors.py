"""Log lines of failed queries: which they are, and how many now against before the deployment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actions.model.clock import ManualClock, stamp
from actions.model.database_errors import (
    WINDOW_S,
    FailedQueries,
    QueryErrorCounter,
    classifier,
    errors_database,
    is_database_error,
    moment_told,
    most_before,
)
from actions.model.ports import LogLine
from actions.model.system_watch import WatchTable


@pytest.mark.parametrize(
    "line",
    [
        "django.db.utils.ProgrammingError: column people_person.nick does not exist",
        "psycopg2.errors.UndefinedColumn: column people_person.nick does not exist",
        'psycopg.errors.UndefinedTable: relation "mana_survey" does not exist',
        'ERROR:  relation "mana_survey" does not exist at character 15',
        "2026-11-22 10:00:00.123 UTC [71] obcms@obcms_prod ERROR:  deadlock detected",
        "2026-11-22 10:00:00.123 UTC [71] FATAL:  sorry, too many clients already",
        'psycopg.OperationalError: connection failed: too many connections for role "obcms"',
        "django.db.utils.OperationalError: server closed the connection unexpectedly",
        "sqlite3.OperationalError: no such column: nick",
        'column "nick" of relation "people_person" does not exist',
        "django.db.utils.InternalError: current transaction is aborted",
    ],
)
def test_lines_of_failed_queries(line: str) -> None:
    """A10: of Django, of psycopg and of PostgreSQL itself."""
    assert is_database_error(line, classifier())


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: it does not work",
        "[error] upstream timed out",
        "GET /operational-errors 200",
        "ValueError: invalid literal for int()",
        "the file does not exist",
        "404 Not Found: page does not exist",
        "FATAL: out of memory",
        "INFO applied migration 0042_add_column",
        "",
    ],
)
def test_other_lines(line: str) -> None:
    """Errors that are not the database's stay out of it."""
    assert not is_database_error(line, classifier())


def test_configured_patterns_replace_the_usual_ones() -> None:
    """Another database, another wording."""
    own = classifier(WatchTable(database_errors=(r"ORA-\d+", "(?i)deadlock")).database_errors)
    assert is_database_error("ORA-00942: table or view does not exist", own)
    assert is_database_error("Deadlock found", own)
    assert not is_database_error("django.db.utils.OperationalError: x", own)
    with pytest.raises(ValueError, match="database_errors: '\\(' is no regular expression"):
        WatchTable(database_errors=("(",))


class Lines:
    """A counter and a clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.counter = QueryErrorCounter()

    def come(self, count: int, text: str = "psycopg.OperationalError: x", **more: object) -> None:
        lines = [LogLine(text=text, **{"at": "", "source": "web", **more})] * count  # type: ignore[arg-type]
        self.counter.add(lines, self.clock.monotonic_ms(), self.clock.now())

    def written(self, count: int, ago: timedelta, text: str = "psycopg.OperationalError: x") -> None:
        """Old lines that say when."""
        self.come(count, text, at=stamp(self.clock.now() - ago), old=True)

    @property
    def recent(self) -> int:
        return self.counter.recent(self.clock.monotonic_ms(), self.clock.now())

    def before(self, ago: timedelta) -> int | None:
        return most_before(self.counter.minutes(self.clock.now()), self.clock.now() - ago)


def test_only_failed_queries_are_counted() -> None:
    """Lines of other errors are none of them; after the window it is over."""
    lines = Lines()
    lines.come(3)
    lines.come(7, "ERROR: it does not work", level="error")
    lines.come(5, old=True)
    assert lines.recent == 3, "what was there before we came does not say when it was"
    lines.clock.advance(WINDOW_S + 1)
    assert lines.recent == 0


def test_what_was_there_counts_where_it_says_when() -> None:
    """The cockpit is opened minutes after it began: that it fails is known at once."""
    lines = Lines()
    lines.written(4, timedelta(minutes=2))
    lines.written(9, timedelta(minutes=9))
    assert lines.recent == 4
    lines.clock.advance(200)
    assert lines.recent == 0


def test_a_clock_that_differs_counts_by_arrival() -> None:
    """The host's clock is wrong: what comes now is now."""
    lines = Lines()
    lines.come(2, at=stamp(lines.clock.now() - timedelta(minutes=9)))
    now = lines.clock.now()
    assert lines.recent == 0
    assert lines.counter.recent(lines.clock.monotonic_ms(), now, skewed=True) == 2


def test_before_the_deployment_is_the_worst_of_its_last_hour() -> None:
    """Old lines that say when they were written tell what was usual; none from before it: that is not known."""
    lines = Lines()
    hour = timedelta(hours=1)
    lines.written(1, 3.5 * hour, "GET / 200")
    lines.written(50, 3.1 * hour)
    for minutes in (100, 98, 70):
        lines.written(2, timedelta(minutes=minutes))
    lines.written(40, timedelta(minutes=10))
    assert lines.before(timedelta(minutes=60)) == 4, "two and two within five minutes; three hours ago is long ago"
    assert lines.before(timedelta(hours=2)) == 0, "nothing failed then, and lines are there"
    assert lines.before(timedelta(hours=4)) is None
    assert most_before(lines.counter.minutes(lines.clock.now()), None) is None
    assert most_before(lines.counter.minutes(lines.clock.now(), skewed=True), lines.clock.now()) is None


def test_a_deployment_is_no_part_of_what_was_before_it() -> None:
    """The flood that it began does not count as usual."""
    lines = Lines()
    lines.written(1, timedelta(minutes=50), "GET / 200")
    lines.written(99, timedelta(minutes=19))
    assert lines.before(timedelta(minutes=20)) == 0


def found(count: int, before: int | None = None, **more: object) -> FailedQueries:
    return FailedQueries(count, before, **{"watched_ms": WINDOW_S * 1000, "sources": 1, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counted", "ok", "seen", "expected"),
    [
        (found(0), True, "no line of failed queries in 5 min", "none in 5 min"),
        (found(1), False, "1 line of failed queries in 5 min", "none in 5 min"),
        (
            found(14, 0),
            False,
            "14 lines of failed queries in 5 min, before the deployment 0",
            "none in 5 min, as before the deployment",
        ),
        (
            found(3, 4),
            True,
            "3 lines of failed queries in 5 min, before the deployment 4",
            "at most 4 in 5 min, as before the deployment",
        ),
        (found(0, sources=0), False, "not known: 0 of 1 logs are read", "none in 5 min"),
        (found(0, troubles=("site.log: it is gone",)), False, "not known: site.log: it is gone", "none in 5 min"),
        (found(9, watched_ms=5), False, "9 lines of failed queries in 5 min", "none in 5 min"),
    ],
)
def test_the_verdict(counted: FailedQueries, ok: bool, seen: str, expected: str) -> None:
    """A10: rate now and before; too many at once are too many, what was not read is not known."""
    looked = errors_database(counted)
    assert looked is not None
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, expected)


def test_nothing_is_said_too_early() -> None:
    """Calm for a moment is not calm, and is no alarm."""
    assert errors_database(found(0, watched_ms=WINDOW_S * 1000 - 1)) is None


@pytest.mark.parametrize(
    ("seen", "at"),
    [
        ("v42 (1a2b3c4) deployed 2026-11-22 09:30Z, 12 min before the declaration; errors since 2026-11-22 09:31Z", 30),
        ("2026-11-22T07:00:00Z (1a2b3c4) deployed 2026-11-22 09:30Z, 12 min before the declaration", 30),
        ("deployed 2026-11-22T09:30:00Z", 30),
        ("no release says when it was deployed", None),
        ("v1 deployed 2026-99-22 09:30Z", None),
    ],
)
def test_the_moment_is_read_off_the_record(seen: str, at: int | None) -> None:
    """The reading of the deployment's time is words; the first moment after "deployed" counts."""
    expected = datetime(2026, 11, 22, 9, at, tzinfo=UTC) if at is not None else None
    assert moment_told(seen) == expected
