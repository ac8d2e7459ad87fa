"""When a schedule comes round next, by cron's fields and Coolify's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actions.model.cron_time import WORDS, schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        ("0 0 * * *", "2026-11-22T00:00", "2026-11-23T00:00"),
        ("daily", "2026-11-22T23:59", "2026-11-23T00:00"),
        ("@hourly", "2026-12-31T23:10", "2027-01-01T00:00"),
        ("*/15 8-9 * * *", "2026-11-22T09:44", "2026-11-22T09:45"),
        ("*/15 8-9 * * *", "2026-11-22T09:45", "2026-11-23T08:00"),
        ("30 4 * * mon-fri", "2026-11-20T12:00", "2026-11-23T04:30"),
        ("0 3 * * 7", "2026-11-22T03:00", "2026-11-29T03:00"),  # 7 is Sunday, too
        ("weekly", "2026-11-23T00:00", "2026-11-29T00:00"),
        ("0 0 29 2 *", "2026-11-22T00:00", "2028-02-29T00:00"),
        ("0 0 13 * 5", "2026-11-10T00:00", "2026-11-13T00:00"),  # both limited: either is enough
        ("0 0 13 * 5", "2026-11-13T00:00", "2026-11-20T00:00"),
        ("0 0 */2 * 1", "2026-11-01T00:00", "2026-11-09T00:00"),  # a star: both must fit
        ("5/20 * * * *", "2026-11-22T00:25", "2026-11-22T00:45"),
        ("0 12 1 jan,jul *", "2026-11-22T00:00", "2027-01-01T12:00"),
        ("every_minute", "2026-11-22T00:00", "2026-11-22T00:01"),
    ],
)
def test_the_next_time(text: str, now: str, then: str) -> None:
    """Later than now, never now itself."""
    assert schedule(text).next_after(at(now)) == at(then)


def test_it_agrees_with_looking_at_every_minute() -> None:
    """A second, dumb way to the same answer: each minute is looked at."""
    for text in ("7,41 */5 * * *", "0 22 1-7 * sun", "59 23 31 * *", "*/9 0 * 2-3 2,4"):
        found = schedule(text)
        moment = at("2027-01-30T21:17")
        for _ in range(8):
            then = found.next_after(moment)
            assert then is not None
            walk = moment
            while True:
                walk += timedelta(minutes=1)
                if found.fits(walk) and walk.hour in found.hours and walk.minute in found.minutes:
                    break
            assert then == walk
            moment = then


@pytest.mark.parametrize(
    "text",
    [
        *("", "now and then", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 8", "5-1 * * * *", "*/0 * * * *", "*/ * * * *", "a * * * *", "1- * * * *", "-1 * * * *"),
        *("1,,2 * * * *", "\u00b2 * * * *"),
    ],
)
def test_what_is_not_understood(text: str) -> None:
    """ValueError, and nothing is guessed."""
    with pytest.raises(ValueError, match=r"."):
        schedule(text)


def test_one_that_never_comes() -> None:
    """The 31st of February is said to be that."""
    assert schedule("0 0 31 2 *").next_after(at("2026-11-22T00:00")) is None


def test_in_words() -> None:
    """As people say it; what is more than that as it stands there."""
    assert schedule("0 0 * * *").words() == "at 00:00Z daily"
    assert schedule("weekly").words() == "at 00:00Z on Sundays"
    assert schedule("hourly").words() == "every hour at :00"
    assert schedule("*/5 * * * 1").words() == "by the schedule */5 * * * 1"
    assert all(schedule(word).next_after(at("2026-11-22T00:00")) for word in WORDS)


@pytest.mark.parametrize(
    ("text", "now", "zone", "then"),
    [
        ("0 0 * * *", "2026-11-22T12:00", "Europe/Berlin", "2026-11-22T23:00"),
        ("0 0 * * *", "2026-07-22T12:00", "Europe/Berlin", "2026-07-22T22:00"),
        ("0 0 * * *", "2026-11-22T12:00", "America/New_York", "2026-11-23T05:00"),
        ("0 3 * * 1", "2026-11-22T12:00", "Asia/Kathmandu", "2026-11-22T21:15"),
        ("30 2 * * *", "2026-03-28T12:00", "Europe/Berlin", "2026-03-29T01:30"),  # skipped: an hour later by the clock
        ("30 2 * * *", "2026-10-24T12:00", "Europe/Berlin", "2026-10-25T00:30"),  # comes twice: the first
        ("0 0 * * *", "2026-11-22T00:00", "Pacific/Kiritimati", "2026-11-22T10:00"),
    ],
)
def test_by_the_clock_of_a_server(text: str, now: str, zone: str, then: str) -> None:
    """Midnight there is another time here; what comes out is UTC."""
    zoneinfo = pytest.importorskip("zoneinfo")
    assert schedule(text).next_after(at(now), zoneinfo.ZoneInfo(zone)) == at(then)
    assert schedule("0 0 * * *").words("Europe/Berlin") == "at 00:00 Europe/Berlin daily"
    assert schedule("*/5 * * * 1").words("Europe/Berlin") == "by the schedule */5 * * * 1 (Europe/Berlin)"
