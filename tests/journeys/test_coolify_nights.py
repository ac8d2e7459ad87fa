"""What goes wrong between us and Coolify in a rollback: nothing is sent twice, nothing is called back that is not."""

from __future__ import annotations

import gzip
import os
import signal
from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from fake_coolify import Drive
from fake_coolify_queue import Wanted
from fake_coolify_quirks import Fault, Quirks
from forked_worker import ForkedWorker
from tiny_system import settle, spellings
from waiting import until

from actions.gateways.coolify import HttpCoolify
from actions.model.blocking import wants_approval
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import Refused
from actions.model.ports import CoolifyAnswer
from actions.model.step import Happened, Outcome

OTHER = "c3" * 20


@pytest.mark.parametrize(
    ("pack", "quirk"),
    [
        ("nixpacks", "finished_but_old_runs"),
        ("nixpacks", "rollback_deploys_newest"),
        ("dockercompose", "finished_but_old_runs"),
    ],
)
def test_finished_is_not_back(pack: str, quirk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z30, R15: Coolify says finished and the old commit runs on: told so, not proven, and the debt stays."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        setattr(flown.coolify.quirks, quirk, True)
        flown.drawn()
        assert flown.fly() == {"B1": "done", "X1": "done", "X3": "done", "X4": "failed"}
        assert flown.said.startswith(f"effect 1 of 2: {BAD} runs, not {GOOD}")
        assert flown.runs == BAD
        incident = flown.session.incident
        assert not incident.proven
        run = incident.last_run("X3")
        assert run is not None
        assert (run.facts["coolify"], "what runs is proven next" in run.summary) == ("finished", True)
        assert flown.owed()[0] == "auto-deploy of shop is off"


@pytest.mark.parametrize("pack", ["nixpacks", "dockercompose", "dockerimage"])
@pytest.mark.parametrize("fault", [Fault.STATUS_AFTER, Fault.DROP_AFTER, Fault.HTML, Fault.TRUNCATED, Fault.CUT_OFF])
def test_an_answer_that_is_lost_deploys_once(
    pack: str, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F95: it was queued and the answer was lost: it is found, followed, and the only one."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        before = flown.queued()
        flown.drawn()
        flown.coolify.fail(fault, "POST")
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST")), flown.runs) == (before + 1, 1, GOOD)


@pytest.mark.parametrize("fault", [Fault.STATUS_BEFORE, Fault.DROP_BEFORE])
def test_a_request_that_never_arrived_is_not_repeated_by_itself(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F95: looked up, not found, not known; whoever flies looks, and tries again: one deployment in the end."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        before = flown.queued()
        flown.drawn()
        flown.coolify.fail(fault, "POST")
        assert flown.fly() == {"B1": "done", "X1": "done", "X3": "unknown"}
        assert "the server lists no deployment of it" in flown.said
        assert "nothing was sent again" in flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST"))) == (before, 1)
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}
        assert (flown.queued(), flown.runs) == (before + 1, GOOD)


def test_a_full_queue_and_a_busy_server_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F93: refused with the reason and the wait; nothing was queued."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        before = flown.queued()
        flown.drawn()
        flown.coolify.quirks.queue_full = True
        assert flown.fly()["X3"] == "failed"
        assert "Deployment queue is full" in flown.said
        assert "wait 60 s" in flown.said
        assert flown.owed()[1].startswith("git_commit_sha is pinned to")
        flown.coolify.quirks.queue_full = False
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}
        assert (flown.queued(), len(flown.owed())) == (before + 1, 2)


def test_a_skipped_request_names_a_phantom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """4.3.11 answers a request that it skips with the id of nothing: it is not followed."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0", quirks=Quirks(phantom_when_skipped=True)) as flown:
        flown.drawn()
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        before = flown.queued()
        flown.coolify.quirks.deployments_stick = True
        # Somebody else asks for the same commit in the moment between our look and our request.
        sent = HttpCoolify.send

        def late(self: HttpCoolify, call: CoolifyCall) -> CoolifyAnswer:
            if call.method == "POST":
                flown.coolify.core.queue.take(flown.app, Wanted(commit=GOOD))
            return sent(self, call)

        monkeypatch.setattr(HttpCoolify, "send", late)
        flown.coolify.quirks.deployments_stick = False
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}, flown.said
        assert (flown.queued(), flown.runs) == (before + 1, GOOD)


def test_what_is_stuck_is_cancelled_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COOLIFY 3.1: a deployment that hangs, and those that wait behind it, would hold the rollback up."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.coolify.quirks.deployments_stick = True
        flown.coolify.push(flown.app, OTHER, "hangs")
        flown.coolify.step()
        flown.coolify.push(flown.app, "d4" * 20, "waits")
        flown.coolify.quirks.deployments_stick = False
        flown.coolify.clock.pass_time(minutes=20)
        plan = flown.drawn()
        assert [step.code for step in plan.steps] == ["B1", "X1", "X2", "X3", "X4", "Z1"]
        step = plan.step("X2")
        assert step is not None
        assert step.title.startswith("Cancel 2 deployments in the way: d4d4d4d4d4 queued, c3c3c3c3c3 in_progress")
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        with pytest.raises(Refused, match="waits for X2"):
            flown.run("X3")
        assert set(flown.fly("X2", "X3", "X4").values()) == {"done"}, flown.said
        states = [row.status for row in flown.coolify.deployments(flown.app)][:3]
        assert (states, flown.runs) == (["finished", "cancelled-by-user", "cancelled-by-user"], GOOD)
        assert [one[1] for one in flown.acted()[1:]] == ["cancel", "cancel", "rollback"]


def test_a_young_deployment_may_be_somebodys_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cancelled all the same when the operator runs X2, and the plan says whose it may be."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.coolify.quirks.deployments_stick = True
        flown.coolify.push(flown.app, OTHER, "the fix?")
        flown.coolify.step()
        plan = flown.drawn()
        (note,) = [note.text for note in plan.notes if "may still come to its end" in note.text]
        assert note.startswith("a deployment of c3c3c3c3c3 by a push (")


def test_a_push_between_drawing_and_running_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z28: a webhook has deployed meanwhile: moved, nothing is sent, and the plan must be drawn again."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        flown.coolify.push(flown.app, OTHER, "a fix")
        assert flown.fly()["X3"] == "moved"
        assert "a deployment of c3c3c3c3c3 by a push (" in flown.said
        flown.coolify.run()
        assert flown.fly("X3") == {"X3": "moved"}
        assert "and is finished: draw the plan again" in flown.said
        assert flown.coolify.asked("POST") == []
        plan = flown.session.draw(flown.release(), "coolify")
        # The freeze stands already; what straightens it is still there.
        assert [step.code for step in plan.steps] == ["B1", "B2", "X3", "X4", "Z1", "Z3"]
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.runs, flown.run("Z1"), flown.run("Z3"), flown.owed()) == (GOOD, "done", "done", [])


def test_a_version_that_does_not_come_up_is_tried_again_or_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed deployment says why, may be repeated without drawing anew, and its pin is straightened to HEAD."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        flown.app.broken.add(GOOD)
        flown.drawn()
        assert flown.fly()["X3"] == "failed"
        assert "is failed: " in flown.said
        assert flown.runs == BAD
        flown.app.broken.clear()
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}, flown.said
        plan = flown.session.draw(flown.release(BAD), "coolify")
        step = plan.step("Z2")
        assert step is not None
        assert step.title == "Un-pin: git_commit_sha becomes HEAD again"
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.app.git_commit_sha, len(flown.owed())) == (BAD, 2)
        assert [flown.run(code) for code in ("Z2", "Z1")] == ["done", "done"], flown.said
        assert (flown.app.git_commit_sha, flown.owed()) == ("HEAD", [])


def test_a_plan_that_is_drawn_anew_undoes_and_unpins_as_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pin stands already: the same version is deployed, its undo is what ran, and HEAD stands there in the end."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        flown.app.broken.add(GOOD)
        flown.drawn()
        assert flown.fly()["X3"] == "failed"
        flown.app.broken.clear()
        plan = flown.session.draw(flown.release(), "coolify")
        assert [step.code for step in plan.steps] == ["B1", "X3", "X4", "Z1", "Z2"]
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.runs, len(flown.owed())) == (GOOD, 2)
        assert flown.run("X3", undo=True) == "done", flown.said
        assert (flown.runs, flown.app.git_commit_sha) == (BAD, GOOD)
        assert flown.owed()[1] == f'git_commit_sha is pinned to "{GOOD}"; it was "HEAD"'
        assert [flown.run(code) for code in ("Z2", "Z1")] == ["done", "done"], flown.said
        assert (flown.app.git_commit_sha, flown.owed()) == ("HEAD", [])


def test_a_deployment_with_a_pin_waits_for_approval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is straightened later stands beside the way back; the deployment itself does not."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        plan = flown.drawn()
        waits = {step.code for step in plan.steps if wants_approval(flown.session.incident, step)}
        assert waits == {"X3"}


def test_a_setting_whose_answer_is_lost_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATCH with 502, done or not: the value decides; what may be bent is owed."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        flown.coolify.fail(Fault.STATUS_AFTER, "PATCH")
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        assert flown.owed() == ["auto-deploy of shop is off"]
        flown.coolify.fail(Fault.STATUS_BEFORE, "PATCH")
        assert flown.run("Z1") == "unknown"
        assert flown.owed() == ["auto-deploy of shop is off"]
        assert flown.run("Z1") == "done"
        assert flown.owed() == []


def test_a_token_without_a_right_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F93: which token, which right; nothing is bent, nothing is owed."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        monkeypatch.setenv("COOLIFY_ACT", flown.coolify.token("deployer", "deploy").secret)
        assert flown.fly()["X1"] == "failed"
        assert "the Coolify token lacks the right write" in flown.said
        assert "coolify.act_token" in flown.said
        assert flown.owed() == []


def test_each_token_does_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that observes never acts, and the one that acts never reads; the environment's gaps are named."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.coolify.add_variable(flown.app, "SHOWN_ONCE", "x", is_shown_once=True)
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}
        used = {(one.method == "GET", one.token) for one in flown.coolify.requests}
        assert used == {(True, "observer"), (False, "actor")}
        (kept,) = [one for one in flown.session.incident.evidence if one.name == "coolify-environment.json"]
        assert (kept.complete, "NOT told: SHOWN_ONCE" in kept.note) == (False, True)


def test_no_token_stands_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Coolify tells may hold our own tokens: in no event, no evidence, no output, in no spelling."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        secrets = list(flown.coolify.environment.values())
        flown.app.output.extend(f"called with {secret}" for secret in secrets)
        flown.app.messages[GOOD] = f"deployed with {secrets[1]}"
        flown.app.messages[BAD] = f"x {secrets[0]}"
        flown.app.broken.add(GOOD)
        flown.drawn()
        assert flown.fly()["X3"] == "failed"
        flown.app.broken.clear()
        flown.coolify.fail(Fault.STATUS_AFTER, "POST")
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}
        files = [path for path in (tmp_path / "shop" / "store").rglob("*") if path.is_file()]
        contents = {path: path.read_bytes() for path in files}
        contents |= {path: gzip.decompress(raw) for path, raw in contents.items() if path.suffix == ".gz"}
        assert any(b"called with" in raw for path, raw in contents.items() if "coolify-application" in path.name)
        for path, content in contents.items():
            for secret in secrets:
                found = [name for name, form in spellings(secret).items() if form in content]
                assert not found, f"{path.name}: {found}"


def begun(flown: Flown) -> None:
    """X3 has been sent and is followed."""
    flown.session.start("X3", armed="enter")
    until(lambda: len(flown.coolify.asked("POST")) == 1, "the request")
    until(lambda: flown.coolify.asked("GET", "/deployments/[!a]*"), "a look at the deployment")


def test_a_worker_that_is_killed_while_it_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9: the deployment goes on at Coolify; the truth is asked for, and nothing is sent twice."""
    with flying(tmp_path / "shop", monkeypatch, drive=Drive.BY_HAND) as flown:
        before = flown.queued()
        flown.drawn()
        for code in ("B1", "X1"):
            assert flown.run(code) == "done"
        flown.with_workers()
        begun(flown)
        run = flown.session.incident.running
        assert run is not None
        os.kill(run.pid, signal.SIGKILL)
        settle(flown.session)
        last = flown.session.incident.last_run("X3")
        assert last is not None
        assert (last.resolved, "it goes on; look again" in last.summary) == (Happened.UNKNOWN, True), last.summary
        # Pressed again: it is taken up where it stands, and nothing is sent.
        flown.coolify.drive = Drive.BY_POLLS
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}, flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST")), flown.runs) == (before + 1, 1, GOOD)


def test_a_cockpit_that_is_killed_while_it_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker goes on by itself; the next cockpit finds its end on record."""
    with flying(tmp_path / "shop", monkeypatch, drive=Drive.BY_HAND) as flown:
        before = flown.queued()
        flown.drawn()
        for code in ("B1", "X1"):
            assert flown.run(code) == "done"
        flown.with_workers()
        cockpit = ForkedWorker(lambda: begun(flown))
        until(lambda: len(flown.coolify.asked("POST")) == 1, "the request")
        os.kill(cockpit.pid, signal.SIGKILL)
        flown.coolify.run()
        settle(flown.session)
        last = flown.session.incident.last_run("X3")
        assert last is not None
        assert (last.outcome, flown.queued(), flown.runs) == (Outcome.DONE, before + 1, GOOD)
        assert len(flown.coolify.asked("POST")) == 1


def test_an_undo_that_is_killed_before_the_pin_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployed, and still pinned to what ran: the undo has not come about; asked for again it ends, deploying once."""
    with flying(tmp_path / "shop", monkeypatch, version="4.2.0") as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        sent = len(flown.coolify.asked("POST"))
        monkeypatch.setenv("GOAROUND_KILL_AT", "effect.after:2")
        flown.with_workers()
        flown.session.start("X3", armed="enter", undo=True)
        monkeypatch.delenv("GOAROUND_KILL_AT")
        settle(flown.session)
        last = flown.session.incident.runs[-1]
        assert (last.resolved, flown.runs, flown.app.git_commit_sha) == (Happened.UNKNOWN, BAD, BAD)
        assert f'git_commit_sha is "{BAD}", not "HEAD" yet: undo it again (u)' in last.summary
        assert len(flown.owed()) == 2
        assert flown.run("X3", undo=True) == "done", flown.said
        assert (flown.app.git_commit_sha, flown.owed()) == ("HEAD", ["auto-deploy of shop is off"])
        assert len(flown.coolify.asked("POST")) == sent + 1
