"""The database through Debian's docker-compose 1.29: a dump in a folder goes into its container, and is swapped in."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import TOOLS, Recorder, Stack, removed_afterwards
from database_stack import await_server, inside, sql
from planned_steps import step_of
from services import find_initdb
from waiting import until

from actions.engine.planner import draw, releases
from actions.model.effect_database import RunPipe
from actions.model.plan import Plan
from actions.model.step import Outcome, StepResult
from actions.model.swap_sql import SwapNames
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable
from actions.steps.database_census import take
from actions.steps.database_quiesce import StartServices, StopWriters
from actions.steps.database_reach import client_of
from actions.steps.database_swap import SwapDatabases

pytestmark = [pytest.mark.docker, pytest.mark.postgres]

INCIDENT = "INC-20261122-k7qf"
CLIENT = '["sh", "-c", "while true; do (echo; sleep 600) | psql -h db -U obcms -d obcms_prod -q; sleep 0.2; done"]'
FILE = """\
version: "3.8"
services:
  db:
    image: {image}
    stop_signal: SIGINT
    environment: {{POSTGRES_USER: obcms, POSTGRES_DB: obcms_prod, POSTGRES_PASSWORD: hidden-canary}}
  web:
    image: {image}
    stop_signal: SIGKILL
    environment: {{PGPASSWORD: hidden-canary, PGAPPNAME: app}}
    entrypoint: {client}
"""
TABLES = """
CREATE TABLE item (id serial PRIMARY KEY, text text);
INSERT INTO item (text) SELECT md5(i::text) FROM generate_series(1, 500) AS i;
"""


@pytest.fixture(scope="module")
def stack(database_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A project of version 1, whose application is connected."""
    if subprocess.run((*TOOLS["v1"], "version"), capture_output=True).returncode != 0:
        pytest.skip("no docker-compose of version 1")
    folder = tmp_path_factory.mktemp("v1") / "app"
    folder.mkdir()
    one = Stack(f"gav1{os.getpid()}", folder, "v1")
    one.write(FILE.format(image=database_image, client=CLIENT))
    with removed_afterwards(one.name):
        one.compose("up", "-d", "db")
        await_server(one)
        sql(one, TABLES)
        one.compose("up", "-d")
        until(lambda: sessions(one) == 1, "the session")
        yield one


def sessions(stack: Stack) -> int:
    return int(sql(stack, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'app'", "postgres"))


def settings_of(stack: Stack, folder: Path) -> Settings:
    table = DatabaseTable(name="obcms_prod", reach="compose:db", role="obcms", backups=f"{folder}/*", jobs=2)
    settings = stack.settings(services=("web",), tool="v1")
    return replace(settings, database=table)


def dumped(stack: Stack, folder: Path) -> None:
    """A nightly backup in a folder, an hour old."""
    inside(stack, "sh", "-c", "pg_dump -U obcms -Fd -f /tmp/d obcms_prod")
    path = folder / "nightly"
    path.mkdir(parents=True)
    tar = inside(stack, "tar", "-C", "/tmp/d", "-cf", "-", ".")
    subprocess.run(("tar", "-C", str(path), "-xf", "-"), input=tar, check=True)
    for one in (path, *path.iterdir()):
        os.utime(one, (time.time() - 3600,) * 2)


def drawn(settings: Settings, stack: Stack) -> Plan:
    found, _ = releases(settings, "database", stack.world())
    backup = next(one for one in found if one.source == "backup")
    return draw(settings, "database", backup, stack.world(), INCIDENT)


def done(result: StepResult) -> None:
    assert result.outcome is Outcome.DONE, result.summary


def contents(stack: Stack) -> str:
    return sql(stack, "SELECT count(*), bool_or(text = 'late') FROM item")


@pytest.mark.timeout(300)  # each of its commands takes most of a second to start
def test_there_and_back_by_version_1(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restored beside, swapped with the application stopped and started, swapped back: all by docker-compose."""
    initdb = find_initdb()
    assert initdb is not None
    monkeypatch.setenv("PATH", f"{initdb.parent}:{os.environ['PATH']}")  # a folder is read by the host's pg_restore
    settings = settings_of(stack, tmp_path / "backups")
    dumped(stack, tmp_path / "backups")
    client = client_of(settings, stack.world())
    assert client.prefix[0].endswith("docker-compose")
    assert client.prefix[-3:] == ("exec", "-T", "db")
    sql(stack, "INSERT INTO item (text) VALUES ('late'); DELETE FROM item WHERE id = 3")
    world, plan = stack.world(), drawn(settings, stack)
    restore, side = step_of(plan, "X1"), plan.drawn["side"]
    pipes = [one for one in restore.effects() if isinstance(one, RunPipe)]
    assert pipes[0].stages[0][0] == "tar"
    assert "--jobs=2" in pipes[-1].stages[0]
    done(restore.run(world, Recorder()))
    assert b"goaround" not in inside(stack, "ls", "/tmp")
    census = take(settings, world, client, "obcms_prod")
    assert (census.connected, census.stop) == (("web",), ("web",))
    services = census.services(census.stop, "local")
    done(StopWriters(client, INCIDENT, "obcms_prod", side, services, census.stop).run(world, Recorder()))
    assert sessions(stack) == 0
    swap = SwapDatabases(client, INCIDENT, SwapNames("obcms_prod", side, f"{side}_kept"), "1 row", {}, "2026-11-22")
    done(swap.run(world, Recorder()))
    done(StartServices(services).run(world, Recorder()))
    assert contents(stack) == "500|f"
    until(lambda: sessions(stack) == 1, "the session")
    done(swap.undo(world, Recorder()))
    assert contents(stack) == "500|t"
