"""The database in a real Compose project: reached, dumped and read through `exec -T`, without a password anywhere."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from compose_stack import Recorder, Stack, run
from database_stack import database_stack
from performing import CANARY, resolve

from actions.model.backup_file import Format
from actions.model.errors import BadInput, GoaroundError
from actions.model.step import Happened, Outcome
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable
from actions.steps.backup_inspect import inspect
from actions.steps.backups import backups
from actions.steps.database_drawing import Beside, restore_step
from actions.steps.database_manifest import read_manifest
from actions.steps.database_preflight import live_database
from actions.steps.database_reach import client_of
from actions.steps.database_snapshot import draw_snapshot

pytestmark = [pytest.mark.docker, pytest.mark.postgres]

TABLES = """
CREATE TABLE item (id serial PRIMARY KEY, text text);
INSERT INTO item (text) SELECT repeat(md5(i::text), 4) FROM generate_series(1, 20000) AS i;
"""


@pytest.fixture
def stack(engine_name: str, database_image: str, tmp_path: Path) -> Iterator[Stack]:
    """A project whose database answers."""
    with database_stack(engine_name, tmp_path / "app", database_image, TABLES) as one:
        yield one


def settings_of(stack: Stack, **more: object) -> Settings:
    folder = stack.folder.parent
    table: dict[str, object] = {
        "name": "obcms_prod",
        "reach": "compose:db",
        "role": "obcms",
        "keep": str(folder / "keep"),
    }
    table |= {"backups": f"{folder}/daily/*", **more}
    return replace(stack.settings(), database=DatabaseTable(**table))  # type: ignore[arg-type]


def test_the_whole_way_through_the_container(stack: Stack, tmp_path: Path) -> None:
    """Counted, dumped in the same snapshot, listed, read to its last byte: the file lies on the host."""
    settings, world = settings_of(stack), stack.world()
    client = client_of(settings, world)
    assert client.prefix[-2:] == ("-T", "db")
    manifest = read_manifest(world, client, "obcms_prod")
    assert manifest.tables["public.item"].rows == 20000
    (tmp_path / "daily").mkdir()
    drawn = draw_snapshot(settings, world, "2026-11-22-k7qf")
    told = Recorder()
    result = drawn.step.run(world, told)
    assert result.outcome is Outcome.DONE, (result, told.lines)
    assert drawn.step.check(world).happened is Happened.YES
    (one,) = backups(settings, world, client)
    assert (one.path, one.format) == (drawn.step.path, Format.CUSTOM)
    assert one.kept is not None
    assert one.kept.manifest.tables == manifest.tables
    found = inspect(world, client, one, settings.database)
    assert found.usable, found.problems
    assert found.facts.rows["public.item"] == 20000
    bare = replace(one, kept=None)
    Path(one.manifest_path).rename(tmp_path / "aside.json")
    read = inspect(world, client, bare, settings.database)  # through the container's pg_restore, to its end
    assert read.usable, read.problems
    assert read.facts.rows == found.facts.rows
    Path(one.path).write_bytes(Path(one.path).read_bytes()[:-500])
    assert not inspect(world, client, backups(settings, world, client)[0], settings.database).whole
    said = json.dumps([told.lines, str(told.bodies), str(drawn), str(found)])
    assert "hidden-canary" not in said


def test_a_plain_dump_is_loaded_by_several_sessions(stack: Stack, tmp_path: Path) -> None:
    """Each psql is in the container, the dump is read on the host; the data are the same, in the same order."""
    settings, world = settings_of(stack), stack.world()
    client = client_of(settings, world)

    def inside(*words: str, text: str = "") -> bytes:
        argv = ("docker", "exec", "-i", stack.container("db"), *words)
        return subprocess.run(argv, input=text.encode(), check=True, capture_output=True, timeout=60).stdout

    inside(
        "psql", "-U", "obcms", "obcms_prod", text="CREATE TABLE other AS SELECT * FROM item; CREATE INDEX ON other (id)"
    )
    (tmp_path / "daily").mkdir()
    path = tmp_path / "daily" / "plain.sql"
    path.write_bytes(inside("pg_dump", "-U", "obcms", "obcms_prod"))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (one,) = backups(settings, world, client)
    found = inspect(world, client, one, settings.database)
    side = "obcms_prod_rb_k7qf_0241"
    live = live_database(world, client, "obcms_prod")
    step = restore_step(settings, world, client, live, found, Beside("2026-11-22-k7qf", side, "k7qf_0241"))
    assert (step.sessions, step.why_one) == (2, "")
    told = Recorder()
    result = step.run(world, told)
    assert result.outcome is Outcome.DONE, (result, told.lines)
    again = inside("pg_dump", "-U", "obcms", side)
    assert [line for line in again.splitlines() if b"restrict" not in line] == [
        line for line in path.read_bytes().splitlines() if b"restrict" not in line
    ]


def test_a_password_goes_by_its_name(stack: Stack) -> None:
    """It reaches the client in the container, and stands in no argv."""
    world = replace(stack.world(), resolve=resolve)
    client = client_of(settings_of(stack, password="${env:TOKEN}"), world)
    env = {key: world.resolve(value) for key, value in client.env.items()}
    argv = (*client.prefix, "sh", "-c", 'printf %s "$PGPASSWORD"')
    assert world.host.run(argv, cwd=client.cwd, env=env).stdout.decode() == CANARY
    assert CANARY not in str((client, client.psql("obcms_prod"), client.pg_dump("obcms_prod")))
    assert read_manifest(world, client, "obcms_prod").rows == 20000


def test_what_cannot_be_reached_is_named(stack: Stack) -> None:
    """A service that is not there, one that has no server, one that does not run: each in its own words."""
    world = stack.world()
    with pytest.raises(BadInput, match="no service 'nosuch'"):
        client_of(settings_of(stack, reach="compose:nosuch"), world)
    settings = settings_of(stack, reach="compose:web")
    with pytest.raises(GoaroundError, match="nobody answers there"):
        draw_snapshot(settings, world, "i1")
    with pytest.raises(GoaroundError, match="no such database or role"):
        draw_snapshot(settings_of(stack, name="nosuch"), world, "i1")
    run("docker", "stop", "-t", "5", stack.container("db"))
    with pytest.raises(GoaroundError, match="does not run"):
        draw_snapshot(settings_of(stack), world, "i1")
