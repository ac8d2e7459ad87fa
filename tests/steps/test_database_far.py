"""The database over ssh, and backups on another host than the clients: the same steps, and a line that may be cut."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from database_ground import INCIDENT, LIVE, WRITTEN_SINCE, Ground, make_ground, told
from held_rows import HeldRows
from performing import Told
from planned_steps import step_of
from postgres_server import OWNER, PostgresServer
from process_looks import children_of, end_each
from ssh_hosts import host_of, short_folder
from ssh_server import SshServer, free_port, running_ssh_server

from actions.engine.planner import draw, releases
from actions.gateways.local_host import LocalHost
from actions.gateways.ssh_host import SshHost
from actions.model.backup_file import Format
from actions.model.database_client import local_client
from actions.model.effect_database import RunPipe
from actions.model.errors import CommandFailed, Refused
from actions.model.plan import Plan
from actions.model.release import WayBack
from actions.model.step import Happened, Outcome
from actions.steps.feeding import Feed
from actions.steps.perform import perform
from actions.steps.side_reading import notes

pytestmark = [pytest.mark.ssh, pytest.mark.postgres]

LARGE = "CREATE TABLE large AS SELECT n, repeat(md5(n::text), 8) AS t FROM generate_series(1, 20000) n;"


@pytest.fixture(scope="module")
def remote(sshd: SshServer) -> Iterator[SshHost]:
    with host_of(sshd) as host:
        yield host


def over(ground: Ground, host: SshHost, **table: Any) -> Ground:
    """The same system, whose host is reached by ssh; backups lie there."""
    ground.world = replace(ground.world, host=host, local=LocalHost())
    assert ground.settings.database is not None
    ground.settings = replace(ground.settings, database=replace(ground.settings.database, **table))
    return ground


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path) -> Ground:
    return make_ground(postgres, tmp_path)


@pytest.fixture
def port(postgres: PostgresServer) -> Iterator[int]:
    """A port of loopback on which the server listens as well."""
    port = free_port()
    postgres.restart(f"-c listen_addresses=127.0.0.1 -c port={port}")
    os.symlink(f".s.PGSQL.{port}", postgres.folder / ".s.PGSQL.5432")  # who speaks to the socket finds it as before
    try:
        yield port
    finally:
        (postgres.folder / ".s.PGSQL.5432").unlink()
        postgres.restart("-c port=5432")


def drawn(ground: Ground) -> Plan:
    found, _ = releases(ground.settings, "database", ground.world)
    backup = next(one for one in found if one.source == "backup" and one.way_back is not WayBack.GONE)
    return draw(ground.settings, "database", backup, ground.world, INCIDENT)


def run(ground: Ground, plan: Plan) -> list[str]:
    lines = []
    for row in plan.steps:
        report, step = told(), step_of(plan, row.code)
        assert step.moved(ground.world) == "", row.code
        result = step.run(ground.world, report)
        assert result.outcome is Outcome.DONE, (row.code, result.summary, report.lines[-5:])
        lines += report.lines
    return lines


def there_and_back(ground: Ground, form: Format) -> Plan:
    """Backup, written since, restored beside, swapped in, swapped back; the first plan."""
    was = ground.held(LIVE)
    ground.dump(form)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    now = ground.held(LIVE)
    first = drawn(ground)
    assert first.facts["stage"] == "prepare"
    run(ground, first)
    plan = drawn(ground)
    assert plan.facts["stage"] == "swap"
    run(ground, plan)
    assert ground.held(LIVE) == was
    undone = step_of(plan, "Y3").undo(ground.world, told())
    assert undone.outcome is Outcome.DONE, undone.summary
    assert ground.held(LIVE) == now
    return first


def test_there_and_back_on_a_host_by_ssh(
    ground: Ground, remote: SshHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients, server and backups on that host: the same steps, everything run there (with `bin` and the socket)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("psql", "pg_dump", "pg_restore"):
        wrapper = folder / program
        wrapper.write_text(f'#!/bin/sh\nPGHOST={ground.server.folder} exec {ground.server.programs}/{program} "$@"\n')
        wrapper.chmod(0o755)
    monkeypatch.setenv("PGHOST", "/nonexistent")  # of this machine; nothing may be run here
    plan = there_and_back(over(ground, remote, reach="host", bin=str(folder)), Format.CUSTOM)
    assert "--jobs=2" in str(step_of(plan, "X1").effects())


@pytest.mark.parametrize("form", [Format.CUSTOM, Format.SQL_ZSTD], ids=lambda form: form.value)
def test_a_backup_on_another_host_than_the_clients(ground: Ground, remote: SshHost, port: int, form: Format) -> None:
    """It is read there and restored from here, through this process; the plan says so."""
    over(ground, remote, reach="dsn", dsn=f"postgresql://{OWNER}@127.0.0.1:{port}", role="")
    plan = there_and_back(ground, form)
    notes = [note.text for note in plan.notes if note.code == "backup-warns"]
    assert any("come through this machine" in text for text in notes)
    pipes = [one for one in step_of(plan, "X1").effects() if isinstance(one, RunPipe)]
    assert [one.source_host for one in pipes] == [remote.name]
    assert f"< '{remote.name} {ground.folder}/" in "\n".join(pipes[0].lines())


def test_a_folder_on_another_host_is_refused(ground: Ground, remote: SshHost, port: int) -> None:
    """It cannot be fed to a program: said before anything is made, with what to do."""
    over(ground, remote, reach="dsn", dsn=f"postgresql://{OWNER}@127.0.0.1:{port}", role="")
    ground.dump(Format.DIRECTORY)
    with pytest.raises(Refused) as caught:
        drawn(ground)
    assert caught.value.code == "backup-elsewhere"
    assert "a folder cannot be fed to them" in caught.value.line()
    assert "copy it to local" in caught.value.next_move
    assert ground.server.databases() == (LIVE,)


def test_a_damaged_backup_on_another_host_is_found(ground: Ground, remote: SshHost, port: int) -> None:
    """Read to its last byte by the clients' own pg_restore, before anything is made."""
    over(ground, remote, reach="dsn", dsn=f"postgresql://{OWNER}@127.0.0.1:{port}", role="")
    path = ground.dump(Format.CUSTOM)
    stat = path.stat()
    path.write_bytes(path.read_bytes()[:-700])
    os.utime(path, (stat.st_mtime, stat.st_mtime))
    with pytest.raises(Refused, match="must not be restored"):
        drawn(ground)


def test_what_is_read_elsewhere_fails_in_the_middle(ground: Ground, remote: SshHost, port: int) -> None:
    """psql never takes the part for the whole: it is ended, and nothing is left beside."""
    over(ground, remote, reach="dsn", dsn=f"postgresql://{OWNER}@127.0.0.1:{port}", role="")
    ground.server.sql(LARGE, LIVE)
    before = ground.held(LIVE)
    ground.dump(Format.SQL_GZIP)
    step = step_of(drawn(ground), "X1")
    fail_after(100_000, remote)
    try:
        result = step.run(ground.world, told())
    finally:
        del remote.stream_to  # the class's own again
    assert result.outcome is not Outcome.DONE
    assert "nothing of it is left" in result.summary
    assert "cannot be read to its end" in result.summary
    assert ground.server.databases() == (LIVE,)
    assert ground.held(LIVE) == before


def fail_after(count: int, host: SshHost) -> None:
    """Reading a file on this host ends with an error after so many bytes, as a broken disk ends it."""
    real = host.stream_to

    def stream(argv: tuple[str, ...], sink: Any, **how: Any) -> int:
        return real(("sh", "-c", f'head -c {count} "$1"; exit 5', "sh", argv[-1]), sink, **how)

    host.stream_to = stream  # type: ignore[method-assign]


def test_a_feed_keeps_no_more_than_a_little(remote: SshHost, tmp_path: Path, ground: Ground) -> None:
    """A large file goes through byte for byte; who takes no more of it ends the reading."""
    path = tmp_path / "large"
    path.write_bytes(os.urandom(1_000_000) * 40)
    world = replace(ground.world, host=remote, local=LocalHost())
    pipe = RunPipe("local", (("cat",), ("cmp", "-", str(path))), str(path), remote.name)
    assert perform((pipe,), world, told()).ok
    with Feed(world, remote.name, str(path)) as feed:
        ended = world.local.run(("head", "-c", "10"), source=feed.chunks()) if world.local else None
    assert ended is not None
    assert (ended.exit_status, len(ended.stdout)) == (0, 10)
    assert feed.sent < 20_000_000
    with Feed(world, remote.name, str(path) + "-gone") as feed, pytest.raises(CommandFailed, match="to its end"):
        world.local.run(("cat",), source=feed.chunks()) if world.local else None
    far = perform((replace(pipe, stages=(("sh", "-c", "cat >/dev/null; exit 3"),)),), world, told())
    assert not far.ok
    assert "sh ended with 3" in far.summary
    there = remote.run(("wc", "-c"), stdin=b"abc", source=iter((b"", b"defg", b"")))
    assert there.stdout.strip() == b"7"


def patience(host: SshHost, seconds: int) -> None:
    """How long a connection may take from now on: where nobody can answer, a second is as good as ten."""
    host._to = host._shell._to = replace(host._to, connect_timeout_s=seconds)


@pytest.mark.parametrize("back", [True, False], ids=["the line comes back", "the line stays away"])
def test_the_line_is_cut_in_the_middle_of_a_restore(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """The outcome is unknown until it is asked; then it is as if nothing was made, and a new run comes to its end."""
    rows = HeldRows(ground.server)
    rows.make(LIVE)
    before = ground.held(LIVE)
    monkeypatch.setenv("PGHOST", str(ground.server.folder))  # sshd's children have it not; the wrapper does
    with short_folder() as folder, running_ssh_server(folder) as server, host_of(server) as host, rows.held():
        bin_folder = ground.folder.parent / "bin"
        bin_folder.mkdir()
        for program in ("psql", "pg_restore"):
            wrapper = bin_folder / program
            wrapper.write_text(
                f'#!/bin/sh\nPGHOST={ground.server.folder} exec {ground.server.programs}/{program} "$@"\n'
            )
            wrapper.chmod(0o755)
        over(ground, host, reach="host", bin=str(bin_folder))
        ground.dump(Format.SQL_GZIP)
        plan = drawn(ground)
        step, side, report = step_of(plan, "X1"), plan.drawn["side"], Told()
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(step.run(ground.world, report)))
        thread.start()
        rows.until_held(side, thread.is_alive)
        if not back:
            os.kill(server.pid, signal.SIGSTOP)  # nobody new is let in
            patience(host, 1)
        assert end_each(children_of(server.pid)), "the connection was still there"
        thread.join(60)
        assert not thread.is_alive()
        result = results[0]
        assert result.outcome is Outcome.UNKNOWN, result
        assert ground.held(LIVE) == before
        if back:
            assert "nothing of it is left" in result.summary
            assert step.check(ground.world).happened is Happened.NO
            assert ground.server.databases() == (LIVE,)
        else:
            assert "could not be dropped" in result.summary
            os.kill(server.pid, signal.SIGCONT)
            patience(host, 10)
            checked = step.check(ground.world)
            assert checked.happened is Happened.NO
            assert (
                notes(ground.world, local_client("local", folder=str(bin_folder), role=OWNER))[side].state
                == "restoring"
            )
        rows.let_go()
        again = step.run(ground.world, told())
        assert again.outcome is Outcome.DONE, again.summary
        assert step.check(ground.world).happened is Happened.YES
        assert ground.held(side) == before
