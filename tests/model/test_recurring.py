"""Pinned log lines as rules: what is the same problem again, and what is another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.model.ports import LogLine
from actions.model.recurring import Recurrences, normalise, rules_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "2026-11-22 10:02:18,123 ERROR order 4711 of user 'bob' failed",
            "2026-11-23T23:59:59.1Z ERROR order 5 of user 'eve' failed",
        ),
        ("[22/Nov/2026 10:02:18] ERROR no such page", "[1/Dec/2026 00:00:01] ERROR no such page"),
        ("Nov 22 10:02:18 web-1 app[231]: boom", "Dec  3 01:02:03 web-1 app[99]: boom"),
        (
            "task 1f0e2a9c-8b1d-4e3f-9a77-0123456789ab raised KeyError",
            "task 00000000-8b1d-4e3f-9a77-0123456789ff raised KeyError",
        ),
        ("object at 0x7f6fe0f5b090 is gone", "object at 0x7f00 is gone"),
        ("commit 3fa21bc09 is broken", "commit 09aa55ffe1 is broken"),
        ('column "a" does not exist', 'column "b\\"c" does not exist'),
        ('"GET /page/4711 HTTP/1.1" 500 12 0.331', '"GET /page/9 HTTP/1.1" 500 99183 1.2'),
        ("took 1,234.5 ms for worker 3", "took 7 ms for worker 12"),
    ],
)
def test_what_differs_each_time_is_left_out(one: str, other: str) -> None:
    """Numbers, ids, times and quoted values: the same problem."""
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"GET /page HTTP/1.1" 500 12', '"GET /page HTTP/1.1" 200 12'),
        ("GET /page 500", "GET /page 200"),
        ("status=503 from upstream", "status=200 from upstream"),
        ('"GET /page HTTP/1.1" 500', '"GET /other HTTP/1.1" 500'),
        ("ERROR order failed", "ERROR order worked"),
        ("user's cart is empty", "user's mail is empty and that's that"),
        ("deadbeef", "cafe"),
    ],
)
def test_another_answer_is_another_problem(one: str, other: str) -> None:
    """200 on a page is not 500 on it; apostrophes quote nothing."""
    assert normalise(one) != normalise(other)


@given(st.text(max_size=300))
def test_whatever_a_line_holds_it_finds_itself(text: str) -> None:
    """Never raises; a pinned line is found again when it is written again, with whatever stands around it."""
    found = Recurrences(rules_of([text]))
    found.take([LogLine("", "a", f"  {text.strip()} ")])
    assert found.total == (1 if text.strip() else 0)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), st.lists(st.integers(0, 10**9), min_size=5, max_size=5))
def test_no_number_tells_problems_apart(ones: list[int], others: list[int]) -> None:
    """Whatever they are."""
    assert normalise(" and ".join(f"worker {n}" for n in ones)) == normalise(
        " and ".join(f"worker {n}" for n in others[: len(ones)])
    )


def test_the_same_line_pinned_twice_is_one_rule() -> None:
    """And a line that says hardly anything counts only as it stands: else it would match everything."""
    rules = rules_of(["ERROR order 1 failed", "ERROR order 2 failed", "500", "  "], ["boom+"])
    assert [rule.words for rule in rules] == [
        "like the pinned line: ERROR order 1 failed",
        "exactly the pinned line: 500",
        "matches: boom+",
    ]
    found = Recurrences(rules)
    found.take([LogLine("", "a", text) for text in ("ERROR order 99 failed", "501", "500", "x boommm", "fine")])
    assert found.totals == [1, 1, 1]
    assert [(one.count, one.first) for one in found.told()] == [
        (1, "ERROR order 99 failed"),
        (1, "500"),
        (1, "x boommm"),
    ]
    assert found.told() == ()


def test_lines_that_were_there_before_tell_nothing() -> None:
    """The end of an old log is no recurrence; a line counts for one rule only."""
    found = Recurrences(rules_of(["ERROR order 1 failed"], ["ERROR"]))
    found.take([LogLine("", "a", "ERROR order 3 failed", old=True), LogLine("", "a", "ERROR order 4 failed")])
    assert found.totals == [1, 0]
    assert found.total == 1
    assert found.waiting
