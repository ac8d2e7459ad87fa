"""Drawing the git option: names drawn once, every refusal with its reason, and what the operator must know."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from git_flight import Flight, Remembering, dirty_the_clone, make_flight
from git_ground import commit, fingerprint, git, make_ground

from actions.model.errors import BadInput, CommandFailed, Refused
from actions.model.events import EvidenceKept
from actions.model.git_text import branch_problem, in_the_way
from actions.model.plan import Plan
from actions.model.release import Release
from actions.model.step import Outcome, Risk
from actions.model.system import GitTable, Settings
from actions.steps.git_option import draw
from actions.steps.ready_remote import remote_part


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    return make_flight(make_ground(tmp_path), tmp_path / "system")


def plan_for(flight: Flight, number: int = 2) -> Plan:
    return draw(flight.settings, Release(f"v{number}", flight.ground.shas[number - 1]), flight.world)


def test_the_plan_is_whole_and_drawn_once(flight: Flight) -> None:
    """Every value is in the plan; drawing it changes nothing; its hash survives the journal."""
    before, refs = fingerprint(flight.ground.clone), flight.ground.refs()
    plan = plan_for(flight)
    assert [(row.code, row.phase, row.needs) for row in plan.steps] == [
        ("B1", "before", ()),
        ("B2", "before", ()),
        ("X1", "carry out", ("B1", "B2")),
        ("X2", "carry out", ("B1", "B2", "X1")),
        ("X3", "carry out", ("X2",)),
        ("Z4", "after", ()),
        ("Z5", "after", ()),
    ]
    assert [row.code for row in plan.steps if row.proves] == ["X3"]
    risks = [Risk.READ, Risk.READ, Risk.REVERSIBLE, Risk.REVERSIBLE, Risk.READ, Risk.REVERSIBLE, Risk.REVERSIBLE]
    assert [row.risk for row in plan.steps] == risks
    assert plan.drawn == {
        "time": "2026-11-22T10:04:31Z",
        "branch": "rollback-emergency-20261122-1004",
        "undo_branch": "rollback-emergency-20261122-1004-undo",
        "sha": flight.ground.shas[1],
    }
    assert plan.running == flight.ground.shas[2]
    assert Plan.from_json(plan.to_json()).digest == plan.digest
    assert (fingerprint(flight.ground.clone), flight.ground.refs()) == (before, refs)


def test_a_name_that_is_taken_gets_seconds(flight: Flight) -> None:
    """R10: the name is computed once, and is one that the remote does not have; also not as the name of an undo."""
    sha = flight.ground.shas[0]
    git(flight.ground.remote, "update-ref", "refs/heads/rollback-emergency-20261122-1004", sha)
    assert plan_for(flight).drawn["branch"] == "rollback-emergency-20261122-100431"
    git(flight.ground.remote, "update-ref", "refs/heads/rollback-emergency-20261122-100431-undo", sha)
    assert plan_for(flight).drawn["branch"] == "rollback-emergency-20261122-100431-2"


def test_a_branch_that_is_in_the_way(flight: Flight) -> None:
    """Git keeps no branch x/y beside a branch x: told at the drawing board and by ready, not by a failed push."""
    sha = flight.ground.shas[0]
    settings = _with(flight, branch="rollback/{time}")
    assert draw(settings, Release("v2", flight.ground.shas[1]), flight.world).drawn["branch"].startswith("rollback/")
    assert remote_part(settings, flight.world, sha).findings == ()
    git(flight.ground.remote, "update-ref", "refs/heads/rollback", sha)
    (finding,) = remote_part(settings, flight.world, sha).findings
    assert (finding.code, "the branch rollback is there" in finding.text) == ("remote-refuses", True)
    with pytest.raises(Refused, match="can take no branch rollback/2026") as refused:
        draw(settings, Release("v2", flight.ground.shas[1]), flight.world)
    assert "the branch rollback is there" in refused.value.line()
    assert in_the_way("a", ["refs/heads/a/b", "refs/tags/a"]) == "a/b"
    assert in_the_way("a/b", ["refs/heads/a-b", "refs/tags/a", "refs/heads/a/c"]) == ""


def test_the_minute_may_turn_while_it_is_flown(flight: Flight) -> None:
    """LAB E8: the clock moves on between the steps, the name does not."""
    plan = plan_for(flight)
    flight.clock.advance(3600)
    assert flight.step(plan, "X1").run(flight.world, Remembering()).outcome is Outcome.DONE
    result = flight.step(plan, "X2").run(flight.world, Remembering())
    assert result.outcome is Outcome.DONE, result.summary
    assert flight.running == flight.ground.shas[1]


@pytest.mark.parametrize(
    "branch", ["x.lock/{time}", "a/.b-{time}", "{time}.lock", "a//{time}", "x-{time}/", "x-{time}."]
)
def test_a_branch_name_that_git_refuses_is_told_by_field(flight: Flight, branch: str) -> None:
    """A bad pattern is one line with the field's name, before anything runs."""
    settings = dataclasses.replace(flight.settings, git=dataclasses.replace(_table(flight), branch=branch))
    with pytest.raises(BadInput) as caught:
        draw(settings, Release("v2", flight.ground.shas[1]), flight.world)
    assert caught.value.title == "git.branch"


HOSTILE_PATTERNS = ("-x-{time}", "--upload-pack={time}", "a..b{time}", "a~{time}", "a^{time}", "$(id){time}", "'{time}")
STRANGE_PATTERNS = ("é{time}", "\u202e{time}", "x y{time}", "no-time")


@pytest.mark.parametrize("branch", [*HOSTILE_PATTERNS, *STRANGE_PATTERNS])
def test_a_hostile_branch_pattern_is_refused_by_the_configuration(flight: Flight, branch: str) -> None:
    """Names that could be options, expressions or tricks of the eye do not get past the configuration."""
    with pytest.raises(ValueError, match="branch: "):
        dataclasses.replace(_table(flight), branch=branch)


GITS_OWN = ("", "-x", "HEAD", "refs/heads/x", "a..b", "a~1", "a^", "x.lock", "x/.y", "a//b", "x/", "x.")
OURS = ("$x", ";", "%s", "e\u0301", "🎉", "\u202ex", "deadbeef", "x" * 201)


@pytest.mark.parametrize("name", [*GITS_OWN, *OURS])
def test_names_that_are_no_branch_names(name: str) -> None:
    """Git's rules and ours, for every hostile name that we know of."""
    assert branch_problem(name)


@pytest.mark.parametrize("name", ["rollback-emergency-20261122-1004", "team/rollback-1", "v1.2"])
def test_names_that_are(name: str) -> None:
    """Ordinary names pass."""
    assert branch_problem(name) == ""


@pytest.mark.parametrize("commit_id", ["", "v2", "HEAD", "-x", "--upload-pack=id", "abc1234", "A" * 40, "v2^{commit}"])
def test_only_a_full_id_is_gone_back_to(flight: Flight, commit_id: str) -> None:
    """S14: a release without a full commit id is refused, whatever it is called."""
    with pytest.raises(Refused, match="no full commit id"):
        draw(flight.settings, Release("v2", commit_id), flight.world)


def test_refusals_at_the_drawing_board(flight: Flight) -> None:
    """Each reason of its own, with the next move, before anything is shown as possible."""
    good = Release("v2", flight.ground.shas[1])
    with pytest.raises(Refused, match=r"runs already.*choose another"):
        draw(flight.settings, Release("v3", flight.ground.shas[2]), flight.world)
    with pytest.raises(Refused, match=r"not in the clone.*git fetch --tags"):
        draw(flight.settings, Release("v9", "0" * 40), flight.world)
    with pytest.raises(Refused, match=r"git\.deploy is not configured"):
        draw(_with(flight, deploy=()), good, flight.world)
    with pytest.raises(CommandFailed, match=r"no remote nowhere.*git\.remote"):
        draw(_with(flight, remote="nowhere"), good, flight.world)
    with pytest.raises(Refused, match="no git option"):
        draw(dataclasses.replace(flight.settings, git=None), good, flight.world)
    with pytest.raises(Refused, match="no git option"):
        draw(flight.settings, good, dataclasses.replace(flight.world, repository=None))


def test_a_dirty_clone_is_shown_kept_and_not_touched(flight: Flight) -> None:
    """F78: the edit of a tired colleague is named, saved as a private patch, and stays where it is."""
    dirty_the_clone(flight.ground)
    before = fingerprint(flight.ground.clone)
    plan = plan_for(flight)
    (note,) = [note for note in plan.notes if "uncommitted" in note.text]
    assert "docker-compose.prod.yml" in note.text
    report = Remembering()
    for code in ("B1", "B2"):
        result = flight.step(plan, code).run(flight.world, report)
        assert result.outcome is Outcome.DONE, result.summary
    kept = {body.name: body for body in report.bodies if isinstance(body, EvidenceKept)}
    assert kept["git-uncommitted.patch"].private
    assert kept["git-uncommitted.patch"].size > 0
    assert set(kept) == {
        "site.log",
        "deployments.jsonl",
        "git-remote-refs.txt",
        "git-refs.txt",
        "git-status.txt",
        "git-uncommitted.patch",
    }
    assert fingerprint(flight.ground.clone) == before


def test_migrations_between_are_told(flight: Flight, tmp_path: Path) -> None:
    """H05: the code goes back, the database does not; the operator reads it before choosing."""
    assert "1 file differs from what runs, no migration among them" in map(str, plan_for(flight).notes)
    work = tmp_path / "work"
    (work / "common" / "migrations").mkdir(parents=True)
    (work / "common" / "migrations" / "0016_titles.py").write_text("x = 1\n")
    git(work, "add", ".")
    sha = commit(work, "Release 4", 1794000000)
    git(work, "push", "-q", "origin", "main")
    git(flight.ground.clone, "fetch", "-q")
    (flight.folder / "running").write_text(sha)
    (note,) = [note for note in plan_for(flight).notes if "migrations" in note.text]
    assert "common/migrations/0016_titles.py" in note.text
    assert "the database does not" in note.text


def test_a_running_commit_that_is_not_known_is_said(flight: Flight) -> None:
    """When nobody can tell what runs, the plan says what that costs: no undo, perhaps no proof."""
    (flight.folder / "running").write_text("maintenance")
    plan = plan_for(flight)
    assert plan.running == ""
    assert any("there is no undo" in note.text for note in plan.notes)
    row = plan.step("X2")
    assert row is not None
    assert row.undo == ()


def test_without_logs_to_keep_the_plan_says_so(flight: Flight) -> None:
    """Nothing is kept silently: a plan without logs is marked."""
    system = dataclasses.replace(flight.settings.system, logs=())
    settings = dataclasses.replace(_with(flight, deployments=""), system=system)
    plan = draw(settings, Release("v2", flight.ground.shas[1]), flight.world)
    assert [row.code for row in plan.steps] == ["B2", "X1", "X2", "X3", "Z4", "Z5"]
    assert any("no log of the release" in note.text for note in plan.notes)


def _table(flight: Flight) -> GitTable:
    assert flight.settings.git is not None
    return flight.settings.git


def _with(flight: Flight, **changes: Any) -> Settings:
    return dataclasses.replace(flight.settings, git=dataclasses.replace(_table(flight), **changes))
