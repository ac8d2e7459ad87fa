"""What the release history takes from the record and from Coolify: watches, each deployment, pins left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from coolify_flight import BAD, GOOD, flying
from fake_coolify_quirks import Fault
from git_ground import commit, git, make_ground
from tiny_system import Tiny, build, copy, decided, finish

from actions.model.clock import stamp
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.events import Observed
from actions.model.events_after import WatchBegun, WatchEnded
from actions.model.golden import Pin
from actions.model.last_good import Standing, judge
from actions.model.ports import Coolify
from actions.model.release_history import History
from actions.model.watching import PREFIX
from app import golden_file
from app.environment_reading import NOT_KEPT
from app.golden_desk import pin
from app.release_behind import ReleaseBehind
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


def test_what_two_people_pinned_by_two_ways_is_golden_no_more_when_it_is_taken_back(
    tiny: Tiny, capsys: Printed
) -> None:
    """One pinned its image, the other its commit: who is told that it is golden no more can rely on it."""
    tiny.session().close()
    sha = next(one["commit"] for one in json.loads(told(tiny, capsys, json=True))["releases"] if one["name"] == "v1")
    image = f"sha256:{'7' * 64}"
    golden_file.append(
        tiny.store, Pin("tiny", image, "v1", "2026-11-01T00:00:00.000000Z", "ops2", "theirs", sha, drill=True)
    )
    told(tiny, capsys, golden="v1", label="mine")
    assert len(golden_file.read(tiny.store, "tiny", drill=True)[0]) == 2
    assert "is golden no more" in told(tiny, capsys, not_golden="v1")
    assert golden_file.read(tiny.store, "tiny", drill=True) == ((), "")
    assert "GOLDEN" not in told(tiny, capsys)


def test_pinning_once_more_without_a_name_keeps_the_name(tiny: Tiny, capsys: Printed) -> None:
    """Somebody else gave it, and finds it by that."""
    told(tiny, capsys, golden="v1", label="black friday")
    assert "pinned as golden as black friday" in told(tiny, capsys, golden="v1")
    assert told(tiny, capsys, "black friday").startswith("v1: ")


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


def test_a_name_like_the_beginning_of_another_ones_id_is_not_guessed(tiny: Tiny, capsys: Printed) -> None:
    """S14: a tag is called like the short id of v2: which of both shall be golden is asked; the whole id says it."""
    commit(tiny.ground.clone, "not v2", 1793523600 + 86400 * 9)
    git(tiny.ground.clone, "tag", tiny.target[:8])
    with pytest.raises(BadInput, match="2 releases are called so"):
        told(tiny, capsys, golden=tiny.target[:8])
    told(tiny, capsys, golden=tiny.target)
    assert [one.identity for one in golden_file.read(tiny.store, "tiny", drill=True)[0]] == [tiny.target]


def test_names_of_any_script_are_written_to_a_terminal_that_does_not_know_them(tiny: Tiny) -> None:
    """A release by a Japanese name, on a terminal that is still Latin-1: its letters are spelled."""
    git(tiny.ground.clone, "tag", "リリース", tiny.target)
    words = [sys.executable, "-c", "from app.cli import main; main()", "releases", "--config", str(tiny.config)]
    root = str(Path(__file__).parents[2])
    surroundings = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONPATH": root}
    done = subprocess.run(words, env=surroundings, cwd=root, capture_output=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u30ea\u30ea\u30fc\u30b9" in done.stdout


def test_the_list_tells_what_differs_from_now_where_it_is_wanted(tiny: Tiny, capsys: Printed) -> None:
    """F01 and S12 for programs: difference and environment of every row, not of the named one alone."""
    rows = json.loads(told(tiny, capsys, json=True, behind=True))["releases"]
    assert [one["behind"]["difference"] for one in rows[:2]] == ["it runs now", "1 file, +1 -1 from what runs"]
    assert all(one["behind"]["environment"] for one in rows)
    assert "behind" not in json.loads(told(tiny, capsys, json=True))["releases"][0]
    assert "    1 file, +1 -1 from what runs" in told(tiny, capsys, behind=True).splitlines()


def test_what_could_not_be_read_behind_a_release_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git and Coolify did not answer for a moment: who looks once more sees what they tell now, not the old failure;
    and what they told a while ago is asked for again."""
    ground = make_ground(tmp_path)
    _, good, bad = ground.shas
    table = f'[git]\nrepository = "{ground.clone}"\ndeploy = ["true", "{{ref}}"]\n'
    with flying(tmp_path / "s", monkeypatch, good=good, bad=bad, more=table) as flown:
        flown.coolify.add_variable(flown.app, "DEBUG", "1", twin=False)
        history = read_history(flown.session, flown.session.releases(), "coolify")
        row = history.of(good)
        assert row is not None
        behind = ReleaseBehind(flown.session)
        (ground.clone / ".git").rename(ground.clone / ".gone")
        flown.coolify.fail(Fault.STATUS_BEFORE, "GET", "*/envs", times=99)
        failed = behind.read(history, row)
        assert failed.difference.startswith("how it differs from what runs is not known: ")
        assert failed.environment.startswith("not known: ")
        (ground.clone / ".gone").rename(ground.clone / ".git")
        flown.coolify.faults.planned.clear()
        again = behind.read(history, row)
        assert again.difference == "1 file, +1 -1 from what runs"
        assert again.environment == NOT_KEPT
        asked = len(flown.coolify.asked("GET", "*/envs"))
        assert behind.read(history, row) == again
        assert len(flown.coolify.asked("GET", "*/envs")) == asked, "it is kept for a while"
        monkeypatch.setattr("app.release_behind.ENVIRONMENT_S", -1)
        assert behind.read(history, row) == again
        assert len(flown.coolify.asked("GET", "*/envs")) == asked + 1
