"""Lines of several logs by their times: a late one stands where it belongs, and none is lost or turned round."""

from __future__ import annotations

from actions.model.ports import LogLine
from widgets.log_merge import LOOK_BACK, merged


def line(second: int, source: str = "app", *, timed: bool = True) -> LogLine:
    return LogLine(f"2026-11-22T10:{second // 60:02}:{second % 60:02}.000000Z" if timed else "", source, str(second))


def together(lines: list[LogLine], new: list[LogLine]) -> list[str]:
    kept, rest = merged(lines, new)
    return [f"{one.source} {one.text}" for one in [*lines[:kept], *rest]]


def test_a_late_line_stands_where_it_was_written() -> None:
    """The deployment is asked for every two seconds, the application's log flows."""
    there = [line(1), line(3), line(5), line(6)]
    late = [line(2, "deployment"), line(5, "deployment"), line(7, "deployment")]
    assert together(there, late) == [
        *("app 1", "deployment 2", "app 3", "app 5", "deployment 5", "app 6", "deployment 7"),
    ]


def test_lines_that_come_in_order_are_put_behind() -> None:
    """The usual case costs nothing: everything that is there stays."""
    there = [line(1), line(2)]
    assert merged(there, [line(2), line(3)])[0] == 2
    assert merged([], [line(3)])[0] == 0
    assert merged(there, [line(1, timed=False)])[0] == 2


def test_one_source_is_never_turned_round() -> None:
    """Its own order is the truth, whatever its times say; a divider is not passed."""
    assert together([line(9)], [line(3), line(4)]) == ["app 9", "app 3", "app 4"]
    assert together([line(2, "deployment"), line(9)], [line(1, "deployment")]) == [
        *("deployment 2", "deployment 1", "app 9"),
    ]
    divider = LogLine("2026-11-22T10:00:05.000000Z", "", "step X3", "divider")
    assert together([divider, line(9)], [line(3, "deployment")]) == [" step X3", "deployment 3", "app 9"]


def test_a_line_without_a_time_stays_behind_its_own() -> None:
    """A traceback is not cut in two."""
    there = [line(3), line(0, timed=False), line(0, timed=False), line(8)]
    assert together(there, [line(5, "deployment")]) == [*("app 3", "app 0", "app 0", "deployment 5", "app 8")]
    late = [line(2, "deployment"), line(0, "deployment", timed=False)]
    assert together([line(1), line(4)], late) == [*("app 1", "deployment 2", "deployment 0", "app 4")]


def test_only_the_newest_lines_are_looked_at() -> None:
    """However long the log is."""
    there = [line(100 + number) for number in range(3 * LOOK_BACK)]
    kept, rest = merged(there, [line(1, "deployment")])
    assert (kept, len(rest)) == (2 * LOOK_BACK, LOOK_BACK + 1)
