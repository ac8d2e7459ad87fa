"""Phases of the list on a clock: what they ask for, their time boxes, the line at their end, and what they leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.model import events as ev
from actions.model import phases
from actions.model.blocking import Move, next_move
from actions.model.checklist import Kind, Phase, State
from actions.model.incident import Incident, Mark, Said, items, state_of
from actions.model.procedure import Checklist, ListItem, Procedure

BOOT = "boot0001"


def item(code: str, **more: Any) -> ListItem:
    """An item of a document."""
    return ListItem(code, f"text of {code}", more.pop("kind", Kind.MANUAL), 1, **more)


DOCUMENT = Procedure(
    "Going back",
    "",
    "0" * 64,
    checklists=(
        Checklist("Assess (5-10 min)", Phase.BEFORE, (item("A1"), item("A2")), 1, 600, 300),
        Checklist("Tell (2-5 min)", Phase.BEFORE, (item("C1"),), 5, 300, 120),
        Checklist("Stability", Phase.AFTER, (item("S1"),), 9, 1800),
        Checklist("Telling", Phase.AFTER, (item("S2"),), 12, 1800),
        Checklist("Root cause", Phase.AFTER_24H, (item("R1"), item("R2")), 15, 86400),
        Checklist("Testing", Phase.PREVENTION, (item("V1"),), 20),
    ),
)


def incident(**more: Any) -> Incident:
    """An incident over the document, just declared."""
    declared = ev.Declared("obcms", "production", "live", "broken", "local", "git", "", "", "1", "jump")
    fresh = Incident("INC-1", declared=declared, declared_at="2026-11-22T10:00:00.000Z", declared_boot=BOOT)
    return replace(fresh, declared_mono=1000, procedure=DOCUMENT, **more)


def marks(**states: State) -> dict[str, Mark]:
    """Marks of people."""
    return {code: Mark(state, "ops1", "2026-11-22T10:01:00.000Z", "because", "") for code, state in states.items()}


def said(body: Any, mono: int = 1000, boot: str = BOOT, at: str = "2026-11-22T10:01:00.000Z") -> Said:
    """A body with its time."""
    return Said(at, "ops1", mono, boot, body)


def test_the_line_says_what_was_done_and_what_was_not() -> None:
    """It is said aloud, so that the second person hears what was left out."""
    done = incident(marks=marks(A1=State.DONE, A2=State.OVERRIDDEN, C1=State.NOT_APPLICABLE))
    assert phases.line(done, Phase.BEFORE) == "Before: 3 of 3, one overridden, one not applicable"
    part = incident(marks=marks(A1=State.DONE, A2=State.DEFERRED))
    assert phases.line(part, Phase.BEFORE) == "Before: 1 of 3, one left for later"


def test_a_phase_is_not_ended_while_anything_is_open_or_was_left_for_later() -> None:
    """Deferred items come back before the phase closes."""
    assert phases.close_reason(incident(), Phase.BEFORE) == "A1 text of A1 is open"
    later = incident(marks=marks(A1=State.DONE, A2=State.DEFERRED, C1=State.DONE))
    assert phases.close_reason(later, Phase.BEFORE) == "A2 was left for later: it is due now"
    whole = incident(marks=marks(A1=State.DONE, A2=State.DONE, C1=State.DONE))
    assert phases.close_reason(whole, Phase.BEFORE) is None
    assert phases.close_reason(whole, Phase.CARRY_OUT) == "no plan is drawn"
    assert phases.close_reason(whole, Phase.PREVENTION) is not None


def test_next_proposes_the_line_and_then_what_follows() -> None:
    """Enter ticks, then says the line; what is due later is never proposed."""
    whole = incident(marks=marks(A1=State.DONE, A2=State.DONE, C1=State.DONE))
    assert next_move(incident()).code == "A1"
    move = next_move(whole)
    assert (move.move, move.words) == (Move.SAY, 'say aloud "Before: 3 of 3"')
    closed = {phase.value: said(ev.PhaseClosed(phase.value, "x")) for phase in (Phase.BEFORE, Phase.CARRY_OUT)}
    assert next_move(replace(whole, phases_closed=closed)).code == "S1"
    closed[Phase.AFTER.value] = said(ev.PhaseClosed("after", "x"))
    assert next_move(replace(whole, phases_closed=closed)).move is Move.CLOSE


@pytest.mark.parametrize(
    ("elapsed_s", "left"),
    [(0, 900), (899, 1), (901, -1)],
)
def test_boxes_that_follow_each_other_add_up(elapsed_s: int, left: int) -> None:
    """Ten minutes to assess and five to tell are fifteen before the rollback; over is said in negative seconds."""
    box = phases.time_box(incident(), elapsed_s * 1000)
    assert box is not None
    assert (box.phase, box.limit_s, box.left_s) == (Phase.BEFORE, 900, left)


def test_lists_under_one_heading_share_its_box_and_it_begins_where_the_phase_before_ended() -> None:
    """Half an hour after the rollback is half an hour for all of it."""
    closed = {
        Phase.BEFORE.value: said(ev.PhaseClosed("before", "x"), mono=61_000),
        Phase.CARRY_OUT.value: said(ev.PhaseClosed("carry out", "x"), mono=601_000),
    }
    box = phases.time_box(incident(phases_closed=closed), 660_000)
    assert box is not None
    assert (box.limit_s, box.left_s) == (1800, 1740)


def test_after_a_restart_of_the_machine_the_wall_clock_says_when_the_phase_began() -> None:
    """The monotonic clock of another boot says nothing."""
    closed = {
        Phase.BEFORE.value: said(ev.PhaseClosed("before", "x"), mono=61_000),
        Phase.CARRY_OUT.value: said(
            ev.PhaseClosed("carry out", "x"), mono=5, boot="boot0002", at="2026-11-22T10:10:00.000Z"
        ),
    }
    box = phases.time_box(incident(phases_closed=closed), 660_000)
    assert box is not None
    assert box.left_s == 1740


def test_more_time_is_added_to_the_phase_it_was_given_to() -> None:
    """And stays visible."""
    more = (said(ev.TimeBoxExtended("before", 300, "slow")), said(ev.TimeBoxExtended("after", 600, "slow")))
    box = phases.time_box(incident(extensions=more), 0)
    assert box is not None
    assert (box.limit_s, box.extended_s) == (1200, 300)


def test_what_is_due_within_a_day_and_open_is_left_as_debts() -> None:
    """Prevention is nobody's debt."""
    assert [one.code for one in phases.due_later(incident(marks=marks(R1=State.DONE)))] == ["R2"]


def test_a_record_without_a_procedure_has_no_phases() -> None:
    """Records from before there were any read as they did."""
    old = replace(incident(), procedure=None)
    assert phases.present(old) is None
    assert phases.time_box(old, 0) is None


def test_a_sensed_item_is_ticked_by_its_reading_alone_and_unticked_by_the_next() -> None:
    """It shows what is; a person can only override it, and what is observed comes before that."""
    document = replace(
        DOCUMENT, checklists=(Checklist("Before", Phase.BEFORE, (item("T1", sensor="probes.green"),), 1),)
    )
    base = incident()
    assert base.declared is not None
    declared = replace(base.declared, settings={"probe": [{"name": "health"}]})
    here = replace(base, procedure=document, declared=declared)
    (row,) = items(here)

    def seen(ok: bool) -> dict[str, tuple[str, ev.Observed]]:
        return {"sensed probes.green": ("2026-11-22T10:02:00.000Z", ev.Observed(0, "sensed probes.green", ok, "", ""))}

    assert state_of(here, row) is State.OPEN
    assert state_of(replace(here, marks=marks(T1=State.DONE)), row) is State.OPEN
    assert state_of(replace(here, observations=seen(True)), row) is State.DONE
    assert state_of(replace(here, observations=seen(False)), row) is State.OPEN
    assert state_of(replace(here, observations=seen(False), marks=marks(T1=State.OVERRIDDEN)), row) is State.OVERRIDDEN
    assert state_of(replace(here, observations=seen(True), marks=marks(T1=State.OVERRIDDEN)), row) is State.DONE
    assert next_move(here).move is Move.WAIT
