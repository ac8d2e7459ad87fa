"""Every refusal has a reason before anybody presses, and NEXT is always one thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from journals import Book, plan, planned

from actions.model import events as ev
from actions.model.blocking import Move, blocked_reason, close_reason, next_move, sign_reason
from actions.model.incident import Incident
from actions.model.step import Risk


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "store")


def test_reasons_in_the_order_an_evening_meets_them(book: Book) -> None:
    """A blocked row says why, each time with the first thing that stands in the way."""
    assert blocked_reason(book.incident(), "X1") == "no plan is drawn: choose a release first"
    incident = book.draw(plan())
    assert blocked_reason(incident, "X1") == "the decision to roll back is not recorded (D1)"
    assert blocked_reason(incident, "B1") is None
    incident = book.decide()
    assert blocked_reason(incident, "X1") == "waits for B1 title of B1"
    book.start("B1")
    assert blocked_reason(book.incident(), "X1") == "B1 title of B1 is running".replace("title of B1", "B1")
    incident = book.finish()
    assert blocked_reason(incident, "X1") is None
    assert "observe" in str(blocked_reason(incident, "X1", driver=False))
    incident = book.add(ev.StopRequested(0, "after"))
    assert "stopped" in str(blocked_reason(incident, "X1"))
    incident = book.add(ev.StopLifted())
    assert blocked_reason(incident, "X1") is None
    assert blocked_reason(incident, "X1", undo=True) == "nothing to undo: it has not run"
    incident = book.run("X1")
    assert blocked_reason(incident, "X1", undo=True) is None
    assert blocked_reason(incident, "B1", undo=True) == "this step has no undo"


def test_a_gate_blocks_every_change_even_without_a_need(book: Book) -> None:
    """A gate really blocks; overriding it needs a mark, which is a deviation."""
    book.decide()
    book.draw(plan(planned("B1", phase="before", risk=Risk.READ, gate=True), planned("X1"), planned("X2")))
    assert blocked_reason(book.incident(), "X2") == "gate: B1 title of B1 comes first"
    incident = book.add(ev.ItemMarked("B1", "logs", "overridden", "engine is dead"))
    assert blocked_reason(incident, "X2") is None


def test_deciding_forward_blocks_the_rollback(book: Book) -> None:
    """A rollback needs the decision to roll back."""
    book.draw(plan(planned("X1")))
    incident = book.add(ev.Decided("fix forward", "fix forward", "Low", "severity", "x"))
    assert blocked_reason(incident, "X1") == "the decision to roll back is not recorded (D1)"


def test_next_walks_the_whole_evening() -> None:
    """One NEXT key: from declaring to the second signature there is always exactly one proposal."""
    assert next_move(Incident("")).move is Move.DECLARE


def test_next_after_declaring(book: Book) -> None:
    """NEXT goes item by item, and ends with closing, signing and verifying."""
    seen: list[str] = []
    for _ in range(40):
        incident = book.incident()
        move = next_move(incident)
        seen.append(move.code or move.move.value)
        if move.move is Move.TICK:
            book.add(ev.ItemMarked(move.code, "text", "done"))
        elif move.move is Move.DECIDE:
            book.decide()
        elif move.move is Move.CHOOSE:
            book.draw(plan())
        elif move.move is Move.RUN:
            assert not move.blocked
            book.run(move.code)
        elif move.move is Move.CLOSE:
            assert close_reason(incident, "recovered") is None
            book.add(ev.Closed("recovered", ""))
        elif move.move is Move.SIGN:
            book.add(ev.SignedOff("executed", "ops1", "", incident.head_seq, incident.head_hash))
        elif move.move is Move.VERIFY:
            assert sign_reason(incident, "verified", "OPS1 ") == "must be somebody else than the one who executed"
            assert sign_reason(incident, "verified", "ops2") is None
            book.add(ev.SignedOff("verified", "ops2", "", incident.head_seq, incident.head_hash))
        else:
            break
    assert seen == [
        *("A1", "A2", "A3", "D1", "D2", "C1", "B1", "X1", "X2", "S1", "S2", "S3", "S4", "S5"),
        *("close", "sign", "verify", "nothing"),
    ]


def test_recovered_needs_proof(book: Book) -> None:
    """ "Back" is proven and not reported: without proof the outcome cannot be recovered."""
    book.decide()
    book.draw(plan())
    book.run("B1")
    incident = book.run("X1")
    assert "not proven" in str(close_reason(incident, "recovered"))
    assert close_reason(incident, "not recovered") is None
    assert sign_reason(incident, "executed", "ops1") == "the incident is not closed yet"


def test_a_failed_step_is_proposed_again(book: Book) -> None:
    """NEXT does not walk past a failure."""
    book.decide()
    book.draw(plan())
    for code in ("A1", "A2", "A3", "C1"):
        book.add(ev.ItemMarked(code, "text", "done"))
    book.run("B1", "failed")
    assert next_move(book.incident()).code == "B1"
    assert next_move(book.incident()).words.startswith("run B1 again")
