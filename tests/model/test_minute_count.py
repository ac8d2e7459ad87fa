"""Errors by the minute in which they were written: of all forms of times, of old lines, of clocks that differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actions.model.line_time import line_time
from actions.model.minute_count import MINUTES_KEPT, MinuteCounter, minute_of
from actions.model.ports import LogLine

NOW = datetime(2026, 11, 22, 9, 30, 20, tzinfo=UTC)
THERE = minute_of(NOW)


@pytest.mark.parametrize(
    ("text", "at", "zoned"),
    [
        ("2026-11-22T09:14:05.123Z [41] ERROR x", "2026-11-22T09:14:05+00:00", True),
        ("[2026-11-22 11:14:05 +0200] [41] [ERROR] x", "2026-11-22T11:14:05+02:00", True),
        ("2026-11-22 09:14:05,123 ERROR x", "2026-11-22T09:14:05+00:00", False),
        ("ERROR 2026-11-22 09:14:05 views x", "2026-11-22T09:14:05+00:00", False),
        ("2026/11/22 09:14:05 [error] 7#7: *1 x", "2026-11-22T09:14:05+00:00", False),
        ('203.0.113.9 - - [22/Nov/2026:04:14:05 -0500] "GET / HTTP/1.1" 500', "2026-11-22T04:14:05-05:00", True),
        ("Nov 22 09:14:05 app-1 web[41]: ERROR x", "2026-11-22T09:14:05+00:00", False),
        ("Dec 31 23:59:59 app-1 web[41]: ERROR x", "2025-12-31T23:59:59+00:00", False),
        ("2026-11-22 09:14:05 UTC [12] ERROR:  x", "2026-11-22T09:14:05+00:00", True),
    ],
)
def test_forms_of_times(text: str, at: str, zoned: bool) -> None:
    """What Django, gunicorn, nginx, PostgreSQL and syslog write."""
    found = line_time(text, NOW)
    assert found is not None
    assert (found.at, found.zoned) == (datetime.fromisoformat(at), zoned)


@pytest.mark.parametrize(
    "text",
    ["", "no time", "2026-02-31 09:14:05 x", "9" * 500, "Abc 22 09:14:05 x", "1-2-3 x", " " * 130 + "2026-11-22"],
)
def test_what_is_no_time(text: str) -> None:
    """It only looks like one, or stands too far back."""
    assert line_time(text, NOW) is None


def error(text: str, *, old: bool = False, source: str = "web", at: str = "") -> LogLine:
    return LogLine(at, source, text, "error", old)


def quiet(text: str, *, old: bool = False, source: str = "web") -> LogLine:
    return LogLine("", source, text, "", old)


def counter() -> MinuteCounter:
    one = MinuteCounter()
    one.begun(NOW)
    return one


def test_old_lines_that_say_when_are_counted_there() -> None:
    """Those that were in the log before we looked; a line without errors tells from when on it is known."""
    one = counter()
    one.add(
        [
            quiet("2026-11-22T09:20:00Z GET / 200", old=True),
            error("2026-11-22T09:24:10Z ERROR x", old=True),
            error("2026-11-22T09:24:50Z ERROR x", old=True),
            error("Traceback (most recent call last):", old=True),
            error("ERROR without any time", old=True),
            error("2026-11-22T09:30:01Z ERROR x"),
        ],
        NOW,
    )
    told = one.told(NOW)
    assert [told.count(THERE - back) for back in (11, 10, 6, 5, 0, -1)] == [None, 0, 3, 0, 1, None]
    assert told.since == THERE - 10


def test_a_new_line_without_a_time_is_of_now() -> None:
    """It has just come; and what follows a dated line belongs to it."""
    one = counter()
    one.add([error("ERROR x"), error("ERROR: y")], NOW)
    assert one.told(NOW).count(THERE) == 2
    assert one.told(NOW).since == THERE


def test_a_zone_that_is_not_told_is_learnt_from_the_first_new_line() -> None:
    """An hour beside it would be a lie: until then old lines wait, and are told to."""
    one = counter()
    one.add([error("2026-11-22 11:24:10,001 ERROR x", old=True), quiet("2026-11-22 11:26:00,001 x", old=True)], NOW)
    assert (one.told(NOW).count(THERE - 6), one.told(NOW).waiting) == (None, 1)
    one.add([error("2026-11-22 11:30:18,001 ERROR x")], NOW)
    told = one.told(NOW)
    assert (told.count(THERE - 6), told.count(THERE), told.waiting, told.since) == (1, 1, 0, THERE - 6)
    one.add([error("2026-11-22 11:30:19,001 ERROR x")], NOW + timedelta(seconds=1))
    assert one.told(NOW).count(THERE) == 2


def test_the_zone_of_one_log_is_not_that_of_another() -> None:
    """Each source has its own."""
    one = counter()
    one.add([error("2026-11-22 11:30:18 ERROR x", source="a")], NOW)
    one.add([error("2026-11-22 09:25:18 ERROR x", old=True, source="b")], NOW)
    one.add([error("2026-11-22 09:30:18 ERROR x", source="b")], NOW)
    assert one.told(NOW).counts == {THERE: 2, THERE - 5: 1}


def test_a_clock_that_is_off_teaches_no_zone() -> None:
    """Seven minutes are no zone: the lines count as they come, the old ones wait."""
    one = counter()
    one.add([error("2026-11-22 09:20:00 ERROR x", old=True), error("2026-11-22 09:23:00 ERROR x")], NOW)
    told = one.told(NOW)
    assert (told.counts, told.waiting) == ({THERE: 1}, 1)


def test_with_clocks_that_differ_lines_count_as_they_come() -> None:
    """What was there before is not placed at all; what comes from long ago is long ago by any clock."""
    one = counter()
    one.add(
        [
            error("2026-11-22T09:24:10Z ERROR x", old=True),
            error("2026-11-22T09:27:10Z ERROR x"),
            error("x", at="2026-11-22T07:00:00Z"),
        ],
        NOW,
    )
    told = one.told(NOW, skewed=True)
    assert told.by_arrival
    assert (told.counts, told.since) == ({THERE: 1}, THERE)


def test_times_to_come_are_now_and_times_long_ago_are_left_out() -> None:
    """Neither stretches the strip."""
    one = counter()
    one.add([error("2026-11-22T09:45:00Z ERROR x"), error("2024-11-22T09:45:00Z ERROR x", old=True)], NOW)
    told = one.told(NOW)
    assert told.counts == {THERE: 1}
    assert told.since == THERE


def test_days_take_no_more_room_than_what_is_kept() -> None:
    """Memory is bounded, by minutes and by sources."""
    one = counter()
    for minute in range(3 * MINUTES_KEPT):
        moment = NOW + timedelta(minutes=minute)
        one.add([error("ERROR x", source=f"container-{minute}")], moment)
    assert len(one._written.counts) <= 2 * MINUTES_KEPT
    assert len(one._sources) <= 200
    later = NOW + timedelta(minutes=3 * MINUTES_KEPT)
    assert len(one.told(later).counts) < MINUTES_KEPT
    assert one.told(later).since == minute_of(later) - MINUTES_KEPT + 1
