"""A deadline is read strictly: what is not exactly one of its forms is refused in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from actions.model.due import due_words, parse_due

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2026-11-30", "2026-11-30T23:59:59.000000Z"),
        ("2026-11-30 18:00", "2026-11-30T18:00:00.000000Z"),
        ("2026-11-30T18:00Z", "2026-11-30T18:00:00.000000Z"),
        ("24h", "2026-11-23T10:00:00.000000Z"),
        ("3d", "2026-11-25T10:00:00.000000Z"),
        (" 3 d ", "2026-11-25T10:00:00.000000Z"),
        ("2026-11-22", "2026-11-22T23:59:59.000000Z"),
    ],
)
def test_the_forms(text: str, stamp: str) -> None:
    """Days, times and spans become stamps in UTC."""
    assert parse_due(text, NOW) == stamp


def test_a_span_counts_from_now_wherever_the_clock_stands() -> None:
    """A clock in another zone gives the same stamp."""
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    assert parse_due("24h", there) == parse_due("24h", NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "soon", "0d", "0h", "-3d", "3w", "3", "d", "1.5d", "99999d", "3dd", "\u0663d", "\uff13d"),
        *("2026-02-30", "2026-11-31", "2026-11-30 25:00", "2026-11-30 18:60", "2026-11-30 18", "30.11.2026"),
        *("2026-11-30 18:00 +08:00", "2026-11-21", "2026-11-22 09:59", "2026-1-1", "2026-11-30 18:00:00 x", "20261130"),
        *("\u0662\u0660\u0662\u0666-11-30", "0000-01-01", "2026-11-30\n18:00", "3d; rm"),
    ],
)
def test_anything_else_is_one_clear_line(text: str) -> None:
    """Not a day, not a time, or over already: said with the field's name, and nothing is guessed."""
    with pytest.raises(ValueError, match=r"^deadline: ") as refused:
        parse_due(text, NOW)
    assert "\n" not in str(refused.value)


def test_the_words_say_when_it_is_overdue() -> None:
    """A follow-up whose day is over is not shown like any other."""
    assert due_words("2026-11-30T18:00:00.000000Z") == "2026-11-30 18:00Z"
    assert due_words("2026-11-30T18:00:00.000000Z", NOW) == "2026-11-30 18:00Z"
    assert due_words("2026-11-20T18:00:00.000000Z", NOW) == "2026-11-20 18:00Z, OVERDUE"
    assert due_words("2026-11-30T18:00:00+05:00") == "2026-11-30 13:00Z"
    assert due_words("whenever") == "whenever"
