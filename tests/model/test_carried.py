"""Several plans in one incident: what the first one bent stays owed, is paid by its own step, and by no other."""

from __future__ import annotations

from pathlib import Path

from journals import Book, plan, planned

from actions.engine.execute import _debts
from actions.model import events as ev
from actions.model.carried import with_carried
from actions.model.debts import open_ones
from actions.model.incident import owed
from actions.model.parked import straightens_parked
from actions.model.plan import Plan, PlannedStep

FREEZE = planned("X1", step="coolify.set")
THAW = planned("Z1", step="coolify.set", phase="after", pays="X1")
SWITCH = planned("X1", step="compose.switch")
COMMIT = planned("X4", step="compose.commit", optional=True)


def bend(book: Book, code: str, **facts: str) -> str:
    """Run a step that tells this debt; the name of the debt."""
    incident = book.start(code)
    told = {"debt": f"{code} bends", **facts}
    (body,) = _debts(incident, incident.runs[-1], told, took=True, now=book.clock.now())
    assert isinstance(body, ev.DebtOpened)
    book.add(body)
    book.finish()
    return body.debt


def paid_by(book: Book, code: str, *, undo: bool = False, **facts: str) -> list[str]:
    """Names of what running this step pays."""
    incident = book.start(code, undo=undo)
    bodies = _debts(incident, incident.runs[-1], facts, took=True, now=book.clock.now())
    book.add(*bodies)
    book.finish()
    return [body.debt for body in bodies if isinstance(body, ev.DebtPaid)]


def drawn(book: Book, *steps: PlannedStep) -> Plan:
    """A further plan, as the session draws it."""
    made = with_carried(plan(*steps), book.incident())
    book.draw(made)
    return made


def test_a_step_of_another_option_pays_nothing_of_the_first(tmp_path: Path) -> None:
    """R06: the codes are the same, the things are not: auto-deploy stays owed, whatever Compose does and undoes."""
    book = Book(tmp_path / "store")
    book.decide()
    drawn(book, FREEZE, THAW)
    frozen = bend(book, "X1", **{"debt of": "X1"})
    second = drawn(book, SWITCH, COMMIT)
    assert [step.code for step in second.steps] == ["X1", "X4", "Z1"], "what straightens it is taken along"
    row = second.step("X1")
    assert row is not None
    assert not second.beside(row), "the switch waits for its approvals as ever"
    switched = bend(book, "X1")
    assert paid_by(book, "X1", undo=True) == [switched]
    again = bend(book, "X1")
    assert paid_by(book, "X4", pays="X1") == [again]
    assert [one.name for one in open_ones(book.incident().debts)] == [frozen]
    assert paid_by(book, "Z1", pays="X1") == [frozen]


def test_an_undo_takes_nothing_back_that_an_earlier_plan_did(tmp_path: Path) -> None:
    """The same option twice: after the undo of the second the first one's override is in use again, and owed."""
    book = Book(tmp_path / "store")
    book.decide()
    drawn(book, SWITCH, COMMIT)
    first = bend(book, "X1")
    drawn(book, planned("X1", step="compose.switch", title="to another"), COMMIT)
    second = bend(book, "X1")
    assert paid_by(book, "X1", undo=True) == [second]
    assert [one.name for one in open_ones(book.incident().debts)] == [first]


def test_what_is_carried_gets_a_free_code_and_runs_in_a_parked_record(tmp_path: Path) -> None:
    """Two rollbacks by git: each branch has its step; what is paid, or drawn anew, is not taken along."""
    book = Book(tmp_path / "store")
    book.decide()
    one = planned("Z4", step="git.remove", phase="after", pays="X1-1004", optional=True)
    other = planned("Z4", step="git.remove", phase="after", pays="X1-1130", optional=True)
    push = planned("X1", step="git.branch")
    drawn(book, push, one)
    first = bend(book, "X1", **{"debt of": "X1-1004"})
    second = drawn(book, push, other)
    assert [(step.code, step.pays) for step in second.steps[1:]] == [("Z4", "X1-1130"), ("Z1", "X1-1004")]
    bend(book, "X1", **{"debt of": "X1-1130"})
    book.add(ev.IncidentParked("not recovered", "", "", "", "", "", ()))
    assert straightens_parked(book.incident(), "Z1")
    assert paid_by(book, "Z1", pays="X1-1004") == [first]
    assert not straightens_parked(book.incident(), "Z1")
    assert straightens_parked(book.incident(), "Z4")


def test_nothing_is_carried_where_nothing_is_owed(tmp_path: Path) -> None:
    """The plan is the one that was drawn, hash and all."""
    book = Book(tmp_path / "store")
    book.decide()
    drawn(book, FREEZE, THAW)
    made = plan(SWITCH)
    assert with_carried(made, book.incident()) is made
    bend(book, "X1", **{"debt of": "X1"})
    assert owed(book.incident(), "X1")
    again = plan(FREEZE, THAW)
    assert with_carried(again, book.incident()) is again
