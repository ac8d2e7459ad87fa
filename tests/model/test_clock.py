"""Wall time for people, monotonic time for durations: jumps, reboots, and how times are read and shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.clock import ManualClock, SystemClock, elapsed_ms, parse_stamp, span, stamp, t_plus


@given(st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_a_wall_clock_that_jumps_changes_no_duration(passed: float, jump: float) -> None:
    """Daylight saving and NTP move no deadline."""
    clock = ManualClock()
    at, mono, boot = stamp(clock.now()), clock.monotonic_ms(), clock.boot()
    clock.advance(passed)
    clock.jump(jump)
    assert elapsed_ms(clock, at, mono, boot) == round(passed * 1000)


def test_across_a_reboot_the_wall_clock_counts() -> None:
    """After a reboot the incident's clock goes on, and never backwards below zero."""
    clock = ManualClock()
    at, mono, boot = stamp(clock.now()), clock.monotonic_ms(), clock.boot()
    clock.advance(600)
    clock.boot_name, clock.ticks = "boot0002", 5
    assert elapsed_ms(clock, at, mono, boot) == 600_000
    clock.jump(-3600)
    assert elapsed_ms(clock, at, mono, boot) == 0


def test_the_clocks_of_this_machine_agree_between_processes() -> None:
    """Two of them are the same clock: cockpit and worker compare their readings."""
    one, two = SystemClock(), SystemClock()
    first = one.monotonic_ms()
    assert first <= two.monotonic_ms() <= one.monotonic_ms()
    assert one.boot() == two.boot() != ""
    assert one.now().tzinfo is UTC


FIRST, LAST = datetime(1970, 1, 1), datetime(2106, 1, 1)  # noqa: DTZ001 - hypothesis wants bounds without a zone


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_a_stamp_is_read_as_it_was_written(moment: datetime) -> None:
    """Stamps keep every microsecond and sort as text."""
    assert parse_stamp(stamp(moment)) == moment
    later = moment + timedelta(microseconds=1)
    assert stamp(moment) < stamp(later)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000Z"),
        ("2026-11-22T10:00:00.123456789Z", "2026-11-22T10:00:00.123456Z"),
        ("2026-11-22T10:00:00.5Z", "2026-11-22T10:00:00.500000Z"),
        ("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00.000000Z"),
        ("2026-11-22T12:00:00.25+02:00", "2026-11-22T10:00:00.250000Z"),
        ("2026-11-22T04:30:00.123456789-05:30", "2026-11-22T10:00:00.123456Z"),
        ("2026-11-22T10:00:00", "2026-11-22T10:00:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_times_of_engines_and_git_are_read(text: str, expected: str) -> None:
    """RFC 3339 up to nanoseconds, with any offset; what has no zone is UTC."""
    assert stamp(parse_stamp(text)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "10:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """No time is guessed."""
    with pytest.raises(ValueError):
        parse_stamp(text)


def test_a_stamp_is_in_utc_whatever_zone_it_came_from() -> None:
    """The record knows one zone."""
    local = datetime(2026, 11, 22, 18, 0, tzinfo=timezone(timedelta(hours=8)))
    assert stamp(local) == "2026-11-22T10:00:00.000000Z"


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "T+00:00"), (-5, "T+00:00"), (59_999, "T+00:59"), (252_000, "T+04:12"), (3_600_000, "T+1:00:00")],
)
def test_the_incidents_clock_as_it_is_shown(milliseconds: int, shown: str) -> None:
    """Minutes and seconds; hours when there are any."""
    assert t_plus(milliseconds) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"), (0, "0 s"), (41, "41 s"), (60, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (3660, "1 h 1 min"),
        (93_240, "25 h 54 min"), (48 * 3600, "2 d 0 h"), (30 * 86400, "30 d 0 h"),
    ],
)  # fmt: skip
def test_durations_in_words_of_two_units(seconds: int, words: str) -> None:
    """Readable at three in the morning."""
    assert span(seconds) == words


def test_a_manual_clock_moves_only_when_told() -> None:
    """Tests and replays own the time."""
    clock = ManualClock()
    before = clock.now(), clock.monotonic_ms()
    assert (clock.now(), clock.monotonic_ms()) == before
    clock.sleep(2)
    assert clock.slept == [2]
    assert clock.now() - before[0] == timedelta(seconds=2)
    assert clock.monotonic_ms() - before[1] == 2000
