"""How `goaround ready` is told and kept: lines to a terminal's width, commands that can be copied, a shared store."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from compose_fakes import FOLDER, PROJECT, container, fakes, image, image_id, project, service

from actions.model.clock import stamp
from actions.model.errors import Unreachable
from actions.model.ports import World
from actions.model.predeploy import Predeploy
from actions.model.ready import Finding, ReadyReport, Verdict
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release
from actions.model.system import ComposeTable, Settings, SystemTable
from actions.steps.ready_targets import Targets, targets_of
from app.ready_file import read_report, ready_file, write_report
from app.ready_lines import folded, lines

AT = "2026-11-22T10:00:00.000000Z"
COMMAND = "docker image tag 1cdf9448e995 goaround/keep:obcms-web-1cdf9448e995"
TAG = ReadyKind.TARGET_UNPROTECTED.finding(
    "v1: when its tag moves on, a prune takes the image", "compose", f"on deploy@app-1: {COMMAND}", "compose.protect"
)
OLD = ReadyKind.BACKUP_OLD.finding("obcms_2026-11-20.sql.gz is 3 d old, more than 24h", "backups")


def report(*findings: Finding) -> ReadyReport:
    return ReadyReport("obcms", AT, "ops@jump", findings, checks={"host": "ok"})


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_terminal_gets_its_width_and_a_command_stays_whole(width: int) -> None:
    """Words are folded, what is copied is not; where no terminal reads, a line is a line."""
    whole = list(lines(report(OLD, TAG)))
    told = list(folded(iter(whole), width))
    assert all(len(line) <= width for line in told if not line.endswith(COMMAND))
    assert f"        {COMMAND}" in told
    assert " ".join(" ".join(told).split()) == " ".join(" ".join(whole).split())
    assert list(folded(iter(whole), 0)) == whole
    assert "by hand, on deploy@app-1:" in whole[3]


def test_a_host_that_is_away_is_told_once() -> None:
    """What could not be known for just that reason stands in one line behind it, each by its code."""
    away = Unreachable("the name of ssh://app-1 is not found", "ssh: no such name", "correct the host")
    found = (
        ReadyKind.DATABASE_UNREACHED.of_error(away, "database"),
        ReadyKind.HOST_UNREACHED.of_error(away, "ssh://app-1"),
        ReadyKind.REMOTE_UNREACHED.of_error(Unreachable("origin is away"), "origin"),
        ReadyKind.WAY_UNREAD.of_error(away, "compose", "[unreachable] "),
    )
    told = [line for line in lines(report(*found)) if line.startswith("NO  ")]
    assert [line.split("]")[0] for line in told] == [
        "NO  [host-unreached",
        "NO  for the same reason: [database-unreached",
        "NO  [remote-unreached",
    ]
    assert told[1].endswith("[database-unreached] database, [way-unread] compose")


def test_an_error_says_its_own_next_move() -> None:
    """That of its kind is farther away; it is said once."""
    error = Unreachable("The engine is not there", "no socket", "start it")
    found = ReadyKind.TOOL_MISSING.of_error(error, "docker", "[unreachable] ")
    assert (found.text, found.next_move) == ("[unreachable] The engine is not there: no socket", "start it")
    assert ReadyKind.TOOL_MISSING.of_error(Unreachable("x")).next_move == ReadyKind.TOOL_MISSING.next_move


def test_a_store_that_is_shared_shares_the_answer(tmp_path: Path) -> None:
    """Cron writes as one login, operators read and write as others; a store of one's own stays one's own."""
    own, shared = tmp_path / "own", tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2770)
    for store, file, folder in ((own, 0o600, 0o700), (shared, 0o660, 0o2770)):
        write_report(store, report(OLD))
        path = ready_file(store, "obcms")
        assert read_report(store, "obcms") == report(OLD)
        assert stat.S_IMODE(path.stat().st_mode) == file
        assert stat.S_IMODE(path.parent.stat().st_mode) == folder
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert os.listdir(own / "ready") == ["obcms.json"]


SETTINGS = Settings(
    SystemTable("obcms", "production", option="compose"),
    compose=ComposeTable(directory=FOLDER, files=("docker-compose.yml",), services=("web",)),
)


def look(world: World) -> Targets:
    return targets_of(SETTINGS, "compose", world)


def codes(found: Targets) -> list[str]:
    return [one.code for one in found.part.findings if one.level.value != "info"]


def replaced(name: str, at: str = AT) -> Predeploy:
    release = Release(name, images={"web": image_id(name)}, created=at)
    return Predeploy("obcms", "production", at, option="compose", release=release)


def test_what_the_last_deployment_replaced_is_missed() -> None:
    """An engine tells nothing of an image that it lost; predeploy wrote it down. What is there is no finding."""
    of = project(service("web", "obcms:3"))
    there = [image("three", "obcms:3", created="2026-11-03T08:00:00Z"), image("one", "obcms:1")]
    one = fakes(of, there, [container("web", "three")]).world
    records = (replaced("three", "2026-11-04T00:00:00.000000Z"), replaced("two"), replaced("one"))
    object.__setattr__(one, "predeploys", lambda: records)
    found = look(one)
    assert codes(found) == ["target-older", "target-unprotected"]
    assert found.part.findings[0].text.startswith("two sha256:")
    assert "; 1 would be gone back to" in found.part.findings[0].text
    object.__setattr__(one, "predeploys", lambda: records[2:])
    assert codes(look(one)) == ["target-unprotected"]
    alone = fakes(of, there[:1], [container("web", "three")]).world
    object.__setattr__(alone, "predeploys", lambda: records)
    assert codes(look(alone)) == ["target-gone"]
    object.__setattr__(alone, "predeploys", tuple)
    assert codes(look(alone)) == ["target-none"]


def test_releases_are_there_and_none_can_be_proposed() -> None:
    """The stack is down, so what ran is not known: one has to be chosen, which is not the same as there being none."""
    of = project(service("web", "obcms:3"))
    there = [image("three", "obcms:3", created="2026-11-03T08:00:00Z"), image("one", "obcms:1")]
    down = fakes(of, there, []).world
    found = look(down)
    assert codes(found) == ["running-unknown", "target-unchosen"]
    assert [one.there for one in found.part.targets] == [True, True]
    assert not any(one.proposed for one in found.part.targets)
    said = ReadyReport("obcms", AT, "ops@jump", found.part.findings, checks={"targets compose": "ok"})
    assert said.verdict is Verdict.UNKNOWN
    object.__setattr__(down, "predeploys", lambda: (replaced("two"),))
    missed = look(down)
    assert codes(missed) == ["running-unknown", "target-unchosen", "target-older"]
    assert missed.part.findings[-1].text.endswith("; only others are left to choose from")
    assert codes(look(fakes(of, [], []).world)) == ["running-unknown", "target-none"]


@pytest.mark.parametrize("tagged", [True, False])
def test_thousands_of_images_take_seconds(tagged: bool) -> None:
    """Tagged, or built by Compose without a name: the time grows with the number, not with its square."""

    def seconds(count: int) -> float:
        labels = {"com.docker.compose.service": "web", "com.docker.compose.project": PROJECT}
        images = [
            image(
                f"i{n}",
                *((f"obcms:v{n}",) if tagged else ()),
                created=stamp_of(n),
                **({} if tagged else labels),
            )
            for n in range(count)
        ]
        of = project(service("web", f"obcms:v{count - 1}" if tagged else ""))
        world = fakes(of, images, [container("web", f"i{count - 1}")]).world
        begun = time.thread_time()  # not of the clock: a pause of the machine is no finding
        assert len(look(world).releases) == 3
        return time.thread_time() - begun

    few, many = min(seconds(250) for _ in range(3)), seconds(2500)
    assert many < max(40 * few, 1.0), (few, many)  # ten times as many; by the square it were a hundred times


def stamp_of(number: int) -> str:
    from datetime import UTC, datetime, timedelta

    return stamp(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=number))
