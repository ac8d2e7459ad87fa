"""The loss in numbers: merged streams find what sets find, and the words say what is known and what is not."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.codec import from_json, to_json
from actions.model.loss import LossReport, Row, TableLoss, compare_keys

ROWS = st.dictionaries(st.integers(-50, 50), st.sampled_from("abc"))


@given(ROWS, ROWS)
def test_a_merge_finds_what_sets_find(live: dict[int, str], side: dict[int, str]) -> None:
    """Lost, changed and coming back, with the keys, as computed from whole sets."""
    found = compare_keys(iter(sorted(live.items())), iter(sorted(side.items())))
    assert set(found.lost_keys) == live.keys() - side.keys()
    assert found.lost == len(live.keys() - side.keys())
    assert found.back == len(side.keys() - live.keys())
    assert set(found.changed_keys) == {key for key in live.keys() & side.keys() if live[key] != side[key]}
    assert found.changed == len(found.changed_keys)


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_equal_rows_pair_off_one_by_one(live: list[int], side: list[int]) -> None:
    """Without a key the hash is the key, and the same row may stand there many times."""
    rows = [[(one, "") for one in sorted(which)] for which in (live, side)]
    found = compare_keys(iter(rows[0]), iter(rows[1]))
    assert found.lost == (Counter(live) - Counter(side)).total()
    assert found.back == (Counter(side) - Counter(live)).total()
    assert found.changed == 0


def test_a_stream_out_of_order_is_an_error() -> None:
    """Another order on one side would make up losses."""
    rows: list[Row] = [(2, ""), (1, "")]
    with pytest.raises(ValueError, match="order"):
        compare_keys(iter(rows), iter([]))


REPORT = LossReport(
    at="2026-11-22T03:10:00.000000Z",
    since="2026-11-22T02:00:00.000000Z",
    tables={
        "public.a": TableLoss(140, 2, 0, "2026-11-22T02:58:00Z"),
        "public.b": TableLoss(3, -1, 1),
        "public.c": TableLoss(0, 0, 4),
    },
    counted={"public.a": "900 981", "public.b": "5 ", "public.c": "0 "},
)


def test_the_words() -> None:
    """What an approver reads: rows, tables, since when, and what is not known."""
    assert REPORT.words() == (
        "143 rows in 2 tables after 02:00Z; 2 rows changed; 5 rows deleted since, come back; "
        "changes are not known in 1 table"
    )
    assert REPORT.newest == "2026-11-22T02:58:00Z"
    assert REPORT.lines()[0] == "public.a: 140 rows lost, 2 rows changed, newest 2026-11-22 02:58Z"
    assert REPORT.lines(1) == (REPORT.lines()[0], "and 2 more tables")
    assert LossReport("", "2026-11-21T02:00:00Z").words() == "no row after 2026-11-21 02:00Z"
    least = LossReport("2026-11-22", tables={"t": TableLoss(1, -1, least=True)})
    assert least.words().startswith("at least 1 row in 1 table")


def test_it_goes_through_a_comment() -> None:
    """Written into the database's comment and read again, it is the same."""
    assert from_json(LossReport, to_json(REPORT), "loss") == REPORT


@pytest.mark.parametrize(
    ("now", "more"),
    [
        (REPORT.counted, 0),
        ({**REPORT.counted, "public.a": "902 983"}, 2),
        ({**REPORT.counted, "public.a": "900 982"}, 1),
        ({**REPORT.counted, "public.b": "4 "}, 1),
        ({**REPORT.counted, "public.new": "3 3"}, 3),
        ({"public.a": "900 981", "public.b": "5 "}, 1),
    ],
)
def test_what_was_written_since(now: dict[str, str], more: int) -> None:
    """Any table that moved counts, also one whose rows were exchanged."""
    assert REPORT.more_since(now) == more
