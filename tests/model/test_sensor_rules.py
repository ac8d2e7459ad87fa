"""The rules of the lookout: what was read becomes seen, expected and a verdict; table by table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actions.model.clock import ManualClock, stamp
from actions.model.error_count import MINUTES_KEPT, SECONDS_KEPT, ErrorCount, ErrorCounter
from actions.model.ports import LogLine
from actions.model.sensor_rules import (
    Answered,
    BackupFile,
    Looked,
    backup_current,
    errors_rate,
    probes_green,
    response_times,
    size_words,
    worst_told,
    worth_recording,
)

MINUTE = 60_000
OK = Looked(True, "3 of 3 pass", "3 of 3 pass")


def passed(name: str, ms: int = 20, slow_ms: int = 0) -> Answered:
    return Answered(name, True, 200, ms, f"200 in {ms} ms", slow_ms=slow_ms)


@pytest.mark.parametrize(
    ("answers", "ok", "seen"),
    [
        ((passed("health"), passed("ready"), passed("front")), True, "3 of 3 pass"),
        (
            (passed("health"), Answered("ready", False, 500, 9, "500 in 9 ms, expected 200", True), passed("front")),
            False,
            "2 of 3 pass: ready answered 500",
        ),
        (
            (
                Answered("health", False, 0, 9, "connection refused"),
                Answered("ready", False, 500, 9, "500 in 9 ms, expected 200", True),
            ),
            False,
            "0 of 2 pass: health: connection refused and 1 more",
        ),
        (
            (Answered("health", False, 200, 7, "200 in 7 ms, but the body (empty) does not hold ok"),),
            False,
            "0 of 1 pass: health: 200, but the body (empty) does not hold ok",
        ),
        ((), False, "0 of 0 pass"),
    ],
)
def test_probes_are_green_when_all_pass(answers: tuple[Answered, ...], ok: bool, seen: str) -> None:
    """Green means observed, of every one; what is wrong is named, without times that are never the same twice."""
    looked = probes_green(answers)
    assert (looked.ok, looked.seen) == (ok, seen)
    assert looked.expected == f"{len(answers)} of {len(answers)} pass"


@pytest.mark.parametrize(
    ("answers", "ok", "seen", "expected"),
    [
        ((passed("health", 240, 800), passed("front", 100, 800)), True, "slowest 240 ms (health)", "at most 800 ms"),
        ((passed("health", 800, 800),), True, "slowest 800 ms (health)", "at most 800 ms"),
        ((passed("health", 801, 800),), False, "slowest 801 ms (health)", "at most 800 ms"),
        # the one nearest to its own limit counts, not the one with the most milliseconds
        ((passed("a", 900, 2000), passed("b", 150, 100)), False, "slowest 150 ms (b)", "at most 100 ms"),
        # a probe without a limit is not timed
        ((passed("a", 9000), passed("b", 50, 100)), True, "slowest 50 ms (b)", "at most 100 ms"),
        # a quick error page proves nothing
        (
            (passed("a", 10, 800), Answered("b", False, 500, 2, "500 in 2 ms, expected 200", True, 800)),
            False,
            "not known: b answered 500",
            "at most 800 ms",
        ),
        ((passed("a", 10),), False, "no probe has a slow_ms", ""),
    ],
)
def test_response_times_against_their_limits(answers: tuple[Answered, ...], ok: bool, seen: str, expected: str) -> None:
    """The slowest answer against its limit; both numbers are shown."""
    looked = response_times(answers)
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, expected)


def counted(count: int, worst: int, *, watched_ms: int = 10 * MINUTE, lines: int = 50, sources: int = 1) -> ErrorCount:
    return ErrorCount(count, worst, lines, watched_ms, sources)


@pytest.mark.parametrize(
    ("found", "window", "configured", "before", "ok", "seen", "expected"),
    [
        (counted(0, 143), 60, -1, 0, True, "0 a minute, worst 143", "at most 14 a minute"),
        (counted(14, 143), 60, -1, 0, True, "14 a minute, worst 143", "at most 14 a minute"),
        (counted(15, 143), 60, -1, 0, False, "15 a minute, worst 143", "at most 14 a minute"),
        (counted(143, 143), 60, -1, 0, False, "143 a minute, worst 143", "at most 14 a minute"),
        # nothing was ever wrong: one a minute is calm, two are not
        (counted(1, 1), 60, -1, 0, True, "1 a minute, worst 1", "at most 1 a minute"),
        (counted(2, 2), 60, -1, 0, False, "2 a minute, worst 2", "at most 1 a minute"),
        # the worst minute on record outlives the cockpit that counted it
        (counted(12, 12), 60, -1, 143, True, "12 a minute, worst 143", "at most 14 a minute"),
        # a configured limit, also none at all
        (counted(5, 143), 60, 5, 0, True, "5 a minute, worst 143", "at most 5 a minute"),
        (counted(1, 143), 60, 0, 0, False, "1 a minute, worst 143", "at most 0 a minute"),
        (counted(0, 143), 60, 0, 0, True, "0 a minute, worst 143", "at most 0 a minute"),
        # scaled to a minute, never rounded in our favour
        (counted(1, 1), 10, 5, 0, False, "6 a minute, worst 1", "at most 5 a minute"),
        (counted(51, 10), 600, 5, 0, False, "6 a minute, worst 10", "at most 5 a minute"),
        (counted(50, 10), 600, 5, 0, True, "5 a minute, worst 10", "at most 5 a minute"),
        # a log in which nothing is written is not the same as a calm one
        (
            counted(0, 9, lines=0),
            60,
            -1,
            0,
            True,
            "0 a minute, worst 9; no line at all for 1 min",
            "at most 1 a minute",
        ),
    ],
)
def test_the_rate_of_errors(
    found: ErrorCount, window: int, configured: int, before: int, ok: bool, seen: str, expected: str
) -> None:
    """J02: the rate now, the worst minute, and the limit, each as a number."""
    looked = errors_rate(found, window, configured, before, 1)
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, expected)


def test_what_was_not_watched_is_never_calm() -> None:
    """No green from a window that was not seen whole, from a log that cannot be read, or from one that is missing."""
    early = errors_rate(counted(0, 0, watched_ms=59_999), 60, -1)
    assert (early.ok, early.seen) == (False, "watched for less than 1 min yet; worst 0")
    assert errors_rate(counted(0, 0, watched_ms=60_000), 60, -1).ok
    already = errors_rate(counted(70, 70, watched_ms=5000), 60, -1)
    assert (already.ok, already.seen) == (False, "70 a minute, worst 70"), "too many are too many at once"
    blind = errors_rate(ErrorCount(0, 3, 9, MINUTE, 1, ("site.log: it is gone",)), 60, -1)
    assert (blind.ok, blind.seen) == (False, "not all logs can be read: site.log: it is gone; worst 3")
    fewer = errors_rate(counted(0, 0, sources=1), 60, -1, 0, 2)
    assert (fewer.ok, fewer.seen) == (False, "1 of 2 logs are read; worst 0")
    assert not errors_rate(counted(0, 0, sources=0), 60, -1).ok
    assert not errors_rate(ErrorCount(0, 0, 0, 0), 60, -1).ok


def test_the_worst_minute_is_read_back_from_the_record() -> None:
    """Every wording of the rate carries it on."""
    for found in (
        counted(0, 143),
        counted(0, 143, lines=0),
        counted(0, 143, watched_ms=1),
        counted(0, 143, sources=0),
        ErrorCount(0, 143, 9, MINUTE, 1, ("a: b",)),
    ):
        assert worst_told(errors_rate(found, 60, -1).seen) == 143
    assert worst_told("cannot be read: no route to host") == 0


HOUR = 3600


@pytest.mark.parametrize(
    ("newest", "ok", "seen"),
    [
        (
            BackupFile("obcms_prod_20251002_020000.sql.gz", 41_000_000, 3 * HOUR + 600, True, "gzip -t passes"),
            True,
            "obcms_prod_20251002_020000.sql.gz, 3 h 10 min old, 41 MB, gzip -t passes",
        ),
        (BackupFile("a.gz", 5000, 24 * HOUR, True, "gzip -t passes"), True, "a.gz, 24 h old, 5.0 kB, gzip -t passes"),
        (
            BackupFile("a.gz", 5000, 24 * HOUR + 1, True, "gzip -t passes"),
            False,
            "a.gz, 24 h old, 5.0 kB, gzip -t passes",
        ),
        (BackupFile("a.gz", 0, 60, True, "empty"), False, "a.gz, 1 min old, 0 bytes, empty"),
        (BackupFile("a.gz", 9, 60, False, "gzip -t fails: bad"), False, "a.gz, 1 min old, 9 bytes, gzip -t fails: bad"),
        (BackupFile("a", 9, 60, False, "not checked: x"), False, "a, 1 min old, 9 bytes, not checked: x"),
        (
            BackupFile("a.gz", 9, -2 * HOUR, True, "gzip -t passes"),
            False,
            "a.gz, dated 2 h in the future, 9 bytes, gzip -t passes",
        ),
        (BackupFile("a.gz", 9, -20, True, "gzip -t passes"), True, "a.gz, 0 s old, 9 bytes, gzip -t passes"),
        (None, False, "no file /b/*.gz"),
    ],
)
def test_a_backup_is_current_when_young_not_empty_and_whole(newest: BackupFile | None, ok: bool, seen: str) -> None:
    """E04: each of them is needed; what was not checked does not count."""
    looked = backup_current(newest, "/b/*.gz", "24h", 24 * HOUR)
    assert (looked.ok, looked.seen, looked.expected) == (ok, seen, "younger than 24 h")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949_999, "9.9 MB"),
        (41_400_000, "41 MB"),
        (999_600, "1.0 MB"),
        (3_200_000_000, "3.2 GB"),
        (2_500_000_000_000, "2.5 TB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    """A size is read at a glance."""
    assert size_words(size) == words


def test_only_what_is_new_goes_into_the_record() -> None:
    """A change of the verdict at once, other words once a minute, the same ones never: the journal stays small."""
    other = Looked(True, "3 of 3 pass!", "3 of 3 pass")
    assert worth_recording(None, 0, OK)
    assert worth_recording(OK, 0.1, Looked(False, "2 of 3 pass", "3 of 3 pass"))
    assert not worth_recording(OK, 99_999, OK)
    assert not worth_recording(OK, 59.9, other)
    assert worth_recording(OK, 60, other)
    assert worth_recording(OK, 1, Looked(True, "3 of 3 pass!", "3 of 3 pass", worth_s=0))
    assert worth_recording(OK, -7200, other), "a wall clock that was set back holds nothing up"


class Lines:
    """A counter and a clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.begun = self.clock.monotonic_ms()
        self.counter = ErrorCounter()

    def come(self, count: int, *, level: str = "error", ago_s: float | None = None, old: bool = False) -> None:
        at = stamp(self.clock.now() - timedelta(seconds=ago_s)) if ago_s is not None else ""
        lines = [LogLine(at, "web", "x", level, old)] * count
        self.counter.add(lines, self.clock.monotonic_ms(), self.clock.now())

    def now(self, window: int = 60, *, skewed: bool = False) -> tuple[int, int, int]:
        return self.counter.counted(window, self.begun, self.clock.monotonic_ms(), skewed=skewed)


def test_lines_count_at_the_time_they_were_written() -> None:
    """By their own time where they have one, else by their arrival; what was there before we came is not now."""
    lines = Lines()
    lines.come(100, old=True)
    lines.come(50, ago_s=2 * 3600)
    lines.come(7, level="warning")
    lines.come(3)
    lines.come(2, ago_s=10)
    assert lines.now()[0] == 5
    lines.clock.advance(51)
    assert lines.now()[0] == 3, "those with a time of their own are older"
    lines.clock.advance(9)
    assert lines.now()[0] == 0
    assert lines.now()[1] == 5


def test_a_clock_that_is_set_moves_no_line() -> None:
    """The window is measured on the clock that cannot be set."""
    lines = Lines()
    lines.come(4)
    lines.clock.jump(-7200)
    assert lines.now()[0] == 4
    lines.clock.jump(99_999)
    assert lines.now()[0] == 4
    lines.clock.advance(61)
    assert lines.now()[0] == 0


def test_a_host_whose_clock_is_late_does_not_hide_its_errors() -> None:
    """With clocks that differ the lines' own times would put every error outside of the window: a false green."""
    lines = Lines()
    lines.come(9, ago_s=180)
    assert lines.now()[0] == 0
    assert lines.now(skewed=True)[0] == 9
    lines.come(5, ago_s=86_400)
    assert lines.now(skewed=True)[0] == 9, "yesterday's are yesterday's for any clock"
    lines.come(2, ago_s=-180)
    assert lines.now()[0] == 2, "a time to come is now"


def test_the_worst_minute_is_that_of_the_incident() -> None:
    """An earlier flood does not make the limit of this one generous."""
    lines = Lines()
    lines.come(500)
    lines.clock.advance(300)
    lines.begun = lines.clock.monotonic_ms()
    lines.come(30)
    lines.clock.advance(120)
    lines.come(80)
    lines.clock.advance(600)
    assert lines.now()[1] == 80


def test_memory_is_bounded() -> None:
    """Days of errors in every second take no more than the windows that may be asked for."""
    lines = Lines()
    for _ in range(3 * SECONDS_KEPT):
        lines.come(1)
        lines.clock.advance(1)
    for _ in range(3 * MINUTES_KEPT):
        lines.come(1)
        lines.clock.advance(60)
    for buckets in (lines.counter._written, lines.counter._arrived, lines.counter._lines):
        assert len(buckets.seconds) <= 2 * SECONDS_KEPT
        assert len(buckets.minutes) <= 2 * MINUTES_KEPT
    assert lines.now(window=SECONDS_KEPT)[0] == 59
