"""The single steps of the way back by Coolify: what is followed, cancelled and looked at, and how each can end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import BAD, GOOD, HurriedClock
from fake_coolify import FakeCoolify
from fake_coolify_queue import Taken, Wanted
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from performing import Told, local_world
from performing import container as some_container

from actions.gateways.coolify import HttpCoolify
from actions.gateways.coolify_reading import Reader
from actions.model.effect_coolify import CoolifyCall, ObserveDeployed, QueueDeployment
from actions.model.errors import GoaroundError, Unreachable
from actions.model.events import Observed
from actions.model.ports import Container, World
from actions.model.step import Happened, Outcome
from actions.steps.coolify_cancel import CancelStuck
from actions.steps.coolify_deploy import DeployByCoolify
from actions.steps.coolify_notes import cautions
from actions.steps.coolify_releases import running_version, survey
from actions.steps.coolify_set import SetField
from actions.steps.perform import perform
from actions.steps.perform_coolify_follow import Key, _tell

UUID = "app4uuid4app4uuid"


@dataclass
class Ground:
    coolify: FakeCoolify
    app: App
    world: World

    def step(self, newest: int) -> DeployByCoolify:
        path = f"/applications/{self.app.uuid}/rollback"
        call = CoolifyCall(self.coolify.url, "POST", path, {"commit": GOOD})
        return DeployByCoolify(QueueDeployment(call, self.app.uuid, GOOD, newest), "v1")

    def newest(self) -> int:
        return self.coolify.deployments(self.app)[0].number


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with FakeCoolify() as coolify:
        app = coolify.add_app()
        coolify.has_deployed(app, GOOD, days=2)
        coolify.has_deployed(app, BAD, hours=1)
        port = HttpCoolify(coolify.table(app), coolify.resolve, str, pause=lambda _: None)
        yield Ground(coolify, app, local_world(tmp_path, HurriedClock(), coolify=port))
        coolify.assert_all_valid()


# ---- following


def test_a_server_that_is_away_while_it_is_followed_is_waited_for(ground: Ground) -> None:
    """Its restart takes a minute: the deployment is followed on."""
    ground.coolify.fail(Fault.STATUS_BEFORE, "GET", "/deployments/[!a]*", times=20)
    told = Told()
    result = ground.step(ground.newest()).run(ground.world, told)
    assert (result.outcome, result.facts["coolify"]) == (Outcome.DONE, "finished")


def test_a_server_that_stays_away_leaves_it_unknown(ground: Ground) -> None:
    """Not for ever, and not as a failure: the deployment may well come to its end."""
    ground.coolify.fail(Fault.STATUS_BEFORE, "GET", "/deployments/[!a]*", times=10_000)
    result = ground.step(ground.newest()).run(ground.world, Told())
    assert result.outcome is Outcome.UNKNOWN
    assert "how it goes on is not known" in result.summary
    assert result.facts["deployment"] == ground.coolify.deployments(ground.app)[0].uuid


def test_the_operator_ends_the_following_not_the_deployment(ground: Ground) -> None:
    """What goes on is said; `check` tells where it stands."""
    ground.coolify.quirks.deployments_stick = True
    step, told = ground.step(ground.newest()), Told()
    told.stop_when = lambda: any("in_progress" in line for line in told.lines)
    result = step.run(ground.world, told)
    assert (result.outcome, "goes on by itself" in result.summary) == (Outcome.TERMINATED, True)
    seen = step.check(ground.world)
    assert (seen.happened, "it goes on; look again" in seen.detail) == (Happened.UNKNOWN, True)
    assert len(ground.coolify.asked("POST")) == 1


def test_finished_is_a_lamp_of_its_own(ground: Ground) -> None:
    """Recorded as what Coolify says, under its own name; the log is told once, without hidden lines."""
    told = Told()
    ground.step(ground.newest()).run(ground.world, told)
    lamps = [one for one in told.of(Observed) if one.what == "coolify deployment"]
    assert (lamps[0].ok, lamps[-1].ok, lamps[-1].expected) == (False, True, "finished")
    lines = [line for line in told.lines if line.startswith("coolify: ")]
    assert len([line for line in lines if "Rolling update completed." in line]) == 1
    assert not [line for line in lines if "git ls-remote" in line]


def test_somebody_elses_that_comes_behind_it_is_said(ground: Ground) -> None:
    """A push while ours is at work: it waits its turn, and what is proven next would not stay."""
    told = Told()
    pushed: list[object] = []

    def push() -> bool:
        if not pushed and any("in_progress" in line for line in told.lines):
            pushed.append(ground.coolify.push(ground.app, "c3" * 20))
        return False

    told.stop_when = push
    result = ground.step(ground.newest()).run(ground.world, told)
    assert result.outcome is Outcome.DONE
    assert "a deployment of c3c3c3c3c3 by a push" in result.summary
    assert "will REPLACE it: cancel it in Coolify" in result.summary
    ground.coolify.run()
    again = ground.step(ground.newest()).run(ground.world, Told())
    assert (again.outcome, "REPLACE" in again.summary) == (Outcome.DONE, False), again.summary


def test_what_failed_says_why(ground: Ground) -> None:
    """The last line of the log that is an error."""
    ground.app.broken.add(GOOD)
    result = ground.step(ground.newest()).run(ground.world, Told())
    assert result.outcome is Outcome.FAILED
    assert "is failed: " in result.summary
    assert ground.coolify.runs(ground.app) == BAD


def test_a_row_that_was_never_queued(ground: Ground) -> None:
    """`check` after a death before the request: it did not happen."""
    seen = ground.step(ground.newest()).check(ground.world)
    assert (seen.happened, seen.detail) == (
        Happened.NO,
        "Coolify lists no such deployment: nothing was queued",
    )
    ground.coolify.fail(Fault.STATUS_BEFORE, "GET")
    assert ground.step(ground.newest()).check(ground.world).happened is Happened.UNKNOWN


def test_somebody_restarts_it_meanwhile(ground: Ground) -> None:
    """A restart says HEAD, or the same commit, and is nobody's way back: neither its end nor its row is ours."""
    ground.app.broken.add(GOOD)
    newest = ground.newest()
    assert ground.step(newest).run(ground.world, Told()).outcome is Outcome.FAILED
    for by_api in (False, True):
        ground.coolify.core.queue.take(ground.app, Wanted(restart_only=True, is_api=by_api))
        ground.coolify.run()
        seen = ground.step(newest).check(ground.world)
        assert (seen.happened, "is failed" in seen.detail) == (Happened.NO, True), seen.detail


def test_a_restart_in_the_way_is_called_one(ground: Ground) -> None:
    """Its row says HEAD, which is no version that anybody has asked for."""
    ground.coolify.quirks.deployments_stick = True
    ground.coolify.core.queue.take(ground.app, Wanted(restart_only=True))
    assert ground.step(ground.newest() - 1).moved(ground.world).startswith("a restart by the API (")


def test_a_restart_is_not_followed_for_what_was_asked_for(ground: Ground) -> None:
    """The answer is lost, and somebody's restart stands beside what we asked for: ours is found."""
    step, take = ground.step(ground.newest()), ground.coolify.core.queue.take

    def both(app: App, wanted: Wanted) -> Taken:
        take(app, Wanted(restart_only=True))
        return take(app, wanted)

    ground.coolify.core.queue.take = both  # type: ignore[method-assign]
    ground.coolify.fail(Fault.DROP_AFTER, "POST")
    result = step.run(ground.world, Told())
    rows = ground.coolify.deployments(ground.app)
    assert (result.outcome, result.facts["deployment"]) == (Outcome.DONE, rows[0].uuid), result.summary
    assert (rows[0].rollback, rows[1].restart_only) == (True, True)


# ---- cancelling


def stuck(ground: Ground) -> CancelStuck:
    ground.coolify.quirks.deployments_stick = True
    ground.coolify.push(ground.app, "c3" * 20)
    ground.coolify.step()
    row = ground.coolify.deployments(ground.app)[0]
    return CancelStuck(ground.coolify.url, (row.uuid,), "c3c3c3c3c3 in_progress")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(None, Outcome.DONE), (Fault.STATUS_AFTER, Outcome.DONE), (Fault.STATUS_BEFORE, Outcome.FAILED)],
)
def test_a_cancel_is_believed_by_what_is_seen(ground: Ground, fault: Fault | None, outcome: Outcome) -> None:
    """Whatever was answered: over is over."""
    step = stuck(ground)
    if fault is not None:
        ground.coolify.fail(fault, "POST")
    result = step.run(ground.world, Told())
    assert result.outcome is outcome, result.summary
    assert step.check(ground.world).happened is (Happened.YES if outcome is Outcome.DONE else Happened.NO)
    assert len(ground.coolify.asked("POST")) == 1


def test_a_cancel_that_comes_too_late(ground: Ground) -> None:
    """It is finished in the moment: over, and the next step finds that another version came."""
    step = stuck(ground)
    ground.coolify.quirks.cancel_too_late = True
    assert step.run(ground.world, Told()).outcome is Outcome.DONE
    assert "is finished by now, so another version may run" in step.moved(ground.world)
    assert step.undo(ground.world, Told()).outcome is Outcome.FAILED
    assert step.undo_effects() == ()


def test_a_cancel_that_nobody_can_see(ground: Ground) -> None:
    """It was sent, and the server tells nothing any more: not known, and never a failure."""
    step = stuck(ground)
    ground.coolify.fail(Fault.STATUS_BEFORE, "GET", times=10_000)
    result = step.run(ground.world, Told())
    assert (result.outcome, "whether it is, is not known" in result.summary) == (Outcome.UNKNOWN, True)
    assert len(ground.coolify.asked("POST")) == 1


def test_a_log_that_is_told_in_any_order_is_told_once(ground: Ground) -> None:
    """F04: entries without order, with the same one twice, in pieces: every line once, none left out."""
    entries = [{"output": "one", "order": 2}, {"output": "two\nthree", "order": 2}, {"output": "one", "order": 2}]
    later = [*entries, {"output": "four"}, {"output": "five", "order": 1}]
    reader = Reader(str)
    shown: Counter[Key] = Counter()
    told = Told()
    for logs in (entries, entries, later, later):
        _tell(reader.deployment({"deployment_uuid": "d", "logs": json.dumps(logs)}), shown, told)
    assert told.lines == [f"coolify: {word}" for word in ("one", "two", "three", "one", "five", "four")]


def test_a_clock_that_is_ahead_makes_nothing_old(ground: Ground) -> None:
    """What began after now by Coolify's clock is young: X2 would cancel somebody's fix, and the plan says so."""
    ground.coolify.quirks.deployments_stick = True
    ground.coolify.clock.pass_time(minutes=40)
    ground.coolify.push(ground.app, "c3" * 20, "the fix?")
    table = ground.coolify.table(ground.app, containers=False)
    said = cautions(table, survey(table, ground.world), ground.world, by_branch=False)
    assert any("Coolify's clock is ahead of ours" in words for words in said), said


# ---- setting


def freeze(ground: Ground, before: str = "true") -> SetField:
    return SetField(
        ground.coolify.url, ground.app.uuid, "is_auto_deploy_enabled", before, "false", "Freeze", "it is off", "X1"
    )


def test_a_field_that_somebody_else_has_set(ground: Ground) -> None:
    """It holds what it shall: nothing is sent. It holds a third value: moved, and nothing is sent."""
    ground.app.settings["is_auto_deploy_enabled"] = False
    result = freeze(ground).run(ground.world, Told())
    assert (result.outcome, result.summary) == (Outcome.DONE, "is_auto_deploy_enabled is false already")
    keep = SetField(ground.coolify.url, ground.app.uuid, "docker_images_to_keep", "2", "10", "Keep more", "more", "B2")
    ground.app.settings["docker_images_to_keep"] = 5
    assert keep.moved(ground.world) == "docker_images_to_keep is 5 now; it was 2"
    assert keep.run(ground.world, Told()).outcome is Outcome.FAILED
    assert ground.coolify.asked("PATCH") == []


@pytest.mark.parametrize("status", [403, 404, 429])
def test_a_field_that_was_set_though_a_proxy_says_no(ground: Ground, status: int) -> None:
    """What stands there decides, whatever was answered: it is owed. Where it was not set, the refusal is told."""
    ground.coolify.fail(Fault.STATUS_BEFORE, "PATCH", status=status)
    result = freeze(ground).run(ground.world, Told())
    assert (result.outcome, "debt" in result.facts, str(status) in result.summary) == (Outcome.FAILED, False, True)
    ground.coolify.fail(Fault.STATUS_AFTER, "PATCH", status=status)
    result = freeze(ground).run(ground.world, Told())
    assert (result.outcome, result.facts["debt"]) == (Outcome.DONE, "it is off"), result.summary


def test_a_field_that_cannot_be_read_again_is_owed_in_doubt(ground: Ground) -> None:
    """Sent, then nothing is heard: it is owed until somebody knows better."""
    step = freeze(ground)

    class Silent:
        def __init__(self, port: Any) -> None:
            self.port, self.sent = port, False

        def application(self) -> Any:
            if self.sent:
                raise Unreachable("Coolify does not answer")
            return self.port.application()

        def send(self, call: CoolifyCall) -> Any:
            self.sent = True
            return self.port.send(call)

    world = replace(ground.world, coolify=Silent(ground.world.coolify))  # type: ignore[arg-type]
    result = step.run(world, Told())
    assert (result.outcome, result.facts["debt"]) == (Outcome.UNKNOWN, "it is not known whether it is off")
    assert step.check(world).facts["debt of"] == "X1"
    assert step.check(ground.world).happened is Happened.YES


# ---- what runs


@dataclass
class Engine:
    """The engine's answers, one after the other; the last one stays."""

    answers: list[tuple[Container, ...] | GoaroundError]

    def named(self, text: str) -> tuple[Container, ...]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, GoaroundError):
            raise found
        return found

    def images(self) -> tuple[()]:
        return ()


def container(image: str, name: str = f"{UUID}-101010") -> Container:
    return some_container(name=name, image_ref=image)


OLD, NEW = container(f"{UUID}:{BAD}"), container(f"{UUID}:{GOOD}")


@pytest.mark.parametrize(
    ("answers", "image", "ok", "words"),
    [
        ([(NEW,)], "", True, f"{GOOD} runs"),
        ([(OLD,), (OLD, NEW), (NEW,)], "", True, f"{GOOD} runs"),
        ([Unreachable("the engine is away"), (NEW,)], "", True, f"{GOOD} runs"),
        ([(OLD,)], "", False, f"{BAD} runs, not {GOOD}"),
        ([(OLD, NEW)], "", False, f"{GOOD} {BAD} runs, not {GOOD}"),
        ([()], "", False, "no container with an image of the application runs"),
        ([(replace(NEW, state="exited"),)], "", False, "no container with an image"),
        # Beside it: the database of a compose application, whose tag is no version of ours.
        ([(container(f"{UUID}_web:{GOOD}"), container("redis:7", f"redis-{UUID}-1"))], "", True, f"{GOOD} runs"),
        ([(container("redis:7", f"redis-{UUID}-1"),)], "", False, "no container with an image"),
        # An image of its own name, in a registry with a port.
        ([(container(f"registry:5000/team/shop:{GOOD}"),)], "registry:5000/team/shop", True, f"{GOOD} runs"),
        ([(container("registry:5000/team/shop"),)], "registry:5000/team/shop", False, "no container with an image"),
        ([(container(f"other/shop:{GOOD}"),)], "registry:5000/team/shop", False, "no container with an image"),
        ([Unreachable("the engine is away")], "", False, "the engine is away"),
    ],
)
def test_every_container_must_be_of_the_wanted_version(
    answers: list[Any], image: str, ok: bool, words: str, tmp_path: Path
) -> None:
    """F92: the engine is asked until it is so, or time is up; the reason is what is seen last."""
    world = local_world(tmp_path, HurriedClock(), containers=Engine(answers))
    done = perform((ObserveDeployed("local", UUID, GOOD, 5, image),), world, Told())
    assert (done.ok, words in done.summary) == (ok, True), done.summary


def test_where_nothing_can_be_asked_it_is_said(ground: Ground) -> None:
    """Without engine and application, Coolify's word is taken for the list and proves nothing."""
    table = ground.coolify.table(ground.app, containers=False)
    seen = survey(table, ground.world)
    assert (seen.running.version, seen.running.observed) == (BAD, False)
    assert "Coolify alone tells what runs, which proves nothing" in seen.running.why
    away = replace(ground.world, containers=Engine([Unreachable("the engine is away")]))  # type: ignore[arg-type]
    table = replace(table, containers=True)
    running = running_version(table, away, seen.application, seen.images, seen.rows)
    assert "the engine does not tell what runs: the engine is away" in running.why
    several = replace(ground.world, containers=Engine([(OLD, NEW)]))  # type: ignore[arg-type]
    table = replace(table, application=UUID)
    running = running_version(table, several, seen.application, seen.images, seen.rows)
    assert (running.version, "several versions run at once" in running.why) == ("", True)


def test_a_tag_in_full_and_a_commit_in_short() -> None:
    """What people read: a tag that is cut would be another one."""
    call = CoolifyCall("https://coolify.example.org", "POST", "/deploy", {"uuid": "x"})
    assert "v2026.11.22-1 runs" in DeployByCoolify(QueueDeployment(call, "x", "v2026.11.22-1", 0), "t").expected()
    assert f"{GOOD[:10]} runs" in DeployByCoolify(QueueDeployment(call, "x", GOOD, 0), "t").expected()
    assert json.dumps({"uuid": "x"}) in call.line()


def test_nothing_can_be_asked_without_a_server(tmp_path: Path) -> None:
    """A plan that is flown under a configuration without [coolify]."""
    call = CoolifyCall("https://coolify.example.org", "POST", "/deploy", {"uuid": "x"})
    step = DeployByCoolify(QueueDeployment(call, "x", GOOD, 0), "v1")
    assert "there is no coolify option" in step.moved(local_world(tmp_path))
