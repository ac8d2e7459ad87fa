"""`git.remove` against a real remote: when our branch may go, that it goes by its id alone, and how it comes back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from git_flight import Flight, Remembering, make_flight
from git_ground import Ground, commit, fingerprint, git, make_ground

from actions.model.effect import RunCommand
from actions.model.plan import Plan
from actions.model.ports import Reporter
from actions.model.release import Release
from actions.model.step import Happened, Outcome, Risk
from actions.model.system import RunningCommit
from actions.steps import git_remove
from actions.steps.git_branch import PushBranch
from actions.steps.git_deploy import Deploy
from actions.steps.git_option import draw
from actions.steps.git_remove import RemoveBranch
from actions.steps.git_remove_option import Usual, usual_of
from actions.steps.perform import Performed

BRANCH = "rollback-emergency-20261122-1004"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    return make_flight(make_ground(tmp_path), tmp_path / "system")


def plan_of(flight: Flight) -> Plan:
    return draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world)


def flown(flight: Flight, *codes: str) -> tuple[Plan, RemoveBranch]:
    """The rollback, by its real steps; and the step that removes its branch."""
    plan = plan_of(flight)
    for code in codes or ("X1", "X2"):
        result = flight.step(plan, code).run(flight.world, Remembering())
        assert result.outcome is Outcome.DONE, result.summary
    step = flight.step(plan, "Z4")
    assert isinstance(step, RemoveBranch)
    return plan, step


def push_to(ground: Ground, branch: str, *, onto: str = "origin/main") -> str:
    """Somebody's new commit on a branch of the remote."""
    work = ground.remote.parent / "work"
    git(work, "fetch", "-q", "origin")
    git(work, "checkout", "-q", "--detach", onto)
    sha = commit(work, "The fix", 1793999999)
    git(work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
    return sha


def moved_on(flight: Flight) -> str:
    """A fix is on main, and deployed from there."""
    sha = push_to(flight.ground, "main")
    (flight.folder / "running").write_text(sha + "\n")
    return sha


def test_it_is_shown_as_one_deletion_held_to_the_full_id(flight: Flight) -> None:
    """Shown, then done: the command names branch and id; nothing of the clone's settings adds to it."""
    plan = plan_of(flight)
    row = plan.step("Z4")
    assert row is not None
    assert (row.phase, row.optional, row.pays, row.risk) == ("after", True, "X1-1004", Risk.REVERSIBLE)
    (effect,), (again,) = row.effects, row.undo
    assert isinstance(effect, RunCommand)
    assert isinstance(again, RunCommand)
    sha = flight.ground.shas[1]
    assert effect.argv[-4:] == (f"--force-with-lease={REF}:{sha}", "--delete", "origin", REF)
    assert again.argv[-3:] == (f"--force-with-lease={REF}:", "origin", f"{sha}^{{commit}}:{REF}")
    assert effect.argv[2:8] == again.argv[2:8]
    assert "--force" not in effect.argv
    bad = flight.ground.shas[2][:10]
    assert row.expected.endswith(f"refused while main on origin still ends with {bad}, or {sha[:10]} runs")
    undo_row = plan.step("Z5")
    assert undo_row is not None
    assert (undo_row.pays, f"{BRANCH}-undo" in undo_row.title) == ("X1-1004-undo", True)


def test_it_goes_once_the_deploy_has_moved_on(flight: Flight) -> None:
    """Z20: refused while main ends with the bad commit, and while the target runs; then one ref is gone."""
    _, step = flown(flight)
    bad = flight.ground.shas[2][:10]
    assert step.moved(flight.world) == f"main on origin still ends with the bad {bad}: push the fix and deploy it first"
    push_to(flight.ground, "main")
    assert "still runs, for which rollback-" in step.moved(flight.world)
    assert "deploy main first" in step.moved(flight.world)
    moved_on(flight)
    assert step.moved(flight.world) == ""
    before, refs = fingerprint(flight.ground.clone), flight.ground.refs()
    result = step.run(flight.world, Remembering())
    assert (result.outcome, result.facts) == (Outcome.DONE, {"pays about": f"the branch {BRANCH}"}), result.summary
    assert flight.ground.refs() == {name: sha for name, sha in refs.items() if name != REF}
    assert fingerprint(flight.ground.clone) == before
    assert step.check(flight.world).happened is Happened.YES
    again = step.run(flight.world, Remembering())
    assert (again.outcome, "removed it already" in again.summary) == (Outcome.DONE, True)
    assert again.facts == result.facts, "what is gone is paid, whoever removed it"


def test_undone_it_stands_at_the_same_commit_and_is_owed_again(flight: Flight) -> None:
    """The undo pushes what was deleted; not over a branch that somebody made meanwhile."""
    _, step = flown(flight)
    moved_on(flight)
    step.run(flight.world, Remembering())
    assert step.check_undone(flight.world).happened is Happened.NO
    result = step.undo(flight.world, Remembering())
    assert result.outcome is Outcome.DONE, result.summary
    assert flight.ground.refs()[REF] == flight.ground.shas[1]
    assert (result.facts["debt of"], result.facts["debt about"]) == ("X1-1004", f"the branch {BRANCH}")
    step.run(flight.world, Remembering())
    git(flight.ground.remote, "update-ref", REF, flight.ground.shas[0])
    result = step.undo(flight.world, Remembering())
    assert (result.outcome, result.facts) == (Outcome.FAILED, {}), result.summary
    assert flight.ground.refs()[REF] == flight.ground.shas[0], "an older commit is not moved forward either"


def test_a_branch_that_somebody_moved_stays(flight: Flight) -> None:
    """Seen before, and by the lease in between."""
    _, step = flown(flight)
    moved_on(flight)
    theirs = push_to(flight.ground, BRANCH, onto=f"origin/{BRANCH}")
    assert f"{BRANCH} is {theirs}, not" in step.moved(flight.world)
    result = step.run(flight.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert "moved" in result.summary
    assert result.facts == {}
    assert flight.ground.refs()[REF] == theirs


def test_a_remote_that_keeps_it_or_is_away(flight: Flight) -> None:
    """Denied: the remote's words and the next move. Away: not known, and nothing is paid."""
    _, step = flown(flight)
    moved_on(flight)
    git(flight.ground.remote, "config", "receive.denyDeletes", "true")
    result = step.run(flight.world, Remembering())
    assert (result.outcome, result.facts) == (Outcome.FAILED, {})
    assert "the remote lets no branch be deleted" in result.summary
    assert "Next: " in result.summary
    flight.ground.remote.rename(flight.ground.remote.with_suffix(".away"))
    assert "origin could not be asked" in step.moved(flight.world)
    result = step.run(flight.world, Remembering())
    assert (result.outcome, result.facts) == (Outcome.UNKNOWN, {})


def test_a_remote_that_hangs_is_not_said_to_have_hung_up(flight: Flight, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom we end at the deadline may still speak of the other side: the deadline is told, for the undo as well."""
    _, step = flown(flight)
    moved_on(flight)
    summary = "git push did not end within 120 s: fatal: the remote end hung up unexpectedly"

    def ended(_effects: object, _world: object, report: Reporter) -> Performed:
        report.line("fatal: the remote end hung up unexpectedly")
        return Performed(False, summary, failed_at=1, sure=False)

    monkeypatch.setattr(git_remove, "perform", ended)
    result = step.run(flight.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert result.summary.startswith(summary)
    git(flight.ground.remote, "update-ref", "-d", REF)
    undone = step.undo(flight.world, Remembering())
    assert undone.outcome is Outcome.FAILED
    assert undone.summary.startswith(summary)


def test_what_runs_must_be_told(flight: Flight) -> None:
    """An application that is away keeps the branch; where nobody can tell, the step says so before it is run."""
    _, step = flown(flight)
    moved_on(flight)
    (flight.folder / "running").unlink()
    assert step.moved(flight.world).startswith("it is not known whether it is still deployed from: ")
    blind = dataclasses.replace(step, reader=None)
    assert blind.moved(flight.world) == ""
    assert "NOT known here what runs" in blind.expected()


def test_main_put_back_to_the_very_commit_is_enough(flight: Flight) -> None:
    """A team that resets main deploys the target from there: the branch has done its part."""
    _, step = flown(flight)
    git(flight.ground.remote, "update-ref", "refs/heads/main", flight.ground.shas[1])
    assert step.moved(flight.world) == ""


def test_the_branch_of_an_undo_is_owed_and_goes_too(flight: Flight) -> None:
    """However the undo ended; by its own step."""
    plan, _ = flown(flight)
    deployed = flight.step(plan, "X2")
    assert isinstance(deployed, Deploy)
    broken = dataclasses.replace(deployed, undo_argv=("false",))
    result = broken.undo(flight.world, Remembering())
    assert result.outcome is Outcome.FAILED
    assert result.facts["debt"] == f"the branch {BRANCH}-undo stays on origin until somebody removes it"
    assert result.facts["debt of"] == "X1-1004-undo"
    assert deployed.undo(flight.world, Remembering()).outcome is Outcome.DONE
    step = flight.step(plan, "Z5")
    assert "still ends with the bad" in step.moved(flight.world)
    moved_on(flight)
    assert step.moved(flight.world) == ""
    assert step.run(flight.world, Remembering()).outcome is Outcome.DONE
    assert f"{REF}-undo" not in flight.ground.refs()
    assert REF in flight.ground.refs(), "the other one stays"


def test_an_undo_that_pushed_nothing_owes_nothing(flight: Flight) -> None:
    """What runs may be what ran before by other hands: no branch, no debt."""
    plan, _ = flown(flight)
    (flight.folder / "running").write_text(flight.ground.shas[2] + "\n")
    seen = flight.step(plan, "X2").check_undone(flight.world)
    assert (seen.happened, seen.facts) == (Happened.YES, {})


def test_a_push_whose_end_is_not_known_is_owed_in_doubt(flight: Flight) -> None:
    """R06: nothing that may stand there is forgotten; seen to be absent, it is owed no more."""
    push = flight.step(plan_of(flight), "X1")
    assert isinstance(push, PushBranch)
    assert push.check(flight.world).facts == {"pays about": f"the branch {BRANCH}"}
    away = flight.ground.remote.with_suffix(".away")
    flight.ground.remote.rename(away)
    facts = push.check(flight.world).facts
    assert facts["debt"] == f"it is not known whether the branch {BRANCH} is on origin"
    away.rename(flight.ground.remote)
    assert facts["debt of"] == push.run(flight.world, Remembering()).facts["debt of"]


def test_which_branch_is_the_usual_one() -> None:
    """The one that ends with what runs; else the default one; what an earlier rollback runs is no bad commit."""
    a, b, c, d = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
    refs = {"HEAD": b, "refs/heads/main": b, "refs/heads/production": c, "refs/heads/rollback-1": d}
    assert usual_of(refs, b, a, "rollback-") == Usual("refs/heads/main", b)
    assert usual_of(refs, c, a, "rollback-") == Usual("refs/heads/production", c)
    assert usual_of(refs, d, a, "rollback-") == Usual("refs/heads/main", b), "a second plan"
    assert usual_of(refs, "", a, "rollback-") == Usual("refs/heads/main", b)
    assert usual_of(refs, b, a, "rollback-", "production") == Usual("refs/heads/production", b)
    assert usual_of(refs, b, a, "rollback-", "gone") == Usual("refs/heads/main", b)
    assert usual_of({**refs, "refs/heads/dev": b}, b, a, "rollback-") == Usual("refs/heads/main", b)
    assert usual_of({"HEAD": b, "refs/heads/x": b, "refs/heads/y": b}, b, a, "rollback-") == Usual("HEAD", b)
    assert usual_of({"refs/heads/x": b}, c, a, "rollback-") == Usual("", c), "a default branch that was never pushed"
    assert usual_of(refs, "", b, "rollback-") == Usual("refs/heads/main", ""), "reset to the target already"
    assert Usual("HEAD", b).branch == ""


def test_a_reader_by_url_goes_into_the_plan_without_harm(flight: Flight) -> None:
    """Rebuilt from the journal's JSON it is the same step."""
    table = flight.settings.git
    assert table is not None
    asked = dataclasses.replace(table, running=RunningCommit(url="http://127.0.0.1:9/version", field="sha"))
    settings = dataclasses.replace(flight.settings, git=asked)
    plan = draw(settings, Release("v2", flight.ground.shas[1]), flight.world)
    step = flight.step(plan, "Z4")
    row = plan.step("Z4")
    assert row is not None
    assert (step.effects(), step.undo_effects()) == (row.effects, row.undo)
