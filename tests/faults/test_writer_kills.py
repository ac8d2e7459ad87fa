"""Stopping and starting the writers is ended between two of them: it is seen, and both ways lead to a clean end."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compose_stack import Stack, removed_afterwards
from database_ground import INCIDENT, LIVE, SIDE, told
from engine_images import PREFIX, ImageBuilder
from forked_worker import ForkedWorker
from postgres_server import PostgresServer

from actions.model.side_note import SideNote, read_note, set_note_sql
from actions.model.step import Happened, Outcome, StepResult
from actions.steps.database_quiesce import ComposeServices, StartServices, StopWriters

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.docker]

WRITERS = ("beat", "web", "worker")
FILE = """\
x-app: &app
  image: {name}:1
  stop_signal: SIGKILL
  network_mode: none
  command: ["sleep", "1000"]
services:
  web: *app
  worker: *app
  beat: *app
  migrate:
    <<: *app
    restart: "no"
    command: ["sh", "-c", "echo ran >> /entry/count"]
    volumes: ["./entry:/entry"]
"""
DOCKER = """\
#!/bin/sh
# Compose with the services but for the last two; then whoever is to be ended is.
if [ -e {rule} ]; then
  case " $* " in *" stop "*|*" up "*)
    who=$(cat {rule}); rm {rule}
    n=$#; i=0; first=""
    for word; do i=$((i + 1)); [ $i -le $((n - 2)) ] && first="$first $word"; done
    {real} $first
    [ "$who" = both ] && kill -9 $GA_WORKER
    kill -9 $$
  esac
fi
exec {real} "$@"
"""


@dataclass
class Writers:
    """A project whose services write, and programs of which the one of Compose ends in the middle."""

    stack: Stack
    server: PostgresServer
    tools: Path

    def compose(self) -> ComposeServices:
        world = self.stack.world()
        assert world.compose is not None
        tool = next(one for one in world.compose.tools() if one.generation == 2)
        return ComposeServices("local", str(self.stack.folder), (self.stack.file,), self.stack.name, tool, WRITERS)

    def up(self) -> set[str]:
        return set(self.stack.compose("ps", "--services", "--filter", "status=running").split())

    def ended(self, call: Any, who: str) -> StepResult | None:
        """Run it; after the first service Compose is ended, and the worker with it where that is wanted."""
        (self.tools / "docker.rule").write_text(who)
        path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        result: StepResult | None = ForkedWorker(lambda: call(self.stack.world(), told()), PATH=path).end()
        assert not (self.tools / "docker.rule").exists(), "the named point was not passed"
        assert len(self.up()) in (1, 2), "some of them, and not all"
        assert (result is None) is (who == "both")
        assert result is None or result.outcome is Outcome.FAILED
        return result


@pytest.fixture
def writers(postgres: PostgresServer, build_image: ImageBuilder, tmp_path: Path) -> Iterator[Writers]:
    name = f"{PREFIX}-{secrets.token_hex(4)}"
    build_image(f"{name}:1")
    stack = Stack(name, tmp_path / "app", "v2")
    (stack.folder / "entry").mkdir(parents=True)
    stack.write(FILE.format(name=name))
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("docker")
    assert real is not None
    (tools / "docker").write_text(DOCKER.format(rule=shlex.quote(str(tools / "docker.rule")), real=real))
    (tools / "docker").chmod(0o755)
    postgres.new_database(LIVE)
    postgres.new_database(SIDE)
    postgres.sql(set_note_sql(SIDE, SideNote(INCIDENT, "sha256:1", state="restored")))
    with removed_afterwards(name):
        stack.compose("up", "-d", *WRITERS)
        yield Writers(stack, postgres, tools)


def test_ended_between_two_writers(writers: Writers) -> None:
    """Which were to be stopped stands in the comment before the first is; nothing migrates on any way."""
    world, compose = writers.stack.world(), writers.compose()
    stop = StopWriters(writers.server.client(), INCIDENT, LIVE, SIDE, compose, WRITERS, 5)
    start = StartServices(compose, ("migrate",))
    for who, leave in (("compose", "on"), ("both", "back")):
        writers.ended(stop.run, who)
        seen = stop.check(world)
        assert seen.happened is Happened.UNKNOWN
        assert "still run" in seen.detail
        note = read_note(writers.server.sql(f"SELECT shobj_description(oid, 'pg_database') {of(SIDE)}"))
        assert note is not None
        assert note.stopped == WRITERS
        if leave == "back":
            assert stop.undo(world, told()).outcome is Outcome.DONE
            assert stop.check_undone(world).happened is Happened.YES
            assert writers.up() == set(WRITERS)
    assert stop.moved(world) == ""
    assert stop.run(world, told()).outcome is Outcome.DONE
    assert stop.check(world).happened is Happened.YES
    writers.ended(start.run, "both")
    assert start.check(world).happened is Happened.NO
    assert start.run(world, told()).outcome is Outcome.DONE
    assert start.check(world).happened is Happened.YES
    assert writers.up() == set(WRITERS)
    assert not (writers.stack.folder / "entry" / "count").exists(), "nothing migrated"


def of(name: str) -> str:
    return f"FROM pg_database WHERE datname = '{name}'"
