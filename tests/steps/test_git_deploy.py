"""`git.deploy`: what runs is what was shown, and what the world says decides what happened."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from git_flight import Flight, Remembering, make_flight
from git_ground import git, http_server, make_ground

from actions.model.effect import ObserveCommit, RunCommand
from actions.model.release import Release
from actions.model.step import Happened, Outcome
from actions.model.system import RunningCommit
from actions.steps.git_deploy import Deploy
from actions.steps.git_option import draw

BRANCH = "rollback-emergency-20261122-1004"


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    return make_flight(make_ground(tmp_path), tmp_path / "system")


def drawn(flight: Flight) -> Deploy:
    """The step for going back to v2, its branch pushed."""
    plan = draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world)
    pushed = flight.step(plan, "X1").run(flight.world, Remembering())
    assert pushed.outcome is Outcome.DONE, pushed.summary
    step = flight.step(plan, "X2")
    assert isinstance(step, Deploy)
    return step


def test_the_command_runs_with_the_branch_and_the_target_is_live(flight: Flight) -> None:
    """The configured command gets the drawn branch; the world is asked what runs."""
    step = drawn(flight)
    assert step.effects() == (RunCommand("local", (str(flight.folder / "deploy"), BRANCH)),)
    assert step.moved(flight.world) == ""
    assert step.check(flight.world).happened is Happened.NO
    report = Remembering()
    result = step.run(flight.world, report)
    assert result.outcome is Outcome.DONE
    assert flight.running == flight.ground.shas[1]
    assert step.check(flight.world).happened is Happened.YES
    assert f"deploying {BRANCH}" in report.lines


def test_it_can_be_undone(flight: Flight) -> None:
    """The undo was drawn with the plan: the former commit under a branch of its own, deployed and seen to run."""
    step = drawn(flight)
    kinds = [type(effect) for effect in step.undo_effects()]
    assert kinds == [RunCommand, RunCommand, ObserveCommit]
    step.run(flight.world, Remembering())
    result = step.undo(flight.world, Remembering())
    assert result.outcome is Outcome.DONE, result.summary
    assert flight.running == flight.ground.shas[2]
    assert step.check_undone(flight.world).happened is Happened.YES
    assert flight.ground.refs()[f"refs/heads/{BRANCH}-undo"] == flight.ground.shas[2]
    assert f"{BRANCH}-undo" in result.facts["debt"]


def test_an_undo_that_was_interrupted_can_be_run_again(flight: Flight) -> None:
    """Its branch being there already, at the same commit, is no obstacle."""
    step = drawn(flight)
    step.run(flight.world, Remembering())
    git(flight.ground.clone, "push", "-q", "origin", f"{flight.ground.shas[2]}:refs/heads/{BRANCH}-undo")
    assert step.undo(flight.world, Remembering()).outcome is Outcome.DONE


def test_nothing_but_ref_and_sha_is_replaced(tmp_path: Path) -> None:
    """Only {ref} and {sha} are replaced, in each word; everything else reaches the command as it was written."""
    words = ("sh", "-c", "echo {sha} {other} $HOME {} > /dev/null", "{sha}{sha}", "{{ref}}")
    flight = make_flight(make_ground(tmp_path), tmp_path / "system", deploy=words)
    step = flight.step(draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world), "X2")
    assert isinstance(step, Deploy)
    sha = flight.ground.shas[1]
    assert step.argv == ("sh", "-c", f"echo {sha} {{other}} $HOME {{}} > /dev/null", sha + sha, f"{{{BRANCH}}}")


def test_the_undo_of_a_command_by_id_is_the_former_id(tmp_path: Path) -> None:
    """No second branch is made where none is needed."""
    flight = make_flight(make_ground(tmp_path), tmp_path / "system", deploy=("true", "{sha}"))
    step = flight.step(draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world), "X2")
    assert isinstance(step, Deploy)
    undo = [effect for effect in step.undo_effects() if isinstance(effect, RunCommand)]
    assert [effect.argv for effect in undo] == [("true", flight.ground.shas[2])]
    assert step.branch == ""


def test_a_command_that_fails_is_red_and_says_what_runs(tmp_path: Path) -> None:
    """An exit status that is not zero is a failure, whatever it left behind is looked up."""
    command = ("sh", "-c", "echo 'no space left' >&2; exit 3", "{ref}")
    flight = make_flight(make_ground(tmp_path), tmp_path / "system", deploy=command)
    result = drawn(flight).run(flight.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert "ended with 3: no space left" in result.summary
    assert f"{flight.ground.shas[2]} still runs" in result.summary


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    """F25: the program is not there; nothing ran."""
    flight = make_flight(make_ground(tmp_path), tmp_path / "system", deploy=("no-such-deploy", "{ref}"))
    result = drawn(flight).run(flight.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert "no-such-deploy" in result.summary


def test_a_deadline_leaves_the_question_open(tmp_path: Path) -> None:
    """A deploy that was ended by its deadline may have happened: unknown, and the world is quoted."""
    flight = make_flight(
        make_ground(tmp_path), tmp_path / "system", deploy=("sh", "-c", "exec sleep 600", "{ref}"), deploy_timeout=1
    )
    result = drawn(flight).run(flight.world, Remembering())
    assert result.outcome is Outcome.UNKNOWN
    assert "still runs" in result.summary


def test_a_branch_that_is_not_pushed_or_moved_stops_it(flight: Flight) -> None:
    """It deploys the branch that was shown at the commit that was shown, or nothing."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", f"refs/heads/{BRANCH}", flight.ground.shas[0])
    assert f"{BRANCH} is {flight.ground.shas[0]}" in step.moved(flight.world)
    git(flight.ground.remote, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert "push it first" in step.moved(flight.world)


def test_another_running_commit_stops_it(flight: Flight) -> None:
    """Somebody deployed meanwhile: what is shown no longer fits."""
    step = drawn(flight)
    (flight.folder / "running").write_text(flight.ground.shas[0])
    assert "another commit runs now" in step.moved(flight.world)
    assert step.check(flight.world).happened is Happened.UNKNOWN
    (flight.folder / "running").write_text(flight.ground.shas[1])
    assert "runs already" in step.moved(flight.world)


@pytest.mark.parametrize("told", ["", "<html>502 Bad Gateway</html>", "v3", "\x1b[31mdeadbeef", "abc1234"])
def test_an_application_that_tells_nonsense_does_not_block(flight: Flight, told: str) -> None:
    """A system that is down cannot tell its commit: the deploy goes ahead, but nothing is claimed."""
    step = drawn(flight)
    (flight.folder / "running").write_text(told)
    assert step.moved(flight.world) == ""
    seen = step.check(flight.world)
    assert seen.happened is Happened.UNKNOWN
    assert "\x1b" not in seen.detail


def test_the_running_commit_is_read_from_a_url(tmp_path: Path) -> None:
    """A JSON field of an answer tells what runs, as well as a command does."""
    ground = make_ground(tmp_path)
    body = ('{"build": {"commit": "' + ground.shas[2] + '"}}').encode()
    with http_server(200, {"Content-Type": "application/json"}, body) as url:
        reader = RunningCommit(url=f"{url}/version", field="build.commit")
        flight = make_flight(ground, tmp_path / "system", running=reader)
        step = drawn(flight)
        assert step.former == ground.shas[2]
        assert step.check(flight.world).happened is Happened.NO
    assert step.check(flight.world).happened is Happened.UNKNOWN


def test_without_a_reader_nothing_is_claimed(tmp_path: Path) -> None:
    """No way to learn what runs: the step works, has no undo, and its check says that it does not know."""
    flight = make_flight(make_ground(tmp_path), tmp_path / "system", running=None)
    step = drawn(flight)
    assert step.run(flight.world, Remembering()).outcome is Outcome.DONE
    assert step.check(flight.world).happened is Happened.UNKNOWN
    assert step.undo_effects() == ()
    assert step.undo(flight.world, Remembering()).outcome is Outcome.FAILED


def test_a_step_is_rebuilt_from_the_record_as_it_was(flight: Flight) -> None:
    """What the worker runs is what was shown: the fields survive the journal."""
    plan = draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world)
    for row in plan.steps:
        step = flight.step(plan, row.code)
        assert (step.effects(), step.undo_effects()) == (row.effects, row.undo)
        assert dataclasses.is_dataclass(step)
