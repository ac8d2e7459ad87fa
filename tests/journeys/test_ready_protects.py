"""The target is kept from a clean-up before anything is decided, on record; plain mode tells whether one is ready."""

from __future__ import annotations

from pathlib import Path

import pytest
from coolify_flight import GOOD, Flown, flying
from fake_coolify import FakeCoolify
from fake_coolify_state import App
from tiny_flight_operator import Scripted
from tiny_system import Tiny, build

from actions.model.clock import stamp
from actions.model.errors import Refused
from actions.model.ready import ReadyReport
from actions.model.ready_kinds import ReadyKind
from app.plain import Plain
from app.ready_checks import Checks
from app.ready_file import read_report, write_report


def nearly_taken(_coolify: FakeCoolify, app: App) -> None:
    """One more deployment, and the next clean-up takes the target."""
    app.settings["docker_images_to_keep"] = 1


def look(flown: Flown) -> ReadyReport:
    return Checks(flown.session.settings, flown.session.world(), "ops1").run()


def test_kept_before_the_decision_on_record_and_owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near is enough for the step to be there; it needs no decision, freezing does; it is owed, and straightened."""
    with flying(tmp_path / "shop", monkeypatch, setup=nearly_taken) as flown:
        (near,) = [one for one in look(flown).findings if one.code == "prune-near"]
        request = f'PATCH {flown.coolify.url}/api/v1/applications/{flown.app.uuid} {{"docker_images_to_keep": 3}}'
        assert (near.step, near.next_move) == ("coolify.set", f"let Coolify keep 3 images: {request}")
        session = flown.session
        assert session.take_lease()
        session.declare("pages fail")
        plan = session.draw(flown.release(GOOD))
        assert [step.code for step in plan.steps if step.optional and not step.pays] == ["B2"]
        with pytest.raises(Refused, match="the decision to roll back is not recorded"):
            flown.run("X1")
        assert flown.run("B2") == "done", flown.said
        assert flown.app.settings["docker_images_to_keep"] == 3
        assert flown.owed() == ["Coolify keeps 3 images of shop instead of 1"]
        assert "prune-near" not in [one.code for one in look(flown).findings]
        assert flown.run("Z3") == "done", flown.said
        assert (flown.app.settings["docker_images_to_keep"], flown.owed()) == (1, [])


def test_retention_that_is_off_names_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More images would not be kept either: the next move is on the server, and no step is named."""

    def off(coolify: FakeCoolify, _app: App) -> None:
        coolify.server.cleanup["disable_application_image_retention"] = True

    with flying(tmp_path / "shop", monkeypatch, setup=off) as flown:
        settings = flown.session.settings
        assert settings.coolify is not None
        object.__setattr__(settings.coolify, "server", flown.coolify.server.uuid)
        (taken,) = [one for one in look(flown).findings if one.code == "prune-takes-it"]
        assert taken.step == ""
        assert "retention of application images" in taken.next_move


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


def test_plain_mode_tells_at_the_beginning_and_in_full(tiny: Tiny) -> None:
    """What cron found is one line before the first question; `ready` is all of it, `ready now` looks and waits."""
    session = tiny.session()
    finding = ReadyKind.TARGET_GONE.finding("v2 is not in the clone", "git")
    write_report(
        session.journal.folder,
        ReadyReport("tiny", stamp(session.clock.now()), "cron@jump", (finding,), checks={"host": "ok"}),
    )
    operator = Scripted(["ready", "ready soon", "ready now", "", "pages fail"])
    try:
        Plain(session, operator).fly()
        first = next(line for line in operator.lines if "would a rollback work?" in line)
        assert "NOT READY: 1 error [target-gone]; looked at " in first
        assert operator.lines.index(first) == 0
        assert "NO  [target-gone] git: v2 is not in the clone" in operator.text
        assert "ready soon is no command here" in operator.text
        assert "looking whether a rollback would work ..." in operator.text
        told = read_report(session.journal.folder, "tiny")
        assert told is not None
        assert told.by.startswith(f"{session.who.login}@")
        assert f"=>  git {told.targets[0].name}: there" in operator.text
    finally:
        session.close()
        session.journal.close()


def test_plain_mode_says_that_nobody_has_looked(tiny: Tiny) -> None:
    """And how to: it is never silent about it."""
    session = tiny.session()
    operator = Scripted(["ready"])
    try:
        Plain(session, operator).fly()
        assert "would a rollback work? nobody has looked yet; ready now looks" in operator.lines[0]
        assert "? not known: nobody has looked yet" in operator.text
    finally:
        session.close()
        session.journal.close()
