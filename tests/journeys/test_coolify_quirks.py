"""The product against every oddity of Coolify that can be switched on: what it says, what it sends, what it proves."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import BAD, GOOD, Flown, flying
from fake_coolify_quirks import Fault, Quirks

from actions.gateways.coolify import HttpCoolify
from actions.model.checklist import State
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import Refused
from actions.model.release import WayBack

TESTS = Path(__file__).resolve().parents[1]
ALL_DONE = {"B1": "done", "X1": "done", "X3": "done", "X4": "done"}
PACKS = ("nixpacks", "dockercompose", "dockerimage")

NOT_MET: dict[str, str] = {
    "queue_as_object": "the list over the whole team is never asked for: it does not name the application surely",
    "backup_never_runs": "no backup is asked of Coolify: those that it made are read",
    "backup_fails": "as above; one that failed, or is empty, is read in the tests of the gateway",
    "backup_empty": "as above",
    "DRIP": "given up after coolify.answer seconds, which the tests of the wire wait for once",
}
"""Oddities of requests that the product does not send."""


def test_every_oddity_is_met_by_the_product() -> None:
    """A switch that no flight turns on would be a promise about the fake alone."""
    own = re.compile(r"(test_)?fake_coolify.*\.py")
    product = [path for path in TESTS.rglob("*.py") if not own.fullmatch(path.name) and path != Path(__file__)]
    own_tests = Path(__file__).read_text(encoding="utf-8").partition("Oddities of requests")[2]
    words = "\n".join([*(path.read_text(encoding="utf-8") for path in product), own_tests])
    fields = [field.name for field in dataclasses.fields(Quirks)]
    unmet = {name for name in fields if not re.search(rf"(quirks\.|Quirks\(|[\"'])({name})\b", words)}
    unmet |= {fault.name for fault in Fault if f"Fault.{fault.name}" not in words}
    assert unmet == set(NOT_MET)


def flown_all(flown: Flown) -> None:
    """To the proof, with one deployment."""
    before = flown.queued()
    flown.drawn()
    assert flown.fly() == ALL_DONE, flown.said
    assert (flown.runs, flown.session.incident.proven, flown.queued()) == (GOOD, True, before + 1)


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(version_as_text_plain=True),
        Quirks(version_text="v4.3.11"),
        Quirks(version_text='"4.3.11"'),
        Quirks(version_text=" 4.3.11\n"),
        Quirks(history_as_list=True),
        Quirks(current_told=True),
        Quirks(errors_as_text=True),
        Quirks(status_lags=True),
    ],
    ids=lambda quirks: next(str(key) for key, value in vars(quirks).items() if value),
)
def test_what_is_worded_otherwise_changes_nothing(
    quirks: Quirks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same way back, one deployment, proven."""
    with flying(tmp_path / "shop", monkeypatch, quirks=quirks) as flown:
        assert flown.release(BAD).way_back is WayBack.RUNNING
        flown_all(flown)


@pytest.mark.parametrize("switch", ["api_disabled", "address_not_allowed"])
def test_an_api_that_lets_nobody_in_bends_nothing(switch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """403 with ``success: true`` is no success: the step fails with the next move, nothing is bent and nothing owed."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.run("B1") == "done"
        for code, owed in (("X1", []), ("X3", ["auto-deploy of shop is off"])):
            setattr(flown.coolify.quirks, switch, True)
            assert flown.run(code) in ("failed", "moved"), flown.said
            assert "does not let us in" in flown.said
            setattr(flown.coolify.quirks, switch, False)
            assert (flown.owed(), flown.runs, flown.coolify.asked("POST")) == (owed, BAD, [])
            assert flown.run(code) == "done", flown.said
        assert (flown.run("X4"), flown.runs) == ("done", GOOD)


@pytest.mark.parametrize("as_text", [False, True])
def test_fields_that_are_refused_are_named(as_text: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """422: the same words whether Coolify lists its errors or tells one text of each."""
    with flying(tmp_path / "shop", monkeypatch, quirks=Quirks(errors_as_text=as_text)) as flown:
        asked = HttpCoolify(flown.coolify.table(flown.app), flown.coolify.resolve, str)
        path = f"/applications/{flown.app.uuid}/rollback"
        with pytest.raises(Refused) as told:
            asked.send(CoolifyCall(flown.coolify.url, "POST", path, {"commit": "$(reboot)"}))
        said = "422: Validation failed.; commit: Invalid rollback commit: contains disallowed characters."
        assert told.value.detail == said
        assert flown.queued() == 2


@pytest.mark.parametrize("pack", PACKS)
def test_finished_and_unhealthy_is_not_back(pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z30: Coolify says finished, the right version runs, and it is sick: the proof fails and says by what."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        flown.drawn()
        flown.coolify.quirks.finished_but_unhealthy = True
        assert flown.fly() == {**ALL_DONE, "X4": "failed"}
        assert (flown.runs, flown.session.incident.proven, "503" in flown.said) == (GOOD, False, True)


@pytest.mark.parametrize("version", ["4.3.11", "4.2.0"])
def test_an_image_that_is_built_anew_is_told(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COOLIFY 3.3: the image was there and Coolify built another one all the same; its tag does not tell."""
    with flying(tmp_path / "shop", monkeypatch, version=version) as flown:
        plan = flown.drawn()
        assert not [note for note in plan.notes if note.code == "coolify-rebuilds"]
        image = next(one.id for one in flown.coolify.core.runtime.images(flown.app) if one.tag == GOOD)
        flown.coolify.quirks.build_config_changed = True
        assert flown.fly("B1", "X1", "X3")["X3"] == "done"
        assert "its image was built anew, so it is not the one that ran before" in flown.said
        assert flown.coolify.running(flown.app)[0].image_id != image
        assert flown.run("X4") == "done"


def test_an_image_that_is_the_same_is_not_called_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build was skipped: nothing is said of one."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.drawn()
        assert flown.fly("B1", "X1", "X3")["X3"] == "done"
        assert "anew" not in flown.said


@pytest.mark.parametrize("pack", ["nixpacks", "dockerimage"])
def test_failed_though_it_runs_is_proven_by_what_runs(
    pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COOLIFY 4: shown as failed though healthy: it is said, and overridden with a reason the proof decides."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        flown.drawn()
        flown.coolify.quirks.failed_though_healthy = True
        before = flown.queued()
        assert flown.fly()["X3"] == "failed"
        assert "its log says that its container came up: see what runs before it is sent again" in flown.said
        with pytest.raises(Refused, match="waits for X3"):
            flown.run("X4")
        flown.session.mark("X3", State.OVERRIDDEN, reason="its container came up")
        assert flown.run("X4") == "done", flown.said
        assert (flown.runs, flown.session.incident.proven, flown.queued()) == (GOOD, True, before + 1)


@pytest.mark.parametrize(
    ("pack", "switch", "columns", "words", "runs"),
    [
        ("nixpacks", "shallow_rollback_fails", {}, f"fatal: bad object {GOOD}; Deployment failed: ", BAD),
        (
            "nixpacks",
            "pre_command_fails",
            {"pre_deployment_command": "migrate"},
            "Deployment failed: Pre-deployment command failed",
            BAD,
        ),
        ("dockerimage", "stops_before_pulling", {}, ": manifest unknown; Deployment failed: ", ""),
    ],
)
def test_what_failed_is_said_with_its_reason(
    pack: str,
    switch: str,
    columns: dict[str, Any],
    words: str,
    runs: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error itself, not only Coolify's frame of it; nothing is called back, whatever still runs."""
    with flying(tmp_path / "shop", monkeypatch, pack=pack) as flown:
        flown.app.columns |= columns
        flown.drawn()
        if pack == "dockerimage":
            del flown.app.registry[GOOD]
        setattr(flown.coolify.quirks, switch, True)
        assert flown.fly()["X3"] == "failed"
        assert words in flown.said
        assert "came up" not in flown.said
        assert (flown.runs, flown.session.incident.proven) == (runs, False)


def test_one_that_was_cancelled_and_comes_up_is_no_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling answered 200 and did nothing: it comes up meanwhile, and green is what runs in the end."""
    with flying(tmp_path / "shop", monkeypatch) as flown:
        flown.coolify.quirks.deployments_stick = True
        flown.coolify.push(flown.app, "c3" * 20, "hangs")
        flown.coolify.step()
        flown.coolify.quirks.deployments_stick = False
        flown.coolify.quirks.cancel_has_no_effect = True
        flown.drawn()
        assert flown.fly() == {**ALL_DONE, "X2": "done"}, flown.said
        assert not flown.coolify.step(), "nothing of it is left at work"
        assert (flown.runs, flown.session.incident.proven) == (GOOD, True)
        assert [row.status for row in flown.coolify.deployments(flown.app)][:2] == ["finished", "cancelled-by-user"]
        assert "c3" * 20 in {image.tag for image in flown.coolify.core.runtime.images(flown.app)}, "it came up"
