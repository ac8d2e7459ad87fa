"""What a deployment starts with comes before it, and is undone before it: else reason and next move are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from journals import Book, plan, planned

from actions.model import events as ev
from actions.model.blocking import blocked_reason
from actions.model.effect import RunCommand
from actions.model.plan import Plan, PlannedStep
from actions.model.quick_dataclass import replace

SETS, DEPLOYS = "coolify.environment", "coolify.deploy"


def deploys(*, undone: bool = True) -> PlannedStep:
    step = planned("X3", step=DEPLOYS, takes=(SETS,))
    return step if undone else replace(step, undo=())


def sets(*, undone: bool = True) -> PlannedStep:
    step = planned("B5", phase="before", step=SETS, optional=True)
    return step if undone else replace(step, undo=())


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = Book(tmp_path / "store")
    made.decide()
    made.draw(plan(sets(), deploys()))
    return made


def undo_of(book: Book, code: str = "X3") -> str:
    return blocked_reason(book.incident(), code, undo=True) or ""


def owes(book: Book, name: str) -> None:
    book.add(ev.DebtOpened(name, "environment set back", "u on B5", "2026-11-25T10:00:00Z"))


def test_the_undo_waits_for_the_other_undo(book: Book) -> None:
    """The reason names the step, why, and what to do; done in that order it is free."""
    book.run("B5")
    book.run("X3")
    assert undo_of(book) == (
        "B5 title of B5 stands, and what the undo brings back would start with it: undo B5 first (u)"
    )
    assert undo_of(book, "B5") == ""
    book.run("B5", "failed")
    assert "stands" in undo_of(book), "what was done once stands, however a repetition ended"
    book.run("B5", undo=True)
    assert undo_of(book) == ""


def test_it_is_no_matter_whether_somebody_has_paid_for_it(book: Book) -> None:
    """The debt asks people to look through the variables: who has, has put none of them back."""
    book.run("B5")
    owes(book, "B5.1")
    book.add(ev.DebtPaid("B5.1", "looked through"))
    book.run("X3")
    assert "undo B5 first (u)" in undo_of(book)


def test_an_undo_that_cannot_be_done_is_answered_for_by_hand(book: Book) -> None:
    """The operator decides: what was put back by hand is overridden, with a reason, and nothing waits for it."""
    book.run("B5")
    book.run("X3")
    book.run("B5", "failed", undo=True)
    assert undo_of(book).endswith(
        "undo B5 first (u); where its undo cannot be done, put it back by hand, then override B5 (o)"
    )
    book.add(ev.ItemMarked("B5", "put back", "overridden", "set by hand in Coolify"))
    assert undo_of(book) == ""


def test_what_did_not_happen_or_has_no_undo_holds_nothing_up(tmp_path: Path) -> None:
    """Not run, failed before anything was sent, or nothing there to be undone."""
    book = Book(tmp_path / "store")
    book.decide()
    book.draw(plan(sets(), deploys()))
    book.run("X3")
    assert undo_of(book) == ""
    book.draw(plan(sets(), deploys()))
    book.run("B5", "failed")
    book.run("X3")
    assert undo_of(book) == ""
    book.draw(plan(sets(undone=False), deploys()))
    book.run("B5")
    book.run("X3")
    assert undo_of(book) == ""


def test_half_of_it_lets_nothing_start(book: Book) -> None:
    """A mixture of two environments is neither: run again, undone, or overridden, before anything is deployed."""
    book.run("B5", "failed")
    owes(book, "B5.1")
    reason = "B5 title of B5 may be half done, and this would start with that: run B5 again, or undo it (u on B5)"
    assert blocked_reason(book.incident(), "X3") == reason
    assert blocked_reason(book.incident(), "B5") is None
    assert undo_of(book, "B5") == ""
    book.run("B5")
    assert blocked_reason(book.incident(), "X3") is None
    book.run("B5", undo=True)
    book.run("B5", "unknown")
    owes(book, "B5.4")
    assert blocked_reason(book.incident(), "X3") == reason
    marked = book.add(ev.ItemMarked("B5", "read", "overridden", "read in Coolify: as it was"))
    assert blocked_reason(marked, "X3") is None


def test_it_comes_before_what_starts_with_it(book: Book) -> None:
    """Set after the deployment, nothing that runs would have it; set before, it may be set once more."""
    incident = book.run("X3")
    assert blocked_reason(incident, "B5") == (
        "X3 title of X3 has run without it: to have it, undo X3 (u), draw the plan again, and run B5 first"
    )
    book.run("X3", undo=True)
    assert blocked_reason(book.incident(), "B5") is None
    book.run("B5")
    book.run("X3")
    assert blocked_reason(book.incident(), "B5") is None
    incident = book.run("B5", undo=True)
    assert blocked_reason(incident, "B5") is None, "what runs has it: to put it there again mends that"


def test_without_an_undo_it_may_still_be_set(tmp_path: Path) -> None:
    """Then there is no way to have it first: it holds from the next deployment on, as the step says."""
    book = Book(tmp_path / "store")
    book.decide()
    book.draw(plan(sets(), deploys(undone=False)))
    assert blocked_reason(book.run("X3"), "B5") is None


def other_plan(*steps: PlannedStep) -> Plan:
    return plan(planned("B1", phase="before", effects=(RunCommand("local", ("true", "again")),)), *steps)


@pytest.mark.parametrize("has", ["none of it", "one of its own"])
def test_what_an_earlier_plan_has_set_is_put_back_by_hand(has: str, book: Book) -> None:
    """A plan that was replaced is undone by nobody: the debt is what waits, and paying it says that it is done."""
    book.run("B5")
    owes(book, "B5.1")
    own = (sets(),) if has == "one of its own" else ()
    book.draw(other_plan(*own, deploys()))
    assert blocked_reason(book.incident(), "X3") is None
    book.run("X3")
    assert undo_of(book) == (
        "B5 B5 of an earlier plan stands, and what the undo brings back would start with it:"
        " put that back by hand, then pay B5.1 (D)"
    )
    book.add(ev.DebtPaid("B5.1", "set back by hand"))
    assert undo_of(book) == ""


def test_what_an_earlier_plan_deployed_with_it_runs_with_it(book: Book) -> None:
    """Then that is what the undo brings back, and it is right as it stands."""
    book.run("B5")
    owes(book, "B5.1")
    book.run("X3")
    book.draw(other_plan(deploys()))
    book.run("X3")
    assert undo_of(book) == ""


def test_plans_without_such_steps_are_written_as_they_were(book: Book) -> None:
    """The digest of a recorded plan stays: a field that is empty is not written."""
    row = plan(planned("X1")).to_json()["steps"][0]
    assert "takes" not in row
    drawn = plan(sets(), deploys())
    assert Plan.from_json(drawn.to_json()).steps[1].takes == (SETS,)
