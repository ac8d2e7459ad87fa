"""`git.branch` against real remotes: what it does, each way it is refused, and what it says of a lost answer."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from git_flight import Flight, Remembering, dirty_the_clone, make_flight
from git_ground import Ground, commit, fingerprint, git, http_server, make_ground
from process_looks import end_each

from actions.model.errors import GoaroundError
from actions.model.events import EffectFinished, EffectStarted
from actions.model.outside_text import is_clean
from actions.model.ports import World
from actions.model.release import Release
from actions.model.step import Happened, Outcome, Risk
from actions.steps.git_branch import PushBranch
from actions.steps.git_option import draw

BRANCH = "rollback-emergency-20261122-1004"
DEADLINE_S = 10
"""Of a push that hangs: the remote has it in hand long before, on a busy machine too."""


@pytest.fixture
def flight(tmp_path: Path) -> Flight:
    return make_flight(make_ground(tmp_path), tmp_path / "system")


def drawn(flight: Flight, **changes: object) -> PushBranch:
    """The step for going back to v2."""
    step = flight.step(draw(flight.settings, Release("v2", flight.ground.shas[1]), flight.world), "X1")
    assert isinstance(step, PushBranch)
    return dataclasses.replace(step, **changes)  # type: ignore[arg-type]


def run(step: PushBranch, world: World) -> tuple[Outcome, str, Remembering]:
    report = Remembering()
    result = step.run(world, report)
    assert is_clean(result.summary)
    return result.outcome, result.summary, report


def points_at(flight: Flight, url: str) -> None:
    git(flight.ground.clone, "config", "remote.origin.url", url)


def test_the_target_gets_a_branch_and_nothing_else_changes(flight: Flight) -> None:
    """Shown, then done: one ref appears on the remote, at the full id, and the clone's files stay byte for byte."""
    dirty_the_clone(flight.ground)
    step = drawn(flight)
    before, refs = fingerprint(flight.ground.clone), flight.ground.refs()
    assert step.moved(flight.world) == ""
    assert step.check(flight.world).happened is Happened.NO
    outcome, summary, report = run(step, flight.world)
    assert outcome is Outcome.DONE, summary
    assert flight.ground.refs() == {**refs, f"refs/heads/{BRANCH}": flight.ground.shas[1]}
    assert fingerprint(flight.ground.clone) == before
    assert step.check(flight.world).happened is Happened.YES
    kinds = [type(body) for body in report.bodies]
    assert kinds == [EffectStarted, EffectFinished]


def test_what_is_shown_is_a_plain_push_of_a_full_id(flight: Flight) -> None:
    """The preview is the command; it forces, checks out and resets nothing."""
    step = drawn(flight)
    (effect,) = step.effects()
    line = "\n".join(effect.lines())
    assert "push --porcelain --no-verify --no-follow-tags --no-signed --recurse-submodules=no origin" in line
    assert f"{step.sha}^{{commit}}:refs/heads/{BRANCH}" in line
    for word in ("--force", "-f ", "+refs", "checkout", "reset", "--mirror", "--all"):
        assert word not in line
    assert step.risk is Risk.REVERSIBLE
    assert step.undo_effects() == ()
    assert "hooks do not run" in step.title()


def test_hooks_and_settings_of_the_clone_do_not_meddle(flight: Flight, tmp_path: Path) -> None:
    """A pre-push hook, followTags and signing of somebody's daily work neither block nor widen the push."""
    hook = flight.ground.clone / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\nexit 1\n")
    hook.chmod(0o755)
    git(flight.ground.clone, "tag", "-a", "-m", "x", "private-note", flight.ground.shas[0])
    git(flight.ground.clone, "config", "push.followTags", "true")
    git(flight.ground.clone, "config", "push.gpgSign", "true")
    outcome, summary, _ = run(drawn(flight), flight.world)
    assert outcome is Outcome.DONE, summary
    assert "refs/tags/private-note" not in flight.ground.refs()
    assert not (tmp_path / "sprung").exists()


def test_a_git_dir_around_us_changes_nothing(flight: Flight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from a hook or a script, the push still leaves from the configured clone."""
    (tmp_path / "other").mkdir()
    other = make_ground(tmp_path / "other", count=2)
    step = drawn(flight)
    with monkeypatch.context() as around:
        around.setenv("GIT_DIR", str(other.clone / ".git"))
        around.setenv("GIT_INDEX_FILE", "/nonexistent/index")
        outcome, summary, _ = run(step, flight.world)
    assert outcome is Outcome.DONE, summary
    assert f"refs/heads/{BRANCH}" in flight.ground.refs()
    assert f"refs/heads/{BRANCH}" not in other.refs()


def test_a_tag_named_like_the_commit_is_not_pushed_in_its_place(flight: Flight) -> None:
    """S14: names that look like the target, whole or short, do not become the target."""
    for name in (flight.ground.shas[1][:7], flight.ground.shas[1]):
        git(flight.ground.clone, "update-ref", f"refs/tags/{name}", flight.ground.shas[0])
        git(flight.ground.clone, "update-ref", f"refs/heads/{name}", flight.ground.shas[0])
    outcome, summary, _ = run(drawn(flight), flight.world)
    assert outcome is Outcome.DONE, summary
    assert flight.ground.refs()[f"refs/heads/{BRANCH}"] == flight.ground.shas[1]


# ------------------------------------------------------------------------------------------------------- moved


def test_a_remote_that_moved_is_told_before_anything_runs(flight: Flight) -> None:
    """When main moved between draw and run, somebody else is at work: it is shown again."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", "refs/heads/main", flight.ground.shas[0])
    assert "origin has moved" in step.moved(flight.world)


def test_a_moved_tag_of_the_target_is_told(flight: Flight) -> None:
    """F81: a release tag that was re-pointed on the remote stops the step."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", "refs/tags/v2", flight.ground.shas[0])
    assert "tags/v2 was" in step.moved(flight.world)


def test_a_release_branch_that_moved_is_told(flight: Flight) -> None:
    """A branch that something is deployed from is watched, whatever its name."""
    git(flight.ground.remote, "update-ref", "refs/heads/production", flight.ground.shas[2])
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", "-d", "refs/heads/production")
    assert "production was" in step.moved(flight.world)


def test_everyday_branches_may_move(flight: Flight) -> None:
    """Developers at work do not hold a rollback up."""
    git(flight.ground.clone, "checkout", "-q", "-b", "feature")
    work = commit(flight.ground.clone, "work in progress", 1794000000)
    git(flight.ground.clone, "push", "-q", "origin", "feature")
    git(flight.ground.clone, "push", "-q", "origin", f"{flight.ground.shas[0]}:refs/heads/other")
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", "refs/heads/feature", flight.ground.shas[0], work)
    git(flight.ground.remote, "update-ref", "refs/heads/new-one", flight.ground.shas[0])
    assert step.moved(flight.world) == ""


def test_another_rollback_is_noticed(flight: Flight) -> None:
    """Two people who go back at the same time learn of each other."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", "refs/heads/rollback-emergency-20261122-1003", flight.ground.shas[0])
    assert "somebody else may be going back" in step.moved(flight.world)


@pytest.mark.parametrize("at", [0, 1])
def test_a_branch_that_exists_is_never_pushed_over(flight: Flight, at: int) -> None:
    """Z18: a name that is taken stops the step, whether at another commit or at the same."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", f"refs/heads/{BRANCH}", flight.ground.shas[at])
    assert "is there already" in step.moved(flight.world)


def test_a_branch_made_in_the_last_moment_is_not_taken_for_ours(flight: Flight) -> None:
    """Between the look and the push somebody made the branch at an older commit: git would move it forward silently."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", f"refs/heads/{BRANCH}", flight.ground.shas[0])
    outcome, summary, _ = run(step, flight.world)
    assert outcome is Outcome.FAILED
    assert "was there before and has been moved forward" in summary


def test_a_branch_with_other_work_is_refused_by_the_remote(flight: Flight) -> None:
    """Non-fast-forward: it stays what it was, and the step says so."""
    step = drawn(flight)
    git(flight.ground.remote, "update-ref", f"refs/heads/{BRANCH}", flight.ground.shas[2])
    outcome, summary, _ = run(step, flight.world)
    assert outcome is Outcome.FAILED
    assert "holds something else" in summary
    assert flight.ground.refs()[f"refs/heads/{BRANCH}"] == flight.ground.shas[2]
    assert step.check(flight.world).happened is Happened.UNKNOWN


def test_a_clone_that_lost_the_commit_is_told(flight: Flight, tmp_path: Path) -> None:
    """The commit must be in the clone at the moment of the push."""
    assert "no longer in the clone" in drawn(flight, sha="0" * 40).moved(flight.world)


# ------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("hook", "why"),
    [
        ("echo '\033[31mSTOP\033]0;x\007 frozen until Monday' >&2; exit 1", "a hook of the remote declined it"),
        ("echo 'GH006: Protected branch update failed' >&2; exit 1", "the remote protects this branch name"),
    ],
)
def test_a_hook_that_declines_is_quoted_without_its_escapes(flight: Flight, hook: str, why: str) -> None:
    """F75: the remote's own words are in the row, and cannot speak to the terminal."""
    flight.ground.hook("pre-receive", hook)
    outcome, summary, report = run(drawn(flight), flight.world)
    assert outcome is Outcome.FAILED
    assert why in summary
    assert ("STOP frozen until Monday" in summary) == ("STOP" in hook)
    assert all(is_clean(line) for line in report.lines)
    assert f"refs/heads/{BRANCH}" not in flight.ground.refs()


def test_a_remote_that_hangs_ends_at_the_deadline(flight: Flight, tmp_path: Path) -> None:
    """A hook that sleeps costs the deadline and no more; the remote is asked what became of it."""
    flight.ground.hook("pre-receive", f"echo $$ > {tmp_path}/pid; exec sleep 600")
    step = drawn(flight, deadline_s=DEADLINE_S)
    began = time.monotonic()
    outcome, summary, _ = run(step, flight.world)
    pid = int((tmp_path / "pid").read_text())
    try:
        assert outcome is Outcome.FAILED
        assert f"did not end within {DEADLINE_S} s" in summary
        assert f"origin has no branch {BRANCH}" in summary
        assert time.monotonic() - began < 100
    finally:
        end_each((pid,))


def test_who_was_ended_at_the_deadline_is_not_believed_about_the_remote(flight: Flight) -> None:
    """Its helper may go first, and then it says that the remote hung up: it was the deadline, and that is told."""
    step = drawn(flight)
    said = "git push did not end within 10 s: fatal: the remote end hung up unexpectedly"
    result = step._not_taken(False, said, "fatal: the remote end hung up unexpectedly", flight.world)
    assert result.outcome is Outcome.FAILED
    assert "did not end within 10 s" in result.summary
    assert "ended the connection" not in result.summary


def test_a_password_prompt_becomes_a_reason(flight: Flight) -> None:
    """Nobody is asked; the way out is named."""
    step = drawn(flight)
    with http_server(401, {"WWW-Authenticate": 'Basic realm="git"'}) as url:
        points_at(flight, f"{url}/obcms.git")
        assert "asks for a password" in step.moved(flight.world)
        outcome, summary, _ = run(step, flight.world)
        with pytest.raises(GoaroundError, match="asks for a password"):
            drawn(flight)
    assert outcome is Outcome.FAILED
    assert "asks for a password" in summary
    assert "credential helper" in summary


def test_a_remote_that_is_down_leaves_the_question_open(flight: Flight) -> None:
    """When nobody can say whether the branch is there, the outcome is unknown, not failed."""
    step = drawn(flight)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        points_at(flight, f"ssh://git@127.0.0.1:{held.getsockname()[1]}/x")
        assert "does not answer" in step.moved(flight.world)
        outcome, summary, _ = run(step, flight.world)
        assert step.check(flight.world).happened is Happened.UNKNOWN
    assert outcome is Outcome.UNKNOWN
    assert "does not answer" in summary


def test_a_remote_that_runs_a_program_never_does(flight: Flight, tmp_path: Path) -> None:
    """`ext::`, put in after the plan was drawn, is refused by the look and by the push itself."""
    step = drawn(flight)
    git(flight.ground.clone, "config", "protocol.ext.allow", "always")
    points_at(flight, f"ext::sh -c touch% {tmp_path}/sprung")
    assert "is refused" in step.moved(flight.world)
    outcome, _, _ = run(step, flight.world)
    assert outcome is Outcome.FAILED
    assert not (tmp_path / "sprung").exists()


def test_the_operator_can_stop_it_before_it_begins(flight: Flight) -> None:
    """Stopped between two effects, nothing was pushed and the summary says what may be left."""
    report = Remembering(stop=True)
    result = drawn(flight).run(flight.world, report)
    assert result.outcome is Outcome.TERMINATED
    assert f"refs/heads/{BRANCH}" not in flight.ground.refs()


# ------------------------------------------------------------------------------------------ after a crash


def test_a_push_whose_answer_was_lost_is_found_by_asking(flight: Flight, tmp_path: Path) -> None:
    """F77: git is killed after the remote has received; ls-remote decides, and nothing is pushed twice."""
    flight.ground.hook("post-receive", f"echo x > {tmp_path}/received; exec sleep 600")
    step = drawn(flight)
    (effect,) = step.effects()
    environment = {**os.environ, **effect.env}  # type: ignore[union-attr]
    child = subprocess.Popen(effect.argv, env=environment, stderr=subprocess.PIPE, start_new_session=True)  # type: ignore[union-attr]
    try:
        while not (tmp_path / "received").exists():
            assert child.poll() is None, "git has ended before the remote has received"
            time.sleep(0.02)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    assert step.check(flight.world).happened is Happened.YES


def test_a_push_that_hangs_after_it_was_received_is_done(flight: Flight, tmp_path: Path) -> None:
    """The branch is there, though the remote never said so: done, with the reason for the missing answer."""
    flight.ground.hook("post-receive", f"echo $$ > {tmp_path}/pid; exec sleep 600")
    step = drawn(flight, deadline_s=DEADLINE_S)
    outcome, summary, _ = run(step, flight.world)
    pid = int((tmp_path / "pid").read_text())
    try:
        assert outcome is Outcome.DONE
        assert "the answer to the push was lost" in summary
    finally:
        end_each((pid,))


def test_there_is_no_undo_and_it_says_why(flight: Flight) -> None:
    """A branch by itself changes nothing; it is named as a debt instead of being deleted."""
    step = drawn(flight)
    report = Remembering()
    done = step.run(flight.world, report)
    assert done.facts["debt"] == f"the branch {BRANCH} stays on origin until somebody removes it"
    assert done.facts["undo"].startswith(f"Z4 Remove {BRANCH} from origin, once what is deployed has moved on; or ")
    assert done.facts["undo"].endswith(f"by hand: git push origin :refs/heads/{BRANCH}")
    undone = step.undo(flight.world, report)
    assert (undone.outcome, "Z4 Remove" in undone.summary) == (Outcome.FAILED, True)
    assert step.check_undone(flight.world).happened is Happened.NO


def test_a_remote_that_lies_is_not_believed(flight: Flight, tmp_path: Path) -> None:
    """Git's exit status 0 is not enough: the branch must be read back."""
    flight.ground.hook("post-receive", f"git update-ref -d refs/heads/{BRANCH}")
    outcome, summary, _ = run(drawn(flight), flight.world)
    assert outcome is Outcome.FAILED
    assert "git says it is pushed, but origin has no branch" in summary


def test_a_sha256_repository_is_pushed(tmp_path: Path) -> None:
    """Ids of 64 digits go the same way."""
    ground: Ground = make_ground(tmp_path, object_format="sha256")
    flight = make_flight(ground, tmp_path / "system")
    outcome, summary, _ = run(drawn(flight), flight.world)
    assert outcome is Outcome.DONE, summary
    assert ground.refs()[f"refs/heads/{BRANCH}"] == ground.shas[1]


def test_a_bare_clone_is_pushed_from(flight: Flight, tmp_path: Path) -> None:
    """A clone without a work tree serves as well."""
    git(tmp_path, "clone", "-q", "--bare", str(flight.ground.remote), "bare.git")
    ground = Ground(flight.ground.remote, tmp_path / "bare.git", flight.ground.shas)
    other = make_flight(ground, tmp_path / "system2")
    outcome, summary, _ = run(drawn(other), other.world)
    assert outcome is Outcome.DONE, summary
