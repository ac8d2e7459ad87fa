"""Exactly one deployment, also of an undo, also of an image that is only pulled, however odd the server's words are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_coolify_telling as telling
import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from fake_coolify_queue import Wanted
from fake_coolify_quirks import Fault

from actions.model.step import Outcome
from actions.steps.perform_coolify_queue import ASKED

LOOKS = "/deployments/[!a]*"
TAGS = [("v2026.10", "v2026.11"), (GOOD, BAD)]


def blind(flown: Flown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The observing token reads no logs from now on: deployments of an image say HEAD, and nothing else."""
    monkeypatch.setenv("COOLIFY_OBSERVE", flown.coolify.token("plain", "read").secret)


@pytest.mark.parametrize("sees_logs", [True, False])
@pytest.mark.parametrize(("good", "bad"), TAGS)
@pytest.mark.parametrize("pack", ["dockerimage", "nixpacks"])
def test_an_undo_whose_end_was_lost_is_not_sent_again(
    pack: str, good: str, bad: str, sees_logs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was queued and nobody saw its end: repeated, it is found by what was recorded before it was sent."""
    if pack == "nixpacks":
        good, bad = GOOD, BAD
    with flying(tmp_path / "shop", monkeypatch, pack=pack, good=good, bad=bad) as flown:
        flown.drawn(good)
        assert set(flown.fly().values()) == {"done"}, flown.said
        if not sees_logs:
            blind(flown, monkeypatch)
        before = flown.queued()
        flown.coolify.fail(Fault.STATUS_BEFORE, "GET", LOOKS, times=10_000)
        assert flown.run("X3", undo=True) == "unknown", flown.said
        assert "how it goes on is not known" in flown.said
        assert flown.queued() == before + 1
        flown.coolify.faults.planned.clear()
        flown.coolify.run()
        assert flown.run("X3", undo=True) == "done", flown.said
        assert (flown.queued(), flown.runs) == (before + 1, bad)


@pytest.mark.parametrize("pack", ["dockerimage", "nixpacks"])
def test_an_undo_that_never_arrived_is_sent_when_it_is_repeated(
    pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deployment of the step itself, which names no commit either, is not taken for that of its undo."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        blind(flown, monkeypatch)
        before = flown.queued()
        flown.coolify.fail(Fault.DROP_BEFORE, "POST")
        assert flown.run("X3", undo=True) == "unknown", flown.said
        assert (flown.queued(), flown.runs) == (before, GOOD)
        assert flown.run("X3", undo=True) == "done", flown.said
        assert (flown.queued(), flown.runs) == (before + 1, BAD)


def test_what_is_asked_for_is_recorded_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 3: on disk before the request goes out, with the newest deployment right before it."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        newest = flown.coolify.deployments(flown.app)[0].number
        assert set(flown.fly().values()) == {"done"}, flown.said
        flown.session.sync()
        assert flown.session.incident.observations[ASKED][1].seen == f"{GOOD} after {newest}"


def test_the_step_is_not_taken_for_done_after_its_undo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that is only pulled: neither its own former deployment nor that of the undo stands for a new one."""
    with flying(tmp_path / "shop", monkeypatch, pack="dockerimage") as flown:
        flown.drawn()
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert flown.run("X3", undo=True) == "done", flown.said
        blind(flown, monkeypatch)
        assert flown.run("X3") == "moved"
        assert "draw the plan again" in flown.said


def test_a_second_send_is_refused_while_one_is_queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F03: somebody's deployment waits: ours is not sent, by the step's look and by the effect's own."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        flown.fly("B1", "X1")
        flown.coolify.quirks.deployments_stick = True
        flown.coolify.core.queue.take(flown.app, Wanted(commit="c3" * 20, is_api=False))
        assert flown.run("X3") == "moved"
        assert "cancel it first" in flown.said
        assert flown.coolify.asked("POST") == []


def told_otherwise(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Every deployment is told with these fields changed; None takes a field away, a callable gets the value."""
    told = telling.deployment

    def other(*args: Any, **more: Any) -> dict[str, Any]:
        row = told(*args, **more)
        for key, change in changes.items():
            value = change(row[key]) if callable(change) else change
            if value is None:
                row.pop(key, None)
            else:
                row[key] = value
        return row

    monkeypatch.setattr(telling, "deployment", other)


ODD: dict[str, dict[str, Any]] = {
    "no numbers": {"id": None},
    "numbers as texts": {"id": str, "application_id": str, "pull_request_id": str},
    "flags as numbers": {"is_api": int, "is_webhook": int, "rollback": int, "restart_only": int},
    "flags as texts": {"is_api": lambda flag: str(flag).lower(), "is_webhook": lambda flag: str(int(flag))},
    "flags not told": {"is_api": None, "is_webhook": None, "rollback": None, "restart_only": None},
    "states in other letters": {"status": str.upper},
    "states with other dashes": {"status": lambda word: word.replace("_", "-")},
    "states in other words": {"status": lambda word: {"finished": "success", "in_progress": "running"}.get(word, word)},
    "commits in short": {"commit": lambda commit: commit[:9]},
    "no times": {"created_at": None, "updated_at": None},
    "logs as a list": {"logs": lambda text: json.loads(text) if text else text},
}


@pytest.mark.parametrize("kind", list(ODD))
def test_other_servers_tell_it_otherwise(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One deployment, found and followed, its answer lost on the way: whatever the fields look like."""
    with flying(tmp_path / "shop", monkeypatch, valid=False) as flown:
        told_otherwise(monkeypatch, **ODD[kind])
        before = flown.queued()
        flown.drawn()
        flown.coolify.fail(Fault.DROP_AFTER, "POST")
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST")), flown.runs) == (before + 1, 1, GOOD)


LISTS = "/deployments/applications/*"


def arrives(flown: Flown, monkeypatch: pytest.MonkeyPatch, *, at: int, commit: str = GOOD) -> None:
    """The request of before was on its way all the time: it is taken when the list is asked for the ``at``-th time."""
    begun, answer = len(flown.coolify.asked("GET", LISTS)), flown.coolify.gate.answer

    def late(request: Any) -> Any:
        asked = len(flown.coolify.asked("GET", LISTS)) - begun  # this one is among them
        if request.method == "GET" and "/applications/" in request.path and asked == at:
            flown.coolify.core.queue.take(flown.app, Wanted(commit=commit, rollback=True))
        return answer(request)

    monkeypatch.setattr(flown.coolify.gate, "answer", late)


def asked_for_and_not_answered(flown: Flown) -> None:
    """The steps before it are done; its request was cut off before Coolify had it, as far as anybody knows."""
    flown.drawn()
    assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
    flown.coolify.fail(Fault.DROP_BEFORE, "POST")
    assert flown.run("X3") == "unknown", flown.said


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6, 7, 8, 12])
def test_a_request_that_is_on_its_way_still(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sent it is gone, and it is not listed yet: pressed again, it is waited for, and is the only one."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        before = flown.queued()
        asked_for_and_not_answered(flown)
        arrives(flown, monkeypatch, at=at)
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}, flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST")), flown.runs) == (before + 1, 1, GOOD)


def test_somebody_elses_comes_while_a_request_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is seen before ours is sent, not only before the wait."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        asked_for_and_not_answered(flown)
        arrives(flown, monkeypatch, at=12, commit="c3" * 20)
        assert flown.run("X3") == "failed", flown.said
        assert "c3c3c3c3c3" in flown.said
        assert "nothing was sent: " in flown.said
        assert len(flown.coolify.asked("POST")) == 1


def test_a_request_that_never_arrived_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waited for, and then sent; not while nobody can say whether it is there."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        before = flown.queued()
        asked_for_and_not_answered(flown)
        assert flown.queued() == before
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}, flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST")), flown.runs) == (before + 1, 2, GOOD)


def test_what_was_refused_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coolify said no: nothing is on its way, and the next try loses no time."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        flown.coolify.fail(Fault.RATE_LIMIT, "POST")
        assert flown.run("X3") == "failed", flown.said
        begun = len(flown.coolify.asked("GET", LISTS))
        assert flown.run("X3") == "done", flown.said
        assert len(flown.coolify.asked("GET", LISTS)) - begun < 7, "its lists are asked for a few times alone"


@pytest.mark.parametrize("uuid", ["\ud800abc", "x" * 5000, "../../applications", "", 7, None, ["a"], {"a": 1}])
def test_an_id_that_is_none_is_looked_up(uuid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in the answer in its place: the deployment is queued, is found, and is the only one."""
    from actions.gateways.coolify import HttpCoolify

    send = HttpCoolify.send

    def other(self: HttpCoolify, call: Any) -> Any:
        answer = send(self, call)
        return replace(answer, body={**answer.body, "deployment_uuid": uuid}) if call.method == "POST" else answer

    with flying(tmp_path / "shop", monkeypatch) as flown:
        before = flown.queued()
        flown.drawn()
        monkeypatch.setattr(HttpCoolify, "send", other)
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST")), flown.runs) == (before + 1, 1, GOOD)


def test_a_state_that_nobody_knows_is_no_end_and_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by its word; unknown, so nothing is sent again, and what runs is for the proof to say."""
    with flying(tmp_path / "shop", monkeypatch, valid=False) as flown:
        before = flown.queued()
        flown.drawn()
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        told_otherwise(monkeypatch, status=lambda word: "archived" if word == "finished" else word)
        assert flown.run("X3") == "unknown", flown.said
        assert "'archived', a word that is not known here" in flown.said
        assert flown.run("X3") in ("unknown", "moved"), flown.said
        assert (flown.queued(), len(flown.coolify.asked("POST"))) == (before + 1, 1)


@pytest.mark.parametrize(
    "fault", [Fault.HTML, Fault.TRUNCATED, Fault.EMPTY, Fault.REDIRECT, Fault.RATE_LIMIT, Fault.NO_ROUTE]
)
def test_a_server_that_is_updated_while_it_is_followed(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F04: pages of a proxy, cut answers, too many requests: followed on, never a failure of the deployment."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        flown.coolify.fail(fault, "GET", LOOKS, times=12)
        assert flown.run("X3") == "done", flown.said


def test_a_token_that_is_revoked_while_it_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment goes on: not known, never failed; with a new token it is taken up."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        before = flown.queued()
        flown.drawn()
        assert flown.fly("B1", "X1") == {"B1": "done", "X1": "done"}
        flown.coolify.fail(Fault.STATUS_BEFORE, "GET", LOOKS, times=3, status=401)
        assert flown.run("X3") == "unknown", flown.said
        run = flown.session.incident.last_run("X3")
        assert run is not None
        assert (run.outcome, "is not known to Coolify" in run.summary) == (Outcome.UNKNOWN, True)
        flown.coolify.faults.planned.clear()
        assert flown.fly("X3", "X4") == {"X3": "done", "X4": "done"}, flown.said
        assert (flown.queued(), flown.runs) == (before + 1, GOOD)


def test_a_post_deployment_command_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z30: Coolify says finished before it runs, and its failure stands in the log alone: it is read on until then."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.app.columns["post_deployment_command"] = "python manage.py warm"
        flown.coolify.quirks.post_command_fails = True
        flown.drawn()
        assert flown.fly("B1", "X1", "X3")["X3"] == "done"
        assert "its post-deployment command failed" in flown.said
