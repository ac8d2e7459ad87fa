"""The dump and the snapshot are ended at named points: what has the name is whole, what is half is never a way back."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from database_ground import LIVE, told
from killed_ground import KilledGround, standing
from postgres_server import PostgresServer

from actions.model.errors import GoaroundError
from actions.model.step import Happened, Outcome, StepResult
from actions.steps.backups import backups
from actions.steps.database_preflight import live_database
from actions.steps.database_reach import client_of
from actions.steps.database_snapshot import KeepDatabase, draw_snapshot
from actions.steps.snapshots import snapshots, strays, take_snapshot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TOOL = """\
#!/bin/sh
if [ -e {rule} ] && [ "$(cat {rule})" = "before" ]; then rm {rule}; kill -9 $GA_WORKER; exit 0; fi
{real} "$@"
status=$?
if [ -e {rule} ]; then rm {rule}; kill -9 $GA_WORKER; fi
exit $status
"""


@dataclass
class Keeping:
    """A ground on which dumps are made, and programs of the system that end the worker before or after they run."""

    killed: KilledGround
    tools: Path
    keep: Path

    def drawn(self, incident: str) -> KeepDatabase:
        return draw_snapshot(self.settings, self.killed.ground.world, incident).step

    @property
    def settings(self) -> Any:
        settings = self.killed.ground.settings
        assert settings.database is not None
        return replace(settings, database=replace(settings.database, keep=str(self.keep), backups=""))

    def tool(self, name: str, when: str) -> None:
        """The worker dies before or after this program's next run."""
        real, rule = shutil.which(name), self.tools / f"{name}.rule"
        assert real is not None
        script = self.tools / name
        script.write_text(TOOL.format(rule=shlex.quote(str(rule)), real=real))
        script.chmod(0o755)
        rule.write_text(when)

    def run(self, step: KeepDatabase) -> StepResult | None:
        """In a worker that finds these programs first."""
        path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        result: StepResult | None = self.killed.worker(step.run, PATH=path).end()
        for one in self.tools.iterdir():
            assert not one.name.endswith(".rule"), "the named point was not passed"
            one.unlink()
        return result


@pytest.fixture(scope="module")
def keeping(_postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeping]:
    folder = tmp_path_factory.mktemp("keep")
    (folder / "tools").mkdir()
    with standing(_postgres_server, folder) as ground:
        yield Keeping(ground, folder / "tools", folder / "kept")


@pytest.mark.parametrize(
    ("program", "when", "whole"),
    [
        ("pg_dump", "worker", False),  # half of it is written
        ("pg_dump", "psql", False),  # the program alone
        ("pg_dump", "server", False),
        ("sync", "before", False),  # it is written, and not on disk
        ("mv", "before", False),  # its manifest has its name, it has not
        ("mv", "after", True),
    ],
)
def test_the_dump_ended_at_a_named_point(keeping: Keeping, program: str, when: str, whole: bool) -> None:
    """Between the partial file and its name: no list shows it, the next run makes it; after it, it is whole."""
    killed, world = keeping.killed, keeping.killed.ground.world
    step = keeping.drawn(f"INC-{program}-{when}")
    if program == "pg_dump":
        killed.programs.at(when, program, after=3000)
    else:
        keeping.tool(program, when)
    result = keeping.run(step)
    if when == "server":
        killed.server.restart()
    assert (result is None) is (when not in ("psql", "server"))
    assert result is None or result.outcome is not Outcome.DONE
    assert Path(step.path).exists() is whole
    listed = backups(keeping.settings, world, client_of(keeping.settings, world))
    assert (step.path in [one.path for one in listed]) is whole
    assert all(one.problem for one in listed if one.path.endswith(".partial")), "half of one is named, and no source"
    assert not any(one.path.endswith(".manifest.json") for one in listed)
    assert step.check(world).happened is (Happened.YES if whole else Happened.NO)
    assert killed.answers() == "old"
    if not whole:
        again = step.run(world, told())
        assert again.outcome is Outcome.DONE, again.summary
        assert step.check(world).happened is Happened.YES
    assert not list(keeping.keep.glob("*.partial"))
    killed.server.run("pg_restore", "--list", step.path)


@pytest.mark.parametrize(
    ("how", "where", "left"),
    [
        ("psql", {"given": "CREATE DATABASE"}, "stray"),
        ("both", {"before": "COMMENT ON DATABASE"}, "stray"),
        ("server", {"before": "COMMENT ON DATABASE"}, "stray"),
        ("both", {"given": "COMMENT ON DATABASE"}, "snapshot"),
    ],
)
def test_the_snapshot_ended_at_a_named_point(keeping: Keeping, how: str, where: dict[str, str], left: str) -> None:
    """The live one lets everybody in; a copy that does not say what it is is named, and is no way back."""
    killed, world = keeping.killed, keeping.killed.ground.world
    client = client_of(killed.ground.settings, world)

    def take(*_: object) -> StepResult:
        try:
            take_snapshot(world, client, live_database(world, client, LIVE), "k", "release")
        except GoaroundError as error:
            return StepResult(Outcome.FAILED, error.line())
        return StepResult(Outcome.DONE, "")

    result = killed.killed(take, how, **where)
    assert result.outcome is not Outcome.DONE, result
    assert killed.answers() == "old", "whoever connects is let in"
    found = snapshots(world, client, LIVE)
    assert [one.name for one in found] == ([f"{LIVE}_snap_k"] if left == "snapshot" else [])
    assert strays(world, client, LIVE) == ((f"{LIVE}_snap_k",) if left == "stray" else ())
    killed.server.sql(f'ALTER DATABASE "{LIVE}_snap_k" ALLOW_CONNECTIONS true')
    assert killed.sums(f"{LIVE}_snap_k") == killed.old
    killed.server.sql(f'DROP DATABASE "{LIVE}_snap_k"')
