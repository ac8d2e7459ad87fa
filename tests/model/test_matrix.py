"""The decision is a total function, and the worst input decides."""

from __future__ import annotations

import itertools

import pytest

from actions.model.matrix import (
    BUILT_IN,
    DATA_RISKS,
    SEVERITIES,
    Authority,
    Decision,
    Inputs,
    may_decide,
    parse_users,
    recommend,
    users_row,
)


@pytest.mark.parametrize(("share", "row"), [(0, 3), (9, 3), (10, 2), (49, 2), (50, 1), (80, 1), (81, 0), (100, 0)])
def test_boundaries_of_the_share_of_users(share: int, row: int) -> None:
    """Every percentage belongs to exactly one row."""
    assert users_row(share) == row


def test_all_combinations_take_the_worst_row() -> None:
    """All 4 x 4 x 4 combinations are defined; the worst row wins and the deciding input is named."""
    shares = (5, 30, 60, 90)
    for severity, share, risk in itertools.product(range(4), range(4), range(4)):
        inputs = Inputs(SEVERITIES[severity], shares[share], shares[share], DATA_RISKS[risk])
        found = recommend(inputs)
        assert found is not None
        points = {"severity": severity, "users": 3 - share, "data risk": risk}
        assert found.index == min(points.values())
        assert set(found.decided_by) == {name for name, row in points.items() if row == found.index}
        assert found.disagree == (len(set(points.values())) > 1)
        assert found.row.decision is (Decision.ROLL_BACK if found.index < 2 else Decision.FIX_FORWARD)


def test_unknown_inputs_count_for_nothing_and_are_named() -> None:
    """Nothing is assumed about what nobody has said."""
    assert recommend(Inputs()) is None
    found = recommend(Inputs(severity="Low"))
    assert found is not None
    assert found.row is BUILT_IN[3]
    assert found.unknown == ("users", "data risk")
    assert "not known: users, data risk" in found.words()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60", (60, 60)),
        ("60%", (60, 60)),
        ("60 - 80 %", (60, 80)),
        (">80", (81, 100)),
        ("<10", (0, 9)),
        ("60–80", (60, 80)),
    ],
)
def test_users_are_a_number_or_a_range(text: str, expected: tuple[int, int]) -> None:
    """A range is a real answer at 3 a.m.; its upper end decides."""
    assert parse_users(text) == expected


@pytest.mark.parametrize("text", ["", "many", "80-60", "101", "-5", "6O", "1-2-3", "٣"])
def test_anything_else_is_refused_with_the_field_named(text: str) -> None:
    """Bad input names its field."""
    with pytest.raises(ValueError, match="users: "):
        parse_users(text)


def test_authority_moves_with_the_clock() -> None:
    """The first fifteen minutes belong to the DevOps Lead, to the second."""
    rules = (Authority(900, ("devops-lead",)), Authority(None, ("tech-manager",)))
    assert may_decide(0, rules) == (rules[0], 900)
    assert may_decide(899, rules) == (rules[0], 1)
    assert may_decide(900, rules) == (rules[1], None)
    assert may_decide(9, (Authority(5, ("a",)),)) == (Authority(5, ("a",)), None)
