"""The list of an incident: the document's items with the plan's steps in their places. What applies, what is sensed."""

from __future__ import annotations

from typing import Any

from actions.model.checklist import BEFORE, Kind, Phase
from actions.model.listing import applies, inhibited, listed
from actions.model.plan import Plan, PlannedStep
from actions.model.procedure import Checklist, ListItem, Procedure
from actions.model.release import Release
from actions.model.step import Risk


def planned(code: str, step: str, phase: str) -> PlannedStep:
    """A step of a plan, as far as a list needs it."""
    return PlannedStep(code, phase, step, {}, f"title of {code}", "", Risk.REVERSIBLE, (), ())


def plan(*steps: PlannedStep) -> Plan:
    """A plan of these steps."""
    return Plan("compose", "obcms", Release("2.1"), "sha256:2", {}, steps)


def item(code: str, **more: Any) -> ListItem:
    """An item of a document."""
    return ListItem(code, f"text of {code}", more.pop("kind", Kind.MANUAL), 1, **more)


def document(*lists: Checklist) -> Procedure:
    """A document with these lists."""
    return Procedure("Going back", "", "0" * 64, checklists=lists)


STEPS = (
    planned("B1", "evidence.keep", "before"),
    planned("X1", "compose.switch", "carry out"),
    planned("X2", "compose.wait", "carry out"),
    planned("X3", "prove.back", "carry out"),
)


def codes(procedure: Procedure | None, settings: dict[str, Any], with_plan: bool = True) -> list[str]:
    """The codes in order."""
    return [one.code for one in listed(procedure, settings, plan(*STEPS) if with_plan else None)]


def test_without_a_document_the_built_in_lists_hold() -> None:
    """Records from before there was a procedure read as they did."""
    assert codes(None, {}, False)[: len(BEFORE)] == [one.code for one in BEFORE]
    assert "X1" in codes(None, {})


def test_an_item_that_names_a_step_stands_for_the_steps_of_the_plan_up_to_it() -> None:
    """The plan keeps its order; items between steps stay between them."""
    lists = document(
        Checklist("Go", Phase.CARRY_OUT, (item("G1"), item("G2", step="compose.wait"), item("G3")), 1),
    )
    assert codes(lists, {}) == ["B1", "G1", "X1", "X2", "G3", "X3"]
    assert codes(lists, {}, False) == ["G1", "G2", "G3"]
    waiting = listed(lists, {}, None)[1]
    assert (waiting.kind, waiting.code) == (Kind.STEP, "G2")


def test_an_item_whose_step_is_not_of_this_plan_is_left_out() -> None:
    """Git's steps are nothing that Docker Compose could tick."""
    lists = document(Checklist("Go", Phase.CARRY_OUT, (item("G1", step="git.branch"), item("G2")), 1))
    assert codes(lists, {}) == ["B1", "G2", "X1", "X2", "X3"]


def test_steps_that_no_item_names_stand_before_what_observes_them() -> None:
    """What is sensed of the rollback comes after it; the decision and the target come before."""
    lists = document(
        Checklist(
            "Go",
            Phase.CARRY_OUT,
            (item("G1", sensor="target"), item("G2", sensor="release.running"), item("G3")),
            1,
        ),
    )
    assert codes(lists, {}) == ["B1", "G1", "X1", "X2", "X3", "G2", "G3"]


def test_what_does_not_apply_is_inhibited_by_the_configuration_and_can_be_asked_for() -> None:
    """Payments are not asked about where there are none; a table of the configuration says that there is one."""
    lists = document(Checklist("Before", Phase.BEFORE, (item("A1", when="payments"), item("K1", when="compose")), 1))
    assert codes(lists, {}, False) == []
    assert [one.code for one in inhibited(lists, {})] == ["A1", "K1"]
    settings = {"procedure": {"applies": ["payments"]}, "compose": {"directory": "/b"}}
    assert codes(lists, settings, False) == ["A1", "K1"]
    assert inhibited(lists, settings) == ()
    assert applies(settings) == {"payments", "procedure", "database", "compose"}


def test_a_database_is_supposed_until_the_configuration_says_that_there_is_none() -> None:
    """A backup is never left out of the list because somebody forgot a line of configuration."""
    gate = item("K1", when="database", sensor="backup.current", gate=True)
    lists = document(Checklist("Before", Phase.BEFORE, (gate,), 1))
    (asked,) = listed(lists, {}, None)
    assert (asked.kind, asked.gate) == (Kind.MANUAL, True)
    (sensed,) = listed(lists, {"database": {"backups": "/b/*.gz"}}, None)
    assert sensed.kind is Kind.SENSED
    assert codes(lists, {"procedure": {"lacks": ["database"]}}, False) == []


def test_a_sensor_without_anything_to_look_at_leaves_the_item_to_a_person() -> None:
    """Nothing is ever waited for that can never come."""
    lists = document(Checklist("After", Phase.AFTER, (item("T1", sensor="probes.green", kind=Kind.SENSED),), 1))
    (by_hand,) = listed(lists, {}, None)
    (sensed,) = listed(lists, {"probe": [{"name": "health"}]}, None)
    assert (by_hand.kind, by_hand.sensor) == (Kind.MANUAL, "")
    assert (sensed.kind, sensed.sensor) == (Kind.SENSED, "probes.green")


def test_the_printed_list_is_not_flown_twice() -> None:
    """What stands in a block for paper asks for what the other lists ask for."""
    paper = Checklist("Printed", Phase.BEFORE, (item("P1"),), 9, paper=True)
    assert codes(document(Checklist("Before", Phase.BEFORE, (item("A1"),), 1), paper), {}, False) == ["A1"]
