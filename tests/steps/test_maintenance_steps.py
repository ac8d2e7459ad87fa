"""`maintenance.on` and `.off`: what is shown is what runs, the world says whether it took, and a debt stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from notice import NoticeBoard
from performing import Told, local_world

from actions.model.effect import ObserveCommand, RunCommand, shown
from actions.model.events import Observed
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.step import Happened, Outcome
from actions.model.system import Settings, SystemTable
from actions.model.system_watch import MaintenanceTable
from actions.steps.catalog import build
from actions.steps.maintenance import DEBT, DOWN, MAYBE, MaintenanceOff, MaintenanceOn, Notice, with_notice
from actions.steps.planned import planned


@pytest.fixture
def board(tmp_path: Path) -> NoticeBoard:
    return NoticeBoard(tmp_path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return local_world(tmp_path)


def steps_of(board: NoticeBoard, *, looks: bool = True) -> tuple[MaintenanceOn, MaintenanceOff]:
    script = str(board.folder / "notice")
    look = (script, "shown") if looks else ()
    notice = Notice("local", (script, "on"), (script, "off"), look)
    return MaintenanceOn(notice), MaintenanceOff(notice)


def test_the_argv_that_is_shown_is_the_one_that_runs(board: NoticeBoard, world: World) -> None:
    """Promise 1: both commands, and the look after each, stand in the preview word for word, and nothing else runs."""
    on, off = steps_of(board)
    script = str(board.folder / "notice")
    assert on.effects() == off.undo_effects() == (
        RunCommand("local", (script, "on"), timeout_s=60),
        ObserveCommand("local", (script, "shown"), "maintenance notice", "shown", "not shown"),
    )  # fmt: skip
    assert off.effects() == on.undo_effects()
    text = "\n".join(shown(off.effects()))
    assert f"run    {script} off" in text
    assert f"then   {script} shown" in text
    assert "must not end with 0: the maintenance notice is not shown" in text
    assert on.run(world, Told()).outcome is Outcome.DONE
    assert [board.calls(word) for word in ("on", "shown", "off")] == [1, 1, 0]


def test_shown_and_taken_down(board: NoticeBoard, world: World) -> None:
    """Promises 2 and 3: the flag is looked at, a reading is on record, and the debt stands until it is gone."""
    on, off = steps_of(board)
    assert (on.check(world).happened, off.check(world).happened) == (Happened.NO, Happened.YES)
    told = Told()
    result = on.run(world, told)
    assert (result.outcome, board.shown) == (Outcome.DONE, True)
    assert result.facts == {"debt": DEBT, "debt of": "N1"}
    (seen,) = told.of(Observed)
    assert (seen.what, seen.ok, seen.expected) == ("maintenance notice", True, "shown")
    assert on.check(world).facts == {"debt": DEBT, "debt of": "N1"}
    assert off.check(world).happened is Happened.NO
    result = off.run(world, Told())
    assert (result.outcome, result.facts["pays"], board.shown) == (Outcome.DONE, "N1", False)
    assert off.check(world).facts == DOWN == {"pays": "N1", "straightens": "the maintenance notice"}
    assert on.check_undone(world).happened is Happened.YES


def test_each_undoes_the_other(board: NoticeBoard, world: World) -> None:
    """Undoing the first takes it down and pays; undoing the second shows it again, and it is owed again."""
    on, off = steps_of(board)
    on.run(world, Told())
    assert on.undo(world, Told()).facts == DOWN
    assert not board.shown
    again = off.undo(world, Told())
    assert (again.outcome, again.facts) == (Outcome.DONE, {"debt": DEBT, "debt of": "N1"})
    assert off.check_undone(world).happened is Happened.YES


def test_a_command_that_claims_to_have_worked_is_not_believed(board: NoticeBoard, world: World) -> None:
    """Promise 2: exit status 0 is a weaker lamp than the look: it is still there, so nothing is paid."""
    on, off = steps_of(board)
    on.run(world, Told())
    board.set("stuck")
    result = off.run(world, Told())
    assert result.outcome is Outcome.FAILED
    assert "pays" not in result.facts
    assert "the maintenance notice is shown" in result.summary


def test_a_command_that_fails_before_it_shows_anything_owes_nothing(board: NoticeBoard, world: World) -> None:
    """What is surely not shown is not owed; the reason of the command is told."""
    on, _ = steps_of(board)
    board.set("broken")
    result = on.run(world, Told())
    assert (result.outcome, result.facts) == (Outcome.FAILED, {})
    assert "no such site" in result.summary
    assert "not shown" in result.summary


def test_what_nobody_can_look_at_is_owed_all_the_same(board: NoticeBoard, world: World) -> None:
    """Promise 5: without a look nothing is claimed; a failed command may have shown it, and that is said."""
    on, off = steps_of(board, looks=False)
    assert "nobody can look" in on.expected()
    board.set("broken")
    result = on.run(world, Told())
    assert (result.outcome, result.facts["debt"]) == (Outcome.FAILED, MAYBE)
    seen = on.check(world)
    assert (seen.happened, seen.facts["debt"]) == (Happened.UNKNOWN, MAYBE)
    assert "[maintenance] shown" in seen.detail
    assert off.check(world).happened is Happened.UNKNOWN
    board.set("broken", False)
    assert on.run(world, Told()).facts["debt"] == DEBT


def test_a_look_that_cannot_be_taken_is_no_answer(board: NoticeBoard, world: World) -> None:
    """A command that is not there (127) does not say "not shown"."""
    on, off = steps_of(board)
    board.set("blind")
    result = on.run(world, Told())
    assert (result.outcome, result.facts["debt"]) == (Outcome.UNKNOWN, MAYBE)
    assert "not known" in result.summary
    assert on.check(world).happened is Happened.UNKNOWN
    taken = off.run(world, Told())
    assert (taken.outcome, "pays" in taken.facts) == (Outcome.UNKNOWN, False)


def test_a_missing_program_is_said(tmp_path: Path, world: World) -> None:
    """One clear line, whatever is configured."""
    notice = Notice("local", ("/nowhere/on",), ("/nowhere/off",), ("/nowhere/shown",))
    result = MaintenanceOn(notice).run(world, Told())
    assert result.outcome is not Outcome.DONE
    assert "/nowhere/on" in result.summary
    assert MaintenanceOn(notice).check(world).happened is Happened.UNKNOWN


def settings(where: str = "host", host: str = "local") -> Settings:
    table = MaintenanceTable(("site", "on"), ("site", "off"), ("site", "shown"), where, "/srv", 9)  # type: ignore[arg-type]  # a word of two
    return Settings(SystemTable("shop", "drill", host=host), maintenance=table)


def some(board: NoticeBoard) -> tuple[PlannedStep, ...]:
    on, _ = steps_of(board)
    phases = (("B1", "before"), ("X1", "carry out"), ("Z1", "after"))
    return tuple(planned(on, code=code, phase=phase) for code, phase in phases)


def test_they_stand_around_the_steps_of_any_option(board: NoticeBoard) -> None:
    """First of all, and first of what comes after: no step of the option moves with them, and each is rebuilt."""
    steps = with_notice(some(board), settings())
    assert [step.code for step in steps] == ["N1", "B1", "X1", "N2", "Z1"]
    on, off = steps[0], steps[3]
    assert (on.phase, on.pays, off.phase, off.pays) == ("before", "", "after", "N1")
    for row in (on, off):
        assert build(row.step, row.params).effects() == row.effects
    assert with_notice(some(board), settings()) == steps
    assert with_notice(some(board), Settings(SystemTable("shop", "drill"))) == some(board)


@pytest.mark.parametrize(
    ("where", "host", "runs_on"),
    [
        ("host", "local", "local"),
        ("jump host", "local", "local"),
        ("host", "ssh://ops@app", "ssh://ops@app"),
        ("jump host", "ssh://ops@app", "jump host"),
    ],
)
def test_where_it_runs(where: str, host: str, runs_on: str) -> None:
    """On the system's host, or on the one that the cockpit runs on, in the configured folder, with its deadline."""
    step = with_notice((), settings(where, host))[0]
    assert [(one.host, one.cwd, one.timeout_s) for one in step.effects] == [(runs_on, "/srv", 9)] * 2  # type: ignore[union-attr]  # both are commands
