"""The whole way back by Coolify, for each row of the decision table: through session, journal and engine, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from coolify_flight import BAD, GOOD, flying
from engine_images import ImageBuilder
from fake_coolify import FakeCoolify
from fake_coolify_engine import on_engine
from fake_coolify_state import App

from actions.model.release import WayBack

ROOT = Path(__file__).resolve().parents[2]


def shallow_off(coolify: FakeCoolify, app: App) -> None:
    app.settings["is_git_shallow_clone_enabled"] = False


ROWS = [
    # version, build pack, what is done before, the request that deploys, what is pinned
    ("4.3.11", "nixpacks", None, "rollback", None),
    ("4.3.0", "railpack", None, "rollback", None),
    ("4.3.11", "static", None, "rollback", None),
    ("4.3.11", "dockerfile", None, "rollback", None),
    ("4.3.11", "dockercompose", shallow_off, "rollback", None),
    ("4.3.11", "dockercompose", None, "deploy", "git_commit_sha"),
    ("4.3.11", "dockerimage", None, "deploy", "docker_registry_image_tag"),
    ("4.3.12", "dockerimage", None, "rollback", None),
    ("4.2.0", "nixpacks", None, "deploy", "git_commit_sha"),
    ("4.2.0", "dockercompose", None, "deploy", "git_commit_sha"),
    ("4.2.0", "dockerimage", None, "deploy", "docker_registry_image_tag"),
    ("4.0.0-beta.420", "dockerfile", None, "deploy", "git_commit_sha"),
]


@pytest.mark.parametrize(("version", "pack", "setup", "request_", "pin"), ROWS)
def test_every_row_of_the_table_goes_back_and_is_undone(
    version: str,
    pack: str,
    setup: Callable[[FakeCoolify, App], None] | None,
    request_: str,
    pin: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One deployment, proven by what runs; what is bent is owed and straightened; the undo brings back what ran."""
    with flying(tmp_path / "shop", monkeypatch, version=version, pack=pack, setup=setup or (lambda *_: None)) as flown:
        before = flown.queued()
        plan = flown.drawn()
        codes = [step.code for step in plan.steps]
        assert codes == ["B1", "X1", "X3", "X4", "Z1", *(["Z2"] if pin else [])]
        ended = flown.fly()
        assert set(ended.values()) == {"done"}, (ended, flown.said)
        assert flown.runs == GOOD
        assert flown.queued() == before + 1
        assert [one for one in flown.acted() if one[0] == "POST"] == [("POST", request_)]
        assert flown.session.incident.proven
        run = flown.session.incident.last_run("X3")
        assert run is not None
        assert run.facts["coolify"] == "finished"
        owed = flown.owed()
        assert owed[0] == "auto-deploy of shop is off"
        assert [GOOD in text and str(pin) in text for text in owed[1:]] == ([True] if pin else [])
        assert flown.app.settings["is_auto_deploy_enabled"] is False
        assert flown.coolify.push(flown.app, "c3" * 20) is None

        assert flown.run("X3", undo=True) == "done", flown.said
        assert flown.runs == BAD
        assert (flown.queued(), len(flown.owed())) == (before + 2, 1)
        assert (flown.app.git_commit_sha, flown.app.image_tag) == ("HEAD", BAD if pack == "dockerimage" else "")
        assert flown.run("X1", undo=True) == "done", flown.said
        assert (flown.app.settings["is_auto_deploy_enabled"], flown.owed()) == (True, [])


ENGINE = 'cancel_after = "10m"'
"""The engine of this machine is asked what runs: nothing else is configured to tell it."""


@pytest.mark.docker
def test_a_real_container_is_replaced_and_proven(
    build_image: ImageBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F06, F92: real images and containers; what runs is asked of the engine, also when Coolify only says finished."""
    with flying(
        tmp_path / "shop", monkeypatch, runtime=on_engine(build_image), table=ENGINE, deadline=10, version="4.2.0"
    ) as flown:
        assert flown.release(BAD).way_back is WayBack.RUNNING
        assert flown.release(GOOD).way_back is WayBack.READY, "the engine tells which images are there"
        flown.drawn()
        flown.coolify.quirks.finished_but_old_runs = True
        assert flown.fly() == {"B1": "done", "X1": "done", "X3": "done", "X4": "failed"}
        assert f"{BAD} runs, not {GOOD}" in flown.said
        flown.coolify.quirks.finished_but_old_runs = False
        flown.session.draw(flown.release(GOOD), "coolify")
        assert set(flown.fly().values()) == {"done"}, flown.said
        assert (flown.runs, flown.session.incident.proven) == (GOOD, True)


def test_nothing_is_ever_stopped_by_coolify() -> None:
    """Z25: its stop cleans up and may take the target with it; whoever adds one must switch that off."""
    product = [path for name in ("actions", "app", "widgets") for path in (ROOT / name).rglob("*.py")]
    assert len(product) > 100
    for path in product:
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"/stop\b", line) and "applications" in line:
                assert "docker_cleanup" in line, f"{path.name}: {line}"
