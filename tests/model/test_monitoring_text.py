"""What monitoring showed, as text: three numbers in one line, and everything behind them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from actions.model.minute_count import Minutes, minute_of
from actions.model.monitoring_text import Asked, Errors, Load, Snapshot, note, percentile, text

NOW = minute_of(datetime(2026, 11, 11, 2, 10, 18, tzinfo=UTC))
HEALTH = Asked("health", (200, 200, 200, 200, 200), (3, 4, 3, 9, 3), 5)
FRONT = Asked("front page", (500, 500, 0, 500, 500), (2000, 1800, 1900, 2100), 0, "answered 500 in 2100 ms")
RATES = Errors(38, 90, Minutes({NOW - 3: 41, NOW - 1: 7, NOW: 12}, NOW - 5, NOW), 4, 1)


def shown(**more: object) -> Snapshot:
    """A snapshot with everything."""
    given: dict[str, object] = {
        "system": "tiny",
        "incident": "INC-1",
        "taken": "2026-11-11 02:10:18Z",
        "t_plus": "T+08:02",
        "by": "ops1",
        "errors": RATES,
        "probes": (HEALTH, FRONT),
        "outside": (Asked("maps", (0,), (), 0, "no answer"),),
        "load": (Load("connections", False, "97 of 100", "at most 80"),),
        **more,
    }
    return Snapshot(**given)  # type: ignore[arg-type]  # as the fields are


def test_three_numbers_in_one_line() -> None:
    """Errors now and at worst, the slowest answer, the load."""
    assert note(shown()) == (
        "errors 38/min, worst 41 at 02:07Z; p95 2100 ms (front page), 1 of 2 probes pass;"
        " database load connections 97 of 100"
    )


def test_what_is_not_configured_is_said() -> None:
    """In the line and in the text: nothing looks like a zero that was not looked at."""
    bare = shown(errors=None, probes=(), outside=(), load=())
    assert note(bare) == "errors: no log; response times: no probe; database load not configured"
    body = text(bare)
    assert "no log is configured" in body
    assert body.count("none is configured") == 3
    assert "[[check]] with load = true" in body


def test_the_text() -> None:
    """Every number with its time; what is outside stands side by side; what was wrong is told."""
    body = text(shown())
    assert body.isascii()
    assert all(len(line) < 120 for line in body.splitlines())
    lines = [line.strip() for line in body.splitlines()]
    assert lines[1] == "tiny, INC-1, 2026-11-11 02:10:18Z (T+08:02), kept by ops1"
    assert "worst  41 a minute, at 2026-11-11 02:07Z" in lines
    assert "02:05Z  0 0 41 0 7 12" in lines
    health = next(line for line in lines if line.startswith("health"))
    assert health.split() == ["health", "3", "ms", "9", "ms", "5", "of", "5", "200"]
    front = next(line for line in lines if line.startswith("front page"))
    assert front.split()[2:] == ["1900", "ms", "2100", "ms", "0", "of", "5", "500,", "no", "answer"]
    assert "answered 500 in 2100 ms" in lines
    assert next(line for line in lines if line.startswith("maps")).split()[1:] == [
        "-",
        "-",
        "0",
        "of",
        "1",
        "no",
        "answer",
    ]
    assert "connections: 97 of 100 (NOT WELL, expected at most 80)" in lines


def test_doubts_are_told() -> None:
    """Of clocks, of zones, of logs that cannot be read, of a minute that is not over."""
    minutes = Minutes({}, NOW, NOW, waiting=3)
    body = text(shown(errors=Errors(0, 12, minutes, 1, 0, ("site.log: is not there",), "+63.0 s against ours")))
    assert "read for 12 s" in body
    assert "! not read: site.log: is not there" in body
    assert "the host's clock differs (+63.0 s against ours)" in body
    assert "3 older error lines are not placed" in body
    assert "worst  0 a minute\n" in body


@pytest.mark.parametrize(
    ("values", "p50", "p95"), [((), 0, 0), ((7,), 7, 7), ((5, 1, 3), 3, 5), (tuple(range(1, 101)), 50, 95)]
)
def test_percentiles(values: tuple[int, ...], p50: int, p95: int) -> None:
    """The nearest rank: always a time that was measured."""
    assert (percentile(values, 50), percentile(values, 95)) == (p50, p95)
