"""A server that does not let us in says why in its own words: each reason is told apart, and no password with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from performing import CANARY, Told, local_world
from postgres_server import OWNER, PostgresServer
from ssh_hosts import host_of
from ssh_server import SshServer

from actions.model.database_client import DatabaseClient, local_client
from actions.model.errors import GoaroundError, Refused, Unreachable
from actions.model.ports import World
from actions.model.step import Happened, Outcome
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.backup_inspect import inspect
from actions.steps.backups import backups
from actions.steps.database_reading import ask
from actions.steps.database_snapshot import draw_snapshot

PASSWORD = {"PGPASSWORD": "${env:TOKEN}"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return local_world(tmp_path)


def reloaded(server: PostgresServer) -> None:
    """The postmaster has read its files: whoever connects from now on is told so by the process that it forks."""
    when = "SELECT pg_conf_load_time()"
    before = server.sql(when)
    server.control("reload")
    while server.sql(when) == before:
        time.sleep(0.01)


def connected(server: PostgresServer, user: str) -> psycopg.Connection[Any]:
    """A session; one that was refused may hold its place a moment longer than its client."""
    end = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(host=str(server.folder), user=user, dbname="postgres")
        except psycopg.OperationalError:
            assert time.monotonic() < end, "no place becomes free"
            time.sleep(0.02)


@contextmanager
def rules(server: PostgresServer, *lines: str, alone: bool = False) -> Iterator[None]:
    """Lines before those of pg_hba.conf, or instead of them."""
    path = server.data / "pg_hba.conf"
    before = path.read_text()
    path.write_text("\n".join(lines) + "\n" + ("" if alone else before))
    reloaded(server)
    try:
        yield
    finally:
        path.write_text(before)
        reloaded(server)


def refused(world: World, client: DatabaseClient, database: str = "postgres") -> GoaroundError:
    with pytest.raises(GoaroundError) as caught:
        ask(world, client, database, "SELECT '1'::json", s=60)
    assert CANARY not in caught.value.line()
    assert caught.value.next_move
    return caught.value


def test_passwords(postgres: PostgresServer, world: World) -> None:
    """None, a wrong one, the right one."""
    postgres.sql("CREATE ROLE guarded LOGIN PASSWORD 'another one'")
    client = postgres.client(role="guarded")
    with rules(postgres, "local all guarded scram-sha-256"):
        none = refused(world, client)
        wrong = refused(world, replace(client, env=PASSWORD))
        postgres.sql(f"ALTER ROLE guarded PASSWORD '{CANARY}'")
        assert ask(world, replace(client, env=PASSWORD), "postgres", "SELECT '1'::json") == 1
    assert isinstance(none, Refused)
    assert "none is given" in none.line()
    assert "the password is refused" in wrong.line()


def test_rules_of_the_server(postgres: PostgresServer, world: World) -> None:
    """No line of pg_hba.conf, or one that rejects."""
    postgres.sql("CREATE ROLE stranger LOGIN")
    with rules(postgres, "local all stranger reject"):
        assert "lets nobody in from here" in refused(world, postgres.client(role="stranger")).line()
    with rules(postgres, f"local all {OWNER} trust", alone=True):
        assert "lets nobody in from here" in refused(world, postgres.client(role="stranger")).line()


def test_no_connection_left(postgres: PostgresServer, world: World) -> None:
    """For a role, for all but superusers, for anybody."""
    postgres.sql("CREATE ROLE one LOGIN CONNECTION LIMIT 0; CREATE ROLE app LOGIN")
    assert "no connection left" in refused(world, postgres.client(role="one")).line()
    with ExitStack() as stack:
        for number in range(40):
            user = OWNER if number >= 37 else "app"
            stack.enter_context(connected(postgres, user))
            if number == 36:
                told = refused(world, postgres.client(role="app"))
                assert isinstance(told, Unreachable)
                assert "use a superuser" in told.line()
        assert "no connection left" in refused(world, postgres.client()).line()


def test_nobody_there(postgres: PostgresServer, tmp_path: Path, world: World) -> None:
    """No server, no database, no role: three reasons."""
    away = DatabaseClient("local", server=(f"--host={tmp_path}",), role="x", words="away")
    closed = local_client("local", dsn="postgresql://x@127.0.0.1:1")
    assert "nobody answers there" in refused(world, away).line()
    assert "nobody answers there" in refused(world, closed).line()
    assert "no such database" in refused(world, postgres.client(), "dbname=postgres host=elsewhere").line()
    assert "no such database" in refused(world, postgres.client(role="nobody_here")).line()


def test_a_dump_over_ssh(postgres: PostgresServer, tmp_path: Path, world: World, sshd: SshServer) -> None:
    """On another host all of it is the same: made there, kept there, read there."""
    name = postgres.new_database("shop", "CREATE TABLE item AS SELECT i FROM generate_series(1, 5000) AS i")
    postgres.sql(f"CREATE ROLE guarded SUPERUSER LOGIN PASSWORD '{CANARY}'")
    table = DatabaseTable(name=name, reach="host", keep=str(tmp_path / "ke'ep"), backups=f"{tmp_path}/none/*")
    (tmp_path / "none").mkdir()
    settings = Settings(system=SystemTable(name="shop", environment="drill"), database=table)
    with rules(postgres, "local all guarded scram-sha-256"), host_of(sshd) as host:
        there = replace(world, host=host)
        client = replace(postgres.client(role="guarded", host=host.name), env=PASSWORD)
        step = draw_snapshot(settings, there, "i1", client).step
        told = Told()
        result = step.run(there, told)
        assert result.outcome is Outcome.DONE, (result, told.lines)
        assert step.check(there).happened is Happened.YES
        (one,) = backups(settings, there, client)
        assert one.host == sshd.url
        found = inspect(there, client, one, table)
        assert found.usable, found.problems
        assert found.facts.rows == {"public.item": 5000}
    assert CANARY not in str((told.lines, told.bodies, step, found))
