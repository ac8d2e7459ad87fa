"""What `goaround ready` says of a Coolify application: targets, clean-up, tokens; a code for each that is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_coolify import FakeCoolify
from fake_coolify_quirks import Fault
from fake_coolify_state import App
from patient_deadlines import joins_begin
from performing import local_world

from actions.gateways.coolify import HttpCoolify
from actions.model.ports import World
from actions.model.ready import ReadyLevel, ReadyReport, Verdict
from actions.model.system import ProbeTable, Settings, SystemTable
from actions.model.system_watch import ReadyTable
from app import bounded
from app.ready_checks import Checks

OLD, GOOD, BAD = "e" * 40, "a" * 40, "b" * 40


@pytest.fixture
def coolify() -> Iterator[FakeCoolify]:
    with FakeCoolify() as one:
        yield one
        one.assert_all_valid()


@pytest.fixture
def shop(coolify: FakeCoolify) -> App:
    app = coolify.add_app()
    app.settings["docker_images_to_keep"] = 5
    coolify.has_deployed(app, OLD, "An older one", days=9)
    coolify.has_deployed(app, GOOD, "The good one", days=2)
    coolify.has_deployed(app, BAD, "The bad one", hours=1)
    return app


def settings_of(coolify: FakeCoolify, shop: App, **more: object) -> Settings:
    table = coolify.table(shop, **{"server": coolify.server.uuid, "containers": False, **more})
    probe = ProbeTable("health", coolify.site(shop))
    return Settings(
        SystemTable("shop", "production", option="coolify"),
        coolify=table,
        probe=(probe,),
        ready=ReadyTable(answer=20),
    )


def world_of(coolify: FakeCoolify, settings: Settings, folder: Path) -> World:
    assert settings.coolify is not None
    port = HttpCoolify(settings.coolify, coolify.resolve, str, pause=lambda _: None)
    return replace(local_world(folder), coolify=port)


def look(coolify: FakeCoolify, shop: App, folder: Path, **more: object) -> ReadyReport:
    settings = settings_of(coolify, shop, **more)
    return Checks(settings, world_of(coolify, settings, folder), "ops").run()


def codes(report: ReadyReport, *levels: ReadyLevel) -> list[str]:
    """Of these levels; what this machine's own clock and disks say is no part of it."""
    wanted = levels or (ReadyLevel.ERROR, ReadyLevel.UNKNOWN, ReadyLevel.WARNING)
    ground = ("clock-off", "disk-low", "disk-full")
    return [one.code for one in report.findings if one.level in wanted and one.code not in ground]


def test_a_sound_one_is_green(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """The target is there and held by the retention, the tokens may do all; nothing on the server was changed."""
    coolify.server.cleanup["docker_cleanup_frequency"] = "daily"
    before = [(row.uuid, row.status) for row in coolify.deployments(shop)]
    report = look(coolify, shop, tmp_path)
    # What runs is Coolify's word alone here: its engine is not asked. That is no finding.
    assert codes(report) == [], report.findings
    (target, older) = report.targets
    assert (target.name, target.proposed, target.there, target.protected) == (GOOD[:10], True, True, True)
    assert "Coolify cleans up at 00:00Z daily when its disk is fuller than 80 % (next " in target.prune
    assert target.prune.startswith("kept for 4 more deployments; ")
    assert target.prune.endswith("keeps 5")
    assert not older.proposed
    assert report.facts["acting token"] == "deploy, write"
    assert report.facts["observing token"] == "read, read:sensitive"
    assert [(row.uuid, row.status) for row in coolify.deployments(shop)] == before
    changing = [(one.method, one.path) for one in coolify.requests if one.method != "GET"]
    assert all("goaroundasksonly" in path for _, path in changing), changing
    assert coolify.runs(shop) == BAD


def test_a_target_whose_image_is_removed(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """One code: it would be built anew, which is not the image that ran."""
    coolify.remove_image(shop, GOOD)
    report = look(coolify, shop, tmp_path)
    assert report.verdict is Verdict.NOT_READY
    assert codes(report) == ["target-gone"]
    assert "anew" in report.findings[0].text
    assert report.targets[0].there is False


@pytest.mark.parametrize(
    ("abilities", "code", "words"),
    [
        (("deploy",), "token-right", "write"),
        (("write",), "token-right", "deploy"),
        (("read",), "token-right", "deploy"),
    ],
)
def test_an_acting_token_that_lacks_a_right(
    coolify: FakeCoolify, shop: App, tmp_path: Path, abilities: tuple[str, ...], code: str, words: str
) -> None:
    """One code, and which right it is; found out without changing anything."""
    coolify.actor = coolify.token("acting", *abilities)
    report = look(coolify, shop, tmp_path)
    assert report.verdict is Verdict.NOT_READY
    assert set(codes(report)) == {code}
    assert words in report.findings[0].text


def test_a_proxy_that_says_not_found_says_nothing_of_a_right(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """Coolify's 404 means that the token may; a proxy's means that nobody has looked at the token."""
    coolify.fail(Fault.NO_ROUTE, "POST")
    coolify.fail(Fault.NO_ROUTE, "PATCH")
    report = look(coolify, shop, tmp_path)
    assert codes(report) == ["token-not-tried", "token-not-tried"]


def test_an_acting_token_that_needs_no_write(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """Where nothing is frozen or pinned, deploy alone is enough, and write is not tried."""
    coolify.actor = coolify.token("acting", "deploy")
    report = look(coolify, shop, tmp_path, freeze=False)
    assert codes(report) == []
    assert not coolify.asked("PATCH")


def test_an_observing_token_without_sensitive(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """A warning: going back works, but the log and the variables are not seen."""
    coolify.observer = coolify.token("plain", "read")
    report = look(coolify, shop, tmp_path)
    assert report.verdict is Verdict.READY
    assert codes(report) == ["token-sensitive"]


def test_tokens_that_are_none(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """An unknown acting token is said once; without one nothing can be deployed."""
    coolify.actor = replace(coolify.actor, secret="99|unknown")
    assert codes(look(coolify, shop, tmp_path)) == ["token-bad"]
    assert codes(look(coolify, shop, tmp_path, act_token="")) == ["token-missing"]


def test_a_clean_up_that_takes_it(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """The horizon: taken by the next clean-up, by the next deployment, or not known; each with its code."""
    shop.settings["docker_images_to_keep"] = 0
    report = look(coolify, shop, tmp_path)
    assert codes(report) == ["prune-takes-it"]
    assert "a prune would take it; Coolify cleans up at 00:00Z daily" in report.findings[0].text
    assert "keeps 0" in report.findings[0].text
    shop.settings["docker_images_to_keep"] = 1
    assert codes(look(coolify, shop, tmp_path)) == ["prune-near"]
    shop.settings["docker_images_to_keep"] = 9
    coolify.server.cleanup["disable_application_image_retention"] = True
    assert codes(look(coolify, shop, tmp_path)) == ["prune-takes-it"]
    coolify.server.cleanup["disable_application_image_retention"] = False
    assert codes(look(coolify, shop, tmp_path, server="")) == ["prune-unknown"]
    coolify.server.cleanup["docker_cleanup_frequency"] = "now and then"
    assert codes(look(coolify, shop, tmp_path)) == ["prune-unknown"]


def test_an_empty_list_of_images_proves_nothing(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """It is also given while the server cannot be reached: not known, never gone."""
    coolify.quirks.images_fail = True
    report = look(coolify, shop, tmp_path)
    assert codes(report) == ["target-unsure"]
    assert report.targets[0].there is None


def test_one_check_that_fails_hides_no_other(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """Coolify answers nonsense about the application, and the acting token lacks a right: both are told."""
    coolify.actor = coolify.token("acting", "read")
    coolify.fail(Fault.HTML, "GET", "/deployments/applications/*", times=50)
    report = look(coolify, shop, tmp_path)
    assert report.verdict is Verdict.NOT_READY
    assert "way-unread" in codes(report)
    assert report.checks["host"] == "ok"


HANG = {"ready targets coolify", "ready rights"}
"""Threads of the checks that ask for the images to go back to."""


def test_one_that_hangs_is_given_up(
    coolify: FakeCoolify, shop: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own code, unknown and not ready; the others are told; while it hangs it is not asked once more."""
    settings = replace(settings_of(coolify, shop, answer=100), ready=ReadyTable(answer=1))
    checks = Checks(settings, world_of(coolify, settings, tmp_path), "ops")
    coolify.fail(Fault.SLOW, "GET", f"/applications/{shop.uuid}/rollback-images", times=9)

    def they_hang() -> bool:
        asking = {one.name for one in threading.enumerate() if one.name.startswith("ready ")}
        return asking <= HANG and len(coolify.asked("GET", "*/rollback-images")) >= len(HANG)

    joins_begin(monkeypatch, bounded, they_hang)  # a second is short for all the others on a busy machine
    report = checks.run()
    assert report.verdict is Verdict.UNKNOWN
    assert set(codes(report)) <= {"check-timed-out"}
    assert report.checks["targets coolify"] == "timed out"
    assert report.checks["probes"] == "ok"
    asked = len(coolify.asked("GET", "*/rollback-images"))
    assert checks.run().checks["targets coolify"] == "timed out"
    assert len(coolify.asked("GET", "*/rollback-images")) == asked
    coolify.release.set()


def test_what_coolify_says_of_its_backups(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """A success with bytes in it is well; a failure, an empty one, and none at all are one code."""
    database = coolify.add_database()
    assert codes(look(coolify, shop, tmp_path, database=database.uuid)) == ["coolify-backup-failed"]
    coolify.add_backup(database, coolify.execution(hours=5))
    report = look(coolify, shop, tmp_path, database=database.uuid)
    assert (codes(report), report.facts["newest backup of Coolify"]) == ([], "success, 5 h old")
    bad = coolify.execution(hours=1)
    bad.status, bad.message = "failed", "pg_dump: error: connection failed"
    coolify.add_backup(database, bad)
    report = look(coolify, shop, tmp_path, database=database.uuid)
    assert codes(report) == ["coolify-backup-failed"]
    assert "pg_dump: error: connection failed" in report.findings[0].text
    bad.status, bad.message, bad.size = "success", "", 0
    assert codes(look(coolify, shop, tmp_path, database=database.uuid)) == ["coolify-backup-failed"]


def test_tokens_that_anybody_could_read(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """One code, a warning and never a refusal: everything else is asked all the same."""
    settings = settings_of(coolify, shop)
    assert settings.coolify is not None
    world = world_of(coolify, settings, tmp_path)
    away = replace(settings.coolify, url="http://coolify.example.org:8000")
    report = Checks(replace(settings, coolify=away), world, "ops").run()
    assert codes(report) == ["token-exposed"]
    assert report.verdict is Verdict.READY
    assert report.facts["observing token"] == "read, read:sensitive"
    (finding,) = [one for one in report.findings if one.code == "token-exposed"]
    assert "http:// is not encrypted" in finding.text
    assert "ssh -L" in finding.next_move


def test_the_clean_up_by_the_clock_of_the_server(coolify: FakeCoolify, shop: App, tmp_path: Path) -> None:
    """Its own time zone where Coolify tells it; else it is said that it was read as UTC."""
    coolify.server.timezone = "Europe/Berlin"
    assert "at 00:00 Europe/Berlin daily" in look(coolify, shop, tmp_path).targets[0].prune
    coolify.server.timezone = None
    assert "read as UTC: its time zone is not told" in look(coolify, shop, tmp_path).targets[0].prune
