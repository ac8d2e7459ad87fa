"""Critical workflows: each is an item under what asks for them, and together they say whether all was tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actions.gateways.markdown import read_procedure
from actions.model import events as ev
from actions.model import phases
from actions.model.blocking import Move, close_reason, move_for, next_item
from actions.model.checklist import Item, Kind, Phase, State
from actions.model.fold import fold
from actions.model.incident import Incident, Mark, Said, item_of, items, state_of
from actions.model.listing import listed
from actions.model.lookout_rules import wanted
from actions.model.message_rules import untried_reason
from actions.model.quick_dataclass import replace
from actions.model.sensing import PREFIX, reading
from actions.model.workflow_items import Tried, group, words

DOCUMENT = """# Going back

## After (within 30 minutes)

- [ ] Workflows tested <!-- code: S1 --> <!-- sensed: critical.workflows -->
- [ ] Somebody is told <!-- code: S2 -->
"""
THREE = [
    {"name": "login page", "probe": "login"},
    {"name": "dashboard", "how": "open /"},
    {"name": "jobs", "check": "q"},
]


def incident(
    folder: Path, workflows: list[dict[str, str]] | None = None, document: str = DOCUMENT, **settings: Any
) -> Incident:
    """One that follows a document, on a system with these workflows."""
    path = folder / "procedure.md"
    path.write_text(document)
    asked = {"workflow": THREE if workflows is None else workflows, **settings}
    declared = ev.Declared("x", "drill", "drill", "y", "local", "git", "c", "0", "1", "h", settings=asked)
    return Incident("INC-1", procedure=read_procedure(path), declared=declared)


def marked(one: Incident, code: str, state: State, reason: str = "") -> Incident:
    item = item_of(one, code)
    assert item is not None
    return replace(one, marks={**one.marks, code: Mark(state, "ops1", "2026-11-22T10:00:00Z", reason, item.text)})


def seen(one: Incident, sensor: str, ok: bool) -> Incident:
    body = ev.Observed(0, PREFIX + sensor, ok, "answered", "")
    return replace(one, observations={**one.observations, PREFIX + sensor: ("2026-11-22T10:00:00Z", body)})


def after(one: Incident) -> list[tuple[str, str, str, int]]:
    return [(item.code, item.kind.value, item.sensor, item.depth) for item in items(one) if item.phase is Phase.AFTER]


def states(one: Incident, *codes: str) -> list[State]:
    found = [item_of(one, code) for code in codes]
    return [state_of(one, item) for item in found if item is not None]


def test_each_workflow_is_an_item_under_what_asks_for_them(tmp_path: Path) -> None:
    """Codes, who ticks them, and where they stand."""
    assert after(incident(tmp_path)) == [
        ("S1", "sensed", "critical.workflows", 0),
        ("S1a", "sensed", "probe.login", 1),
        ("S1b", "manual", "", 1),
        ("S1c", "sensed", "check.q", 1),
        ("S2", "manual", "", 0),
    ]
    assert item_of(incident(tmp_path), "S1b").how == "open /"  # type: ignore[union-attr]  # it is there


def test_without_workflows_a_person_ticks_the_one_item(tmp_path: Path) -> None:
    """As before there were any."""
    assert after(incident(tmp_path, [])) == [("S1", "manual", "", 0), ("S2", "manual", "", 0)]


def test_what_is_configured_is_never_left_out(tmp_path: Path) -> None:
    """A document that binds no item gets the group at the end; one that asks only elsewhere does not."""
    unbound = DOCUMENT.replace(" <!-- sensed: critical.workflows -->", "")
    assert [row[0] for row in after(incident(tmp_path, None, unbound))] == ["S1", "S2", "WF1", "WF1a", "WF1b", "WF1c"]
    elsewhere = DOCUMENT.replace("critical.workflows -->", "critical.workflows --> <!-- when: payments -->")
    assert [row[0] for row in after(incident(tmp_path, None, elsewhere))] == ["S2"]
    there = incident(tmp_path, None, elsewhere, procedure={"applies": ["payments"]})
    assert [row[0] for row in after(there)] == ["S1", "S1a", "S1b", "S1c", "S2"]


def test_bound_twice_it_is_one_group(tmp_path: Path) -> None:
    """Marks are kept by code: the second item only says the same."""
    twice = DOCUMENT + "- [ ] Once more <!-- code: S9 --> <!-- sensed: critical.workflows -->\n"
    one = incident(tmp_path, None, twice)
    assert [row[0] for row in after(one)] == ["S1", "S1a", "S1b", "S1c", "S2", "S9"]
    for code in ("S1b",):
        one = marked(one, code, State.DONE)
    one = seen(seen(one, "probe.login", True), "check.q", True)
    assert states(one, "S1", "S9") == [State.DONE, State.DONE]


@pytest.mark.parametrize(("many", "last"), [(26, "S1z"), (27, "S1aa"), (60, "S1bh")])
def test_many_workflows_have_codes_of_their_own(tmp_path: Path, many: int, last: str) -> None:
    """After z comes aa; no code is given twice."""
    one = incident(tmp_path, [{"name": f"flow {number}"} for number in range(many)])
    codes = [item.code for item in items(one) if item.parent]
    assert codes[-1] == last
    assert len(set(codes)) == many


def test_codes_of_the_document_are_left_alone(tmp_path: Path) -> None:
    """Where it has a S1b of its own, the workflows are numbered."""
    taken = DOCUMENT + "- [ ] A line of its own <!-- code: S1b -->\n"
    codes = [row[0] for row in after(incident(tmp_path, None, taken))]
    assert codes == ["S1", "S1.1", "S1.2", "S1.3", "S2", "S1b"]


def test_the_group_is_done_when_every_one_is_settled(tmp_path: Path) -> None:
    """Tried, failed, tried again: its words and its state follow the workflows."""
    one = incident(tmp_path)

    def says() -> str:
        found = reading(one, "critical.workflows")
        assert found is not None
        return found.seen

    assert says() == "0 of 3 tried"
    one = seen(one, "probe.login", True)
    assert says() == "1 of 3 tried"
    one = marked(one, "S1b", State.FAILED, "blank page")
    assert says() == "2 of 3 tried, 1 failed: dashboard"
    one = seen(one, "check.q", False)
    assert says() == "3 of 3 tried, 2 failed: dashboard, jobs"
    assert states(one, "S1", "S1a", "S1b", "S1c") == [State.OPEN, State.DONE, State.FAILED, State.OPEN]
    one = marked(seen(one, "check.q", True), "S1b", State.DONE)
    assert says() == "3 of 3 work"
    assert states(one, "S1", "S1b") == [State.DONE, State.DONE]


def test_setting_the_group_aside_sets_aside_what_was_not_tried(tmp_path: Path) -> None:
    """One reason for all; what was tried and failed stays failed until somebody speaks of it."""
    one = marked(marked(incident(tmp_path), "S1b", State.FAILED, "blank"), "S1", State.OVERRIDDEN, "no time")
    overridden, failed = State.OVERRIDDEN, State.FAILED
    assert states(one, "S1", "S1a", "S1b", "S1c") == [overridden, overridden, failed, overridden]
    assert states(marked(one, "S1", State.OPEN), "S1", "S1a", "S1b") == [State.OPEN, State.OPEN, failed]


def test_settled_otherwise_is_told(tmp_path: Path) -> None:
    """Nobody reads "3 of 3 work" of what was overridden."""
    rows = [Tried("a", State.DONE), Tried("b", State.OVERRIDDEN), Tried("c", State.NOT_APPLICABLE, red=True)]
    assert words(rows) == (True, "1 of 3 work, 1 overridden, 1 not applicable", "3 of 3 work")


def test_a_failed_workflow_is_loud_and_holds_up_the_end(tmp_path: Path) -> None:
    """NEXT asks for it, the phase is not ended, "solved" is not said, and it cannot be closed as recovered."""
    one = seen(seen(marked(incident(tmp_path), "S1b", State.FAILED, "blank"), "probe.login", True), "check.q", True)
    one = marked(one, "S2", State.DONE)
    said = Said("2026-11-22T10:00:00Z", "ops1", 0, "b", None)
    one = replace(one, phases_closed={phase.value: said for phase in (Phase.BEFORE, Phase.CARRY_OUT)})
    item = next_item(one)
    assert item is not None
    assert item.code == "S1b"
    move = move_for(one, item)
    assert (move.move, move.words) == (Move.TICK, "say whether S1b works, it failed: dashboard")
    assert phases.close_reason(one, Phase.AFTER) == "S1b dashboard failed"
    assert phases.line(one, Phase.AFTER) == "After: 3 of 5, one failed"
    assert untried_reason(one) == "S1b dashboard failed"
    well = marked(one, "S1b", State.DONE)
    assert phases.close_reason(well, Phase.AFTER) is None
    assert untried_reason(well) is None


def test_recovered_is_not_said_while_a_workflow_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proven by the plan, yet users cannot work: other outcomes may be said."""
    monkeypatch.setattr(Incident, "proven", True)
    one = marked(incident(tmp_path), "S1b", State.FAILED, "blank")
    assert close_reason(one, "recovered") == "S1b dashboard failed: it does not work yet"
    assert close_reason(one, "not recovered") is None
    assert close_reason(marked(one, "S1b", State.OVERRIDDEN, "known since May"), "recovered") is None


def test_the_lookout_reads_each_of_them_and_not_the_group(tmp_path: Path) -> None:
    """The group is read off the incident."""
    asked = wanted(incident(tmp_path))
    assert {"probe.login", "check.q"} <= asked
    assert "critical.workflows" not in asked


def test_a_record_without_a_procedure_is_as_it_was(tmp_path: Path) -> None:
    """The built-in list has no group, whatever is configured."""
    rows = listed(None, {"workflow": THREE}, None)
    assert not [item for item in rows if item.parent]
    assert group(incident(tmp_path).procedure, {}) == ("", ())  # type: ignore[arg-type]  # it has one


def test_what_failed_stands_among_the_departures() -> None:
    """A person's "does not work" is as visible as an override."""
    body = ev.ItemMarked("S1b", "dashboard", "failed", "blank page")
    event = ev.Event("INC-1", 1, "2026-11-22T10:00:00Z", 0, "b", "ops1", body.kind, ev.body_data(body), "", "")
    folded = fold("INC-1", [event])
    assert [(one.what, one.reason) for one in folded.deviations] == [("S1b failed: dashboard", "blank page")]
    assert folded.marks["S1b"].state is State.FAILED


def test_items_of_no_group_are_untouched() -> None:
    """The fields are for workflows alone."""
    assert (Item("A1", "x", Kind.MANUAL, Phase.BEFORE).parent, Item("A1", "x", Kind.MANUAL, Phase.BEFORE).how) == (
        "",
        "",
    )
