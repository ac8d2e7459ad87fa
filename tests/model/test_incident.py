"""The incident is the fold of its journal: states of items, proof, deviations, and what a crash leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from journals import Book, plan, planned

from actions.model import events as ev
from actions.model.checklist import State
from actions.model.errors import RecordDamaged
from actions.model.fold import apply, fold
from actions.model.incident import items, rollback_decided, state_of, step_state
from actions.model.matrix import Inputs
from actions.model.step import Happened, Outcome, Risk


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "store")


def state(book: Book, code: str) -> State:
    incident = book.incident()
    return next(state_of(incident, item) for item in items(incident) if item.code == code)


def test_folding_twice_and_folding_on_give_the_same(book: Book) -> None:
    """The record is the only source: any way of reading it gives the same incident."""
    book.decide()
    book.draw(plan())
    whole = book.run("B1")
    events = book.journal.events(book.id)
    half = fold(book.id, events[:3])
    assert fold(book.id, events[3:], half) == whole
    with pytest.raises(ValueError, match="does not follow"):
        apply(whole, events[0])


def test_a_step_goes_through_its_states(book: Book) -> None:
    """What failed looks failed, what was undone is open again."""
    book.decide()
    book.draw(plan())
    assert state(book, "X1") is State.OPEN
    book.start("X1")
    assert state(book, "X1") is State.RUNNING
    book.finish("failed")
    assert state(book, "X1") is State.FAILED
    book.run("X1")
    assert state(book, "X1") is State.DONE
    book.run("X1", undo=True)
    assert state(book, "X1") is State.OPEN
    book.run("X1", "moved")
    assert state(book, "X1") is State.OPEN
    book.run("X1", "terminated")
    assert state(book, "X1") is State.FAILED


@pytest.mark.parametrize(("happened", "expected"), [("yes", State.DONE), ("no", State.OPEN), ("unknown", State.FAILED)])
def test_a_lost_end_is_what_the_world_says(book: Book, happened: str, expected: State) -> None:
    """A crash is resolved by asking the world, and the answer decides the item."""
    book.decide()
    book.draw(plan())
    book.start("X1")
    incident = book.add(ev.StepResolved(1, happened, "3 of 3 run the target"))
    assert incident.running is None
    assert incident.runs[0].resolved is Happened(happened)
    assert state(book, "X1") is expected


def test_proof_is_void_after_a_later_change(book: Book) -> None:
    """ "Back" is proven only by a proof that came after everything that changed the system."""
    book.decide()
    book.draw(plan())
    book.run("B1")
    book.run("X1")
    assert not book.incident().proven
    assert book.run("X2").proven
    assert not book.run("X1", undo=True).proven
    book.run("X1")
    assert not book.incident().proven
    assert book.run("X2").proven
    assert not book.run("X2", "failed").proven


def test_a_new_plan_forgets_the_runs_and_marks_of_the_old_one(book: Book) -> None:
    """What was done for another plan ticks nothing in this one."""
    book.decide()
    book.draw(plan())
    book.run("X1")
    book.add(ev.ItemMarked("X2", "proof", "overridden", "no time"))
    book.add(ev.ItemMarked("A1", "caused", "done"))
    other = plan(planned("X1"), planned("X2", risk=Risk.READ, proves=True))
    incident = book.draw(other)
    assert [state(book, code) for code in ("X1", "X2", "A1")] == [State.OPEN, State.OPEN, State.DONE]
    assert incident.plans_drawn == 2
    assert incident.runs[0].outcome is Outcome.DONE
    assert len(incident.deviations) == 1


def test_deviations_are_kept(book: Book) -> None:
    """A "no", an override and a decision against the matrix are as visible as a "yes"."""
    book.add(ev.InputsSet("Low", 1, 2, "None"))
    book.add(ev.Decided("roll back", "fix forward", "Low", "severity", "x", "the director wants it"))
    book.add(ev.ItemMarked("C1", "told", "overridden", "night"))
    book.add(ev.LeaseTaken("ops2", "jump-2", 1, "", 2, "ops1 is unreachable", "ops1"))
    incident = book.add(ev.StopRequested(0, "now"))
    assert [one.reason for one in incident.deviations][:3] == ["the director wants it", "night", "ops1 is unreachable"]
    assert len(incident.deviations) == 4


def test_new_facts_reopen_a_decision_only_when_they_change_it(book: Book) -> None:
    """New facts are announced, never silently applied."""
    assert rollback_decided(book.decide())
    assert rollback_decided(book.add(ev.InputsSet("Critical", 90, 90, "High")))
    incident = book.add(ev.InputsSet("Low", 1, 1, "None"))
    assert incident.decision_stale
    assert not rollback_decided(incident)
    assert state(book, "D1") is State.OPEN
    assert [row[2] for row in incident.inputs_history][-1] == Inputs("Low", 1, 1, "None")


def test_commands_keep_their_ends(book: Book) -> None:
    """The command log tells what ran, how it ended and how long it took."""
    book.decide()
    book.draw(plan())
    book.start("X1")
    book.add(ev.EffectStarted(1, 1, "git push"), ev.EffectFinished(1, 1, False, 128, 340, "rejected"))
    incident = book.add(ev.EffectStarted(1, 2, "sleep"))
    assert [(one.shown, one.ok, one.exit_status, one.ms) for one in incident.commands] == [
        ("git push", False, 128, 340),
        ("sleep", None, 0, 0),
    ]


def test_kinds_of_a_newer_version_are_kept(book: Book) -> None:
    """A newer record is read; what is not understood is named, nothing is rewritten."""
    incident = book.add(ev.Unknown("telepathy", {"strength": 9}))
    assert incident.unknown_kinds == ("telepathy",)
    assert book.journal.events(book.id)[-1].data == {"strength": 9}


def test_optional_and_marked_steps(book: Book) -> None:
    """An overridden step stays overridden until it really ran."""
    book.decide()
    drawn = plan()
    book.draw(drawn)
    incident = book.add(ev.ItemMarked("B1", "logs", "overridden", "disk full"))
    assert step_state(incident, drawn.steps[0]) is State.OVERRIDDEN
    assert step_state(book.run("B1", "failed"), drawn.steps[0]) is State.OVERRIDDEN
    assert step_state(book.run("B1"), drawn.steps[0]) is State.DONE


def test_a_record_of_another_version_is_refused_by_name(book: Book) -> None:
    """F18: what this version cannot understand is said with its event, and nothing is rewritten."""
    book.decide()
    data = plan().to_json()
    del data["steps"][0]["risk"]
    book.journal.append(book.id, "ops1", ev.PlanDrawn("0" * 64, data))
    events = book.journal.events(book.id)
    with pytest.raises(RecordDamaged, match=f"event {events[-1].seq} .*cannot be understood") as caught:
        fold(book.id, events)
    assert caught.value.seq == events[-1].seq
    assert "use that version" in caught.value.next_move
