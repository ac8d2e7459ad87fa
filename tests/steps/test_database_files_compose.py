"""A database's container that does not run: its volume is copied by a one-off container of the same service."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import Recorder, Stack, removed_afterwards, run
from database_stack import await_server

from actions.engine.planner import draw, releases
from actions.model.plan import Plan
from actions.model.step import Outcome
from actions.model.system_database import DatabaseTable
from actions.steps.catalog import build

pytestmark = [pytest.mark.docker, pytest.mark.postgres]

FILE = """\
services:
  db:
    image: {image}
    stop_signal: SIGINT
    environment: {{POSTGRES_USER: obcms, POSTGRES_DB: obcms_prod, POSTGRES_PASSWORD: hidden-canary}}
    network_mode: none
    volumes: ["data:/var/lib/postgresql/data"]
volumes: {{data: {{}}}}
"""


def drawn(stack: Stack, folder: Path) -> Plan:
    table = DatabaseTable(
        name="obcms_prod", reach="compose:db", role="obcms", keep=str(folder / "keep"), backups=f"{folder}/daily/*"
    )
    settings, world = replace(stack.settings(), database=table), stack.world()
    found, _ = releases(settings, "database", world)
    backup = next(one for one in found if one.source == "backup")
    return draw(settings, "database", backup, world, "2026-11-22-k7qf")


@contextmanager
def volume_removed_afterwards(name: str) -> Iterator[None]:
    try:
        yield
    finally:
        run("docker", "volume", "rm", "-f", name)


def test_the_volume_of_a_container_that_does_not_run(engine_name: str, database_image: str, tmp_path: Path) -> None:
    """Z31: copied through a one-off container while no container of the service runs, and not one moment longer."""
    (tmp_path / "daily").mkdir()
    dump = "-- PostgreSQL database dump\nSELECT 1;\n-- PostgreSQL database dump complete\n"
    (tmp_path / "daily" / "obcms.sql").write_text(dump)
    stack = Stack(engine_name, tmp_path / "app", "v2")
    stack.folder.mkdir()
    stack.write(FILE.format(image=database_image))
    with volume_removed_afterwards(f"{stack.name}_data"), removed_afterwards(stack.name):
        stack.compose("up", "-d")
        await_server(stack)
        container = stack.container("db")
        run("docker", "kill", container)
        plan = drawn(stack, tmp_path)
        assert [step.code for step in plan.steps] == ["B1"]
        shown = "\n".join(line for effect in plan.steps[0].effects for line in effect.lines())
        assert "run -T --rm --no-deps --user root --entrypoint sh db" in shown
        assert "no container of db may run" in shown
        step, world = build(plan.steps[0].step, plan.steps[0].params), stack.world()
        told = Recorder()
        result = step.run(world, told)
        assert result.outcome is Outcome.DONE, (result, told.lines)
        with tarfile.open(result.facts["files"]) as tar:
            names = tar.getnames()
        assert {"./PG_VERSION", "./global/pg_control", "./postmaster.pid"} <= set(names)
        assert "hidden-canary" not in str((plan, told.lines, told.bodies))
        assert [one.state for one in world.containers.containers(stack.name)] == ["exited"]  # type: ignore[union-attr]
        Path(result.facts["files"]).unlink()
        run("docker", "start", container)
        again = step.run(world, Recorder())
        assert again.outcome is Outcome.FAILED
        assert "is running" in again.summary
        assert "docker compose stop db" in again.summary
