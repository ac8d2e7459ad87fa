"""When a procedure can be flown, and what is worth a warning."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from actions.model.checklist import Kind, Phase
from actions.model.codec import from_json, to_json
from actions.model.procedure import (
    Checklist,
    Commands,
    Contact,
    Link,
    ListItem,
    MatrixLine,
    OptionStep,
    OptionText,
    Procedure,
)
from actions.model.procedure_check import reasons, usable, warnings

ITEM = ListItem("A1", "look", Kind.MANUAL, 3)
LIST = Checklist("Before", Phase.BEFORE, (ITEM,), 3)
EMPTY = Procedure("R", "r.md", "0" * 64)
FLYABLE = replace(EMPTY, checklists=(LIST,))
ROW = MatrixLine("High", 50, 80, "50-80 %", "Low", "ROLLBACK", "1 h", 3600, 7)


def rows(*some: MatrixLine) -> Procedure:
    return replace(FLYABLE, matrix=some)


def test_something_must_be_there_to_do() -> None:
    """An item or a step is enough; an option without steps is not."""
    option = OptionText("Git", "git", 5)
    step = OptionStep("revert", 6, (Commands("sh", "git revert", 7, "git revert"),))
    assert not usable(EMPTY)
    assert not usable(replace(EMPTY, options=(option,)))
    assert usable(FLYABLE)
    assert usable(replace(EMPTY, options=(replace(option, steps=(step,)),)))


def test_a_code_given_twice() -> None:
    """Also in two lists; the lines are named."""
    again = replace(LIST, items=(replace(ITEM, line=9),))
    assert reasons(replace(EMPTY, checklists=(LIST, again))) == ("code A1 is given more than once: lines 3, 9",)


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        (replace(ROW, severity="Low", users_low=10, users_high=50, decision="Fix forward"), False),
        (replace(ROW, severity="Low", users_low=10, users_high=51, decision="Fix forward"), True),
        (replace(ROW, severity="Low", users_low=10, users_high=60, decision="Revert"), False),
        (replace(ROW, severity="high", decision="Fix forward"), True),
        (replace(ROW, severity="Low", users_low=None, users_high=None, decision="Fix forward"), False),
        (replace(ROW, severity="Low", users_low=90, users_high=80), True),
        (replace(ROW, severity="Low", users_low=90, users_high=180), True),
    ],
)
def test_rows_that_contradict_each_other(other: MatrixLine, contradicts: bool) -> None:
    """Two decisions for one share of users or one severity, and ranges that are none; a shared bound is not."""
    assert bool(reasons(rows(ROW, replace(other, line=8)))) is contradicts


def test_thresholds_are_no_contradiction() -> None:
    """Over 80 lies within over 50 by its nature; the worst row wins."""
    over_80 = replace(ROW, severity="Critical", users_low=80, users_high=100, low_open=True)
    over_10 = replace(ROW, severity="Low", users_low=10, users_high=100, low_open=True, decision="Fix forward", line=8)
    assert usable(rows(over_80, over_10))


def test_warnings() -> None:
    """An overdue review, links that lead nowhere, people without an address, a worse row with more time."""
    procedure = replace(
        rows(ROW, replace(ROW, severity="Low", users_low=0, users_high=50, within_s=60, line=8)),
        next_review="January 2026",
        links=(Link("a", "a.md", 4, False), Link("b", "https://b", 5)),
        contacts=(Contact("Lead", "", "", 6),),
    )
    said = warnings(procedure, date(2026, 2, 2))
    assert len(said) == 4
    assert [
        word for word, one in zip(("2 days", "1 of its 2", "Lead", "more time"), said, strict=True) if word not in one
    ] == []
    assert "review" not in " ".join(warnings(procedure, date(2026, 1, 31)))


def test_it_survives_being_kept() -> None:
    """Through JSON and back, with everything in it."""
    assert from_json(Procedure, to_json(rows(ROW))) == rows(ROW)
