"""After a waiting step has failed the operator is told both ways on: once more, or the undo that ends it. Pure."""

from __future__ import annotations

import pytest
from sample_incident import Evening, plan

from actions.model import events as ev
from actions.model.after_failure import abort_step, abort_words, after_failure
from actions.model.blocking import next_move
from actions.model.codec import from_json
from actions.model.effect import ObserveCommit, RunCommand
from actions.model.system import GitTable
from actions.steps.git_running import CommitReader
from widgets.hint_line import hint_row
from widgets.painted import row_text
from widgets.preview_rows import preview_text


def evening() -> Evening:
    """Everything is there for X1, a switch with an undo; X2 proves and has none."""
    one = Evening().taken().decided().ticked("A1", "A2", "A3", "C1").planned()
    return one.ran("B1", 1).ran("B2", 2)


def test_nothing_is_said_before_anything_failed() -> None:
    """A step that is open or done has nothing to end."""
    one = evening()
    assert after_failure(one.incident, "X1") == ""
    assert after_failure(one.ran("X1", 3).incident, "X1") == ""
    assert after_failure(one.incident, "Z9") == ""


def test_a_failed_switch_offers_its_own_undo() -> None:
    """R03: the abort action stands in words where NEXT stands, in the hint and in the preview."""
    incident = evening().started("X1", 3).finished(3, "failed", "web is unhealthy").incident
    assert after_failure(incident, "X1") == "Enter runs X1 again; u undoes it"
    assert next_move(incident).words == "run X1 again (u undoes it): switch image, 3 services"
    assert row_text(hint_row(incident, "X1")) == " X1: ✖ failed · Enter runs X1 again; u undoes it"
    rows = [row_text(row) for row in preview_text(incident, "X1").rows]
    assert "now    Enter runs X1 again; u undoes it" in rows
    assert rows.index("now    Enter runs X1 again; u undoes it") == 1 + next(
        at for at, row in enumerate(rows) if row.startswith("last run")
    )
    assert not any(row.startswith("now ") for row in map(row_text, preview_text(incident, "X1", driver=False).rows))


def test_a_wait_that_ran_out_offers_the_undo_of_the_switch_before_it() -> None:
    """What only looks has nothing to undo: the step that changed the system has."""
    one = evening().ran("X1", 3).started("X2", 4).finished(4, "failed", "2 of 5 passed within 60 s")
    incident = one.incident
    found = abort_step(incident, "X2")
    assert found is not None
    assert found.code == "X1"
    assert after_failure(incident, "X2") == "Enter runs X2 again; u on X1 undoes what was done"
    assert next_move(incident).words == "run X2 again (u on X1 undoes what was done): proven back"


@pytest.mark.parametrize("outcome", ["terminated", "unknown"])
def test_an_end_that_was_not_well_is_like_a_failure(outcome: str) -> None:
    """Terminated or not known: the same two ways on."""
    incident = evening().started("X1", 3).finished(3, outcome, "?").incident
    assert abort_words(incident, "X1") == "u undoes it"


def test_what_was_undone_is_not_offered_again() -> None:
    """After the undo there is nothing left that a failed proof could end."""
    one = evening().ran("X1", 3).started("X2", 4).finished(4, "failed", "no")
    one.started("X1", 5, undo=True).finished(5, "done", "back")
    assert abort_step(one.incident, "X2") is None
    assert after_failure(one.incident, "X2") == "Enter runs X2 again; nothing that was done has an undo"


def test_a_closed_incident_offers_nothing() -> None:
    """What is over is over."""
    one = evening().started("X1", 3).finished(3, "failed", "no")
    one.add(ev.Closed("abandoned", ""))
    assert after_failure(one.incident, "X1") == ""


def test_a_run_of_another_plan_is_not_offered() -> None:
    """Its effects are not those of the plan that is drawn now."""
    one = evening().ran("X1", 3)
    other = plan().to_json() | {"running": "another"}
    from actions.model.plan import Plan

    again = Plan.from_json(other)
    one.add(ev.PlanDrawn(again.digest, again.to_json()))
    one.add(ev.StepStarted(4, "X2", "prove", "proven back", again.digest, False, "enter", 9, 1, "4.out"))
    one.add(ev.StepFinished(4, "failed", "no", 9))
    assert abort_step(one.incident, "X2") is None


def test_deadlines_are_shown_with_what_they_end() -> None:
    """How long is waited stands in the preview, for commands with a deadline and for the commit that is waited for."""
    assert RunCommand("local", ("true",), timeout_s=60).lines()[-1] == "         at most 60 s"
    assert RunCommand("local", ("true",)).lines()[-1] == "  run    true"
    assert ObserveCommit("ab", url="http://127.0.0.1/", deadline_s=7).lines()[-1] == "         must tell ab, within 7 s"


def test_the_wait_for_the_commit_has_a_deadline_of_its_own() -> None:
    """[git.running] deadline: as configured, and two minutes where nobody says."""
    for written, wanted in (({"deadline": 9}, 9), ({}, 120)):
        table = from_json(GitTable, {"repository": "/r", "running": {"command": ["cat", "/x"], **written}}, "git")
        reader = CommitReader.of(table.running, "local")
        assert reader is not None
        assert reader.wanting("ab").deadline_s == wanted
    with pytest.raises(ValueError, match="deadline"):
        from_json(GitTable, {"repository": "/r", "running": {"command": ["cat"], "deadline": 0}}, "git")
