"""What the release history takes from the record and from Coolify: watches, each deployment, pins left behind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from coolify_flight import BAD, GOOD, flying
from tiny_system import Tiny, build, copy, decided, finish

from actions.model.clock import stamp
from actions.model.errors import GoaroundError, Refused
from actions.model.events import Observed
from actions.model.events_after import WatchBegun, WatchEnded
from actions.model.golden import Pin
from actions.model.last_good import Standing, judge
from actions.model.ports import Coolify
from actions.model.release_history import History
from actions.model.watching import PREFIX
from app import golden_file
from app.golden_desk import pin
from app.release_sources import listing_of, read_history
from app.releases_command import Asked, run_releases
from app.session import Session


class Halfway:
    """The real gateway, that is not answered from the second page of deployments on."""

    def __init__(self, real: Coolify) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def deployments(self, skip: int, take: int) -> Any:
        if skip:
            raise GoaroundError("Coolify answers 502", "bad gateway", "look at Coolify")
        return self._real.deployments(skip, take)


Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return build(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture
def tiny(template: Tiny, tmp_path: Path) -> Tiny:
    """v1 ran for days, v2 for four hours, v3 runs since ten minutes ago."""
    one = copy(template, tmp_path / "tiny")
    one.tell_deployments(9000, 250, 10)
    return one


def told(tiny: Tiny, capsys: Printed, name: str = "", **more: object) -> str:
    capsys.readouterr()
    run_releases(Asked(name=name, config=str(tiny.config), store=str(tiny.store), **more))  # type: ignore[arg-type]
    return capsys.readouterr().out


def of_record(session: Session) -> History:
    return read_history(session, session.releases(), "git")


def standing(history: History, name: str) -> tuple[Standing, str]:
    row = next(one for one in history.rows() if one.release.name == name)
    judged = judge(history, row)
    return judged.standing, judged.why


def test_the_watch_after_a_rollback_counts_against_what_it_watched(tiny: Tiny, capsys: Printed) -> None:
    """F02: gone back to v2, closed and read; then its watch finds it bad, after the record was closed."""
    session = tiny.session()
    decided(session)
    session.draw(next(one for one in session.releases() if one.commit == tiny.target))
    finish(session)
    incident = session.incident.id
    assert standing(of_record(session), "v2")[0] is Standing.RUNNING
    session.record(WatchBegun(stamp(session.clock.now()), 30, of_s=3600), drive=False)
    session.record(Observed(0, PREFIX + "probes.green", True, "2 of 2 pass", "2 of 2 pass"), drive=False)
    session.record(Observed(0, PREFIX + "probes.green", False, "1 of 2 pass: checkout", "2 of 2 pass"), drive=False)
    session.record(WatchEnded("watched for 1 h: RED: probes.green", ok=False), drive=False)
    kind, why = standing(of_record(session), "v2")
    session.close()
    session.journal.close()
    assert kind is Standing.WATCHED
    assert why.startswith(f"the watch of {incident} found it bad: probes.green at ")
    assert "1 of 2 pass: checkout" in why
    assert "went bad" in told(tiny, capsys)
    assert f"the watch of {incident} found it bad" in told(tiny, capsys, "v2")
    data = json.loads(told(tiny, capsys, "v2", json=True))
    assert data["lives"][0]["watched"][0]["bad"][0]["seen"] == "1 of 2 pass: checkout"
    assert data["deployments"][0]["trigger"] == f"rollback of {incident}"
    assert data["took_s"] is not None


def test_a_pin_whose_release_is_gone_is_said_and_can_be_taken_back(tiny: Tiny, capsys: Printed) -> None:
    """By its name of then or its label: nothing else names it any more."""
    gone = Pin("tiny", "d" * 40, "v0", "2026-11-01T00:00:00.000000Z", "ops1", "old faithful", "d" * 40, drill=True)
    tiny.session().close()
    golden_file.append(tiny.store, gone)
    text = told(tiny, capsys)
    assert "! golden as old faithful: pinned by ops1 on 2026-11-01 00:00Z: v0, of which no source tells" in text
    assert "not v0: golden, but no source, as far as they were read, tells of it" in text
    assert "is golden no more" in told(tiny, capsys, not_golden="old faithful")
    assert "v0" not in told(tiny, capsys)


def test_a_label_stands_for_one_release(tiny: Tiny, capsys: Printed) -> None:
    """A second release of that name is refused with the move that helps; the label names the first one."""
    told(tiny, capsys, golden="v1", label="best")
    with pytest.raises(Refused, match=r"v1 .* is golden as best already"):
        told(tiny, capsys, golden="v2", label="best")
    told(tiny, capsys, golden="v1", label="best")
    assert told(tiny, capsys, "best").startswith("v1: ")
    told(tiny, capsys, not_golden="best")
    told(tiny, capsys, golden="v2", label="best")
    assert told(tiny, capsys, "best").startswith("v2: ")


def test_a_pin_that_is_set_in_a_drill_leads_nobody_in_the_real_thing(tiny: Tiny, capsys: Printed) -> None:
    """The same store, and a system for drills: its pins are its own."""
    session = tiny.session()
    pin(session, next(one for one in session.releases() if one.name == "v1"), "drilled")
    session.close()
    session.journal.close()
    assert golden_file.read(tiny.store, "tiny", drill=False) == ((), "")
    assert [one.label for one in golden_file.read(tiny.store, "tiny", drill=True)[0]] == ["drilled"]


def test_coolify_tells_each_deployment_with_its_trigger_and_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F01: commit, message, trigger, status, duration; a failed one stands beside the life that was."""
    with flying(tmp_path / "s", monkeypatch) as flown:
        coolify, app = flown.coolify, flown.app
        coolify.push(app, "c3" * 20, "By webhook")
        coolify.has_deployed(app, GOOD, "The good one")
        coolify.has_deployed(app, BAD, "The bad one")
        coolify.add_history(app, [BAD], "failed", hours_between=0)
        history = read_history(flown.session, flown.session.releases(), "coolify")
        good, bad = history.of(GOOD), history.of(BAD)
        assert good is not None
        assert bad is not None
        assert len(good.lives) == 2, "it was deployed twice, and both are told"
        assert {one.trigger for _, one in good.deployments} == {"by hand"}
        assert all(one.took_s is not None for _, one in good.deployments)
        assert bad.deployments[0][1].ended == "failed"
        hooked = history.of("c3" * 20)
        assert hooked is not None
        assert hooked.deployments[0][1].trigger == "webhook"
        assert flown.drawn(GOOD).target.deployments == (), "a plan does not hold them: it would be another one each day"


def test_a_source_that_fails_half_way_keeps_what_it_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second page of deployments is not answered: the newest hundred are there, and it is said what is missing."""
    with flying(tmp_path / "s", monkeypatch) as flown:
        flown.coolify.add_history(flown.app, [f"{n:040x}" for n in range(1, 150)], hours_between=0.0001)
        whole = listing_of(flown.session.settings, "coolify", flown.session.world())
        assert (len(whole.releases) > 140, whole.error) == (True, "")
        world = flown.session.world()
        assert world.coolify is not None
        half = listing_of(
            flown.session.settings, "coolify", replace(world, coolify=cast(Coolify, Halfway(world.coolify)))
        )
        assert 50 < len(half.releases) < len(whole.releases)
        assert half.error.startswith("deployments older than the newest 100 are not known: ")


def test_the_list_tells_what_differs_from_now_where_it_is_wanted(tiny: Tiny, capsys: Printed) -> None:
    """F01 and S12 for programs: difference and environment of every row, not of the named one alone."""
    rows = json.loads(told(tiny, capsys, json=True, behind=True))["releases"]
    assert [one["behind"]["difference"] for one in rows[:2]] == ["it runs now", "1 file, +1 -1 from what runs"]
    assert all(one["behind"]["environment"] for one in rows)
    assert "behind" not in json.loads(told(tiny, capsys, json=True))["releases"][0]
    assert "    1 file, +1 -1 from what runs" in told(tiny, capsys, behind=True).splitlines()
