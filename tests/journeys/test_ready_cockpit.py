"""Whether a rollback would work, in the cockpit: looked at in the background, told in the bar, protected by one key."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from coolify_flight import GOOD, Flown, InProcess, flying
from fake_coolify import FakeCoolify
from fake_coolify_state import App
from pilot_moves import comes, looked, sees
from textual.pilot import Pilot
from tiny_system import Tiny, build, decided
from widget_bench import screen_text

from actions.model.clock import stamp
from actions.model.ports import CommandResult
from actions.model.ready import ReadyReport, Verdict
from actions.model.ready_kinds import ReadyKind
from actions.steps.ready_remote import remote_part
from app import ready_look
from app.cockpit import cockpit
from app.incident_screen import IncidentScreen
from app.ready_checks import Checks
from app.ready_file import read_report, write_report
from app.ready_look import ReadyLook
from app.status import run_status
from widgets.checklist import Checklist
from widgets.ready_dialog import ReadyDialog


def bar(pilot: Pilot[Any]) -> str:
    return screen_text(pilot.app).splitlines()[0]


def taken_soon(coolify: FakeCoolify, app: App) -> None:
    """The next clean-up takes everything that does not run."""
    app.settings["docker_images_to_keep"] = 0


async def test_one_key_protects_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen as NOT READY in the bar; R, p go to the step that keeps more images; Enter runs it; then it is READY.

    It is a step like any other: on record, owed, and undone by its own undo.
    """
    monkeypatch.setattr(ready_look, "FIRST_S", 0.0)
    with flying(tmp_path / "shop", monkeypatch, setup=taken_soon) as flown:
        decided(flown.session)
        flown.session._runner = InProcess(flown.session)  # type: ignore[assignment]  # no process of its own
        app = cockpit(flown.session, ascii=False)
        async with app.run_test(size=(200, 50)) as pilot:
            screen = app.screen
            assert isinstance(screen, IncidentScreen)
            await comes(pilot, lambda: "✖ NOT READY 1" in bar(pilot))
            assert screen.ready is not None
            report = screen.ready.report
            assert report is not None
            assert [one.code for one in report.findings if one.level.value == "error"] == ["prune-takes-it"]
            await comes(pilot, lambda: screen.releases)
            await _protects(pilot, screen, flown)
            screen.ready.look_again()
            await comes(pilot, lambda: "✔ READY" in bar(pilot))
            assert read_report(flown.session.journal.folder, "shop") is not None
        assert flown.owed() == ["Coolify keeps 3 images of shop instead of 0"]
        assert flown.run("B2", undo=True) == "done", flown.said
        assert (flown.app.settings["docker_images_to_keep"], flown.owed()) == (0, [])


async def _protects(pilot: Pilot[Any], screen: IncidentScreen, flown: Flown) -> None:
    """First the plan is drawn, then the key goes to its step; nothing is sent before Enter."""
    session = flown.session
    await pilot.press("R")
    await comes(pilot, lambda: isinstance(pilot.app.screen, ReadyDialog))
    await sees(pilot, "prune-takes-it")
    await pilot.press("p")
    await comes(pilot, lambda: session.incident.plan is not None)
    assert session.incident.plan is not None
    assert session.incident.plan.target.commit == GOOD
    await comes(pilot, lambda: not screen.drawing)
    await pilot.press("R")
    await comes(pilot, lambda: isinstance(pilot.app.screen, ReadyDialog))
    await pilot.press("p")
    await comes(pilot, lambda: screen.code == "B2")
    assert screen.query_one(Checklist).code == "B2"
    await sees(pilot, "docker_images_to_keep: 0 becomes 3")
    assert not [one for one in flown.coolify.asked("PATCH") if flown.app.uuid in one.path]
    await looked(pilot)
    await pilot.press("enter")
    await comes(pilot, lambda: "docker_images_to_keep" in flown.app.settings and _kept(flown) == 3)
    await comes(pilot, lambda: session.incident.running is None)


def _kept(flown: Flown) -> int:
    return int(flown.app.settings["docker_images_to_keep"])


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return build(tmp_path / "tiny")


def by_cron(at: str, *, ready: bool) -> ReadyReport:
    findings = () if ready else (ReadyKind.TARGET_GONE.finding("v2 is not in the clone", "git"),)
    return ReadyReport("tiny", at, "cron@jump", findings, checks={"host": "ok"})


async def test_what_cron_found_is_shown_before_anybody_looks(tiny: Tiny) -> None:
    """No incident yet, nothing is asked: the file alone tells, with who looked; R says so in full, l looks now."""
    session = tiny.session()
    write_report(session.journal.folder, by_cron(stamp(session.clock.now()), ready=False))
    app = cockpit(session, ascii=False)
    try:
        async with app.run_test(size=(160, 48)) as pilot:
            await comes(pilot, lambda: "✖ NOT READY 1" in bar(pilot))
            await pilot.press("R")
            await comes(pilot, lambda: isinstance(app.screen, ReadyDialog))
            await sees(pilot, "by cron@jump")
            await pilot.press("l")
            me = session.who.login
            await comes(pilot, lambda: f"by {me}@" in screen_text(app))
            assert isinstance(app.screen, ReadyDialog)
    finally:
        session.close()
        session.journal.close()


def test_the_one_who_observes_asks_nothing(tiny: Tiny) -> None:
    """Only who flies an open incident looks; before one is open whoever wishes it."""
    session = tiny.session()
    assert ReadyLook(session).look_again()
    assert not ReadyLook(session, observe=True).look_again()
    decided(session)
    assert ReadyLook(session).look_again()
    assert not ReadyLook(session, observe=True).look_again()
    other = tiny.session("ops2")
    try:
        assert not ReadyLook(other).look_again()
    finally:
        for one in (other, session):
            one.close()
            one.journal.close()


def test_a_wish_that_comes_while_it_is_decided_is_not_lost(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks in the very moment when there is nothing to look at is looked for: it was promised."""
    session = tiny.session()
    look = ReadyLook(session, first_s=0.0)
    seen: list[str] = []

    def asks_meanwhile() -> bool:
        if not seen:
            seen.append(look.look_now() or "promised")
        return False

    def looked_at() -> None:
        seen.append("looked")
        look.stop()

    def gives_up(_seconds: float) -> bool:
        if seen and not look.busy:  # nothing wakes it any more
            look.stop()
        return True

    monkeypatch.setattr(look, "_may", asks_meanwhile)
    monkeypatch.setattr(look, "_look", looked_at)
    monkeypatch.setattr(look._wake, "wait", gives_up)
    try:
        look._run()
        assert seen == ["promised", "looked"]
    finally:
        session.close()
        session.journal.close()


def test_a_git_remote_that_takes_no_branch(tiny: Tiny) -> None:
    """The real push as a dry run: sound, then refused, then gone; one code each, and never a branch on the remote."""
    session = tiny.session()
    try:
        checks = Checks(session.settings, session.world(), "ops1")
        report = checks.run()
        said = [one.code for one in report.findings if one.about == "origin"]
        assert (said, report.targets[0].identity) == ([], tiny.target)
        assert report.facts["push"].startswith(f"origin would take {tiny.target[:10]}")
        remote = tiny.ground.remote
        branches = (remote / "packed-refs").read_text() if (remote / "packed-refs").exists() else ""
        config = remote / "config"
        told = config.read_text()
        config.write_text(told.replace("bare = true", "bare = true\n[broken"))
        assert [one.code for one in checks.run().findings if one.about == "origin"] in (
            ["remote-refuses"],
            ["remote-unreached"],
        )
        config.write_text(told)
        remote.rename(remote.with_name("away.git"))
        gone = checks.run()
        assert gone.verdict is Verdict.NOT_READY
        assert "remote-unreached" in [one.code for one in gone.findings]
        assert "goaround-asks-only" not in branches
        assert not list(remote.with_name("away.git").rglob("*goaround-asks-only*"))
    finally:
        session.close()
        session.journal.close()


def test_a_git_remote_that_hangs_is_not_reached(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push that is given up says nothing of the remote's will, whatever git says when it is ended."""
    session = tiny.session()
    try:
        world = session.world()
        run = world.host.run

        def hangs(argv: tuple[str, ...], **how: Any) -> CommandResult:
            if "--dry-run" in argv:
                return CommandResult(143, b"", b"fatal: the remote end hung up unexpectedly", 40_000, timed_out=True)
            return run(argv, **how)

        monkeypatch.setattr(world.host, "run", hangs)
        found = remote_part(session.settings, world, tiny.target).findings
        assert [(one.code, one.text) for one in found] == [("remote-unreached", "no answer within 40 s")]
    finally:
        session.close()
        session.journal.close()


def test_status_tells_of_the_parachute(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    """Red in tmux while it is not packed; nothing while nobody has looked; for programs, too."""
    session = tiny.session()

    def told(*, tmux: bool = False, program: bool = False) -> str:
        assert run_status(str(tiny.config), str(tiny.store), "", tmux=tmux, program=program) == 0
        return capsys.readouterr().out.strip()

    try:
        assert "parachute" not in told()
        now = stamp(session.clock.now())
        write_report(session.journal.folder, by_cron(now, ready=False))
        assert "PARACHUTE NOT PACKED: not ready 1, " in told()
        assert "#[fg=red]PARACHUTE NOT PACKED" in told(tmux=True)
        write_report(session.journal.folder, by_cron(now, ready=True))
        assert told().endswith("s ago")
        assert "parachute packed" in json.loads(told(program=True))["parachute"]
        old = dataclasses.replace(by_cron(now, ready=True), at="2020-01-01T00:00:00.000000Z")
        write_report(session.journal.folder, old)
        assert told().endswith("parachute: not known")
    finally:
        session.close()
        session.journal.close()
