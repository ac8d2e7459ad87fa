"""A server that cannot be started is kept as files: only while nobody writes to them, and only whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from database_ground import INCIDENT, LIVE, TABLES
from performing import Told, local_world
from postgres_server import OWNER, PostgresServer, start_server, stop_server
from tiny_system import refused

from actions.engine.planner import draw, releases
from actions.model.effect_files import FILES, KeptFiles
from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.step import Happened, Outcome, StepResult
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.backups import backups
from actions.steps.catalog import build
from actions.steps.database_files import CopyFiles

pytestmark = pytest.mark.postgres


@dataclass
class Down:
    """A server that was killed, and a backup that somebody made of it."""

    server: PostgresServer
    folder: Path
    world: World
    settings: Settings

    def drawn(self, **table: object) -> Plan:
        assert self.settings.database is not None
        settings = replace(self.settings, database=replace(self.settings.database, **table))  # type: ignore[arg-type]
        found, _ = releases(settings, "database", self.world)
        backup = next(one for one in found if one.source == "backup")
        return draw(settings, "database", backup, self.world, INCIDENT)

    def copy(self) -> tuple[CopyFiles, StepResult]:
        """Draw it and run it."""
        (row,) = self.drawn().steps
        step = build(row.step, row.params)
        assert isinstance(step, CopyFiles)
        return step, step.run(self.world, Told())


@pytest.fixture(scope="module")
def killed() -> Iterator[PostgresServer]:
    """A server of its own, ended as a crash ends it: its postmaster.pid stays."""
    server = start_server()
    server.new_database(LIVE, TABLES)
    server.control("-m", "immediate", "stop")
    pid = server.data / "postmaster.pid"
    pid.write_text("4194301\n/nowhere\n")
    yield server
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def down(killed: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Down:
    monkeypatch.setenv("PGHOST", str(killed.folder))
    daily = tmp_path / "daily"
    daily.mkdir()
    (daily / "obcms.sql").write_text("-- PostgreSQL database dump\nSELECT 1;\n-- PostgreSQL database dump complete\n")
    os.utime(daily / "obcms.sql", (1_795_000_000, 1_795_000_000))
    table = DatabaseTable(
        name=LIVE,
        reach="host",
        role=OWNER,
        bin=str(killed.programs),
        backups=f"{daily}/*",
        keep=str(tmp_path / "keep"),
        data=str(killed.data),
    )
    settings = Settings(SystemTable("obcms", "production", option="database"), database=table)
    return Down(killed, tmp_path, local_world(tmp_path), settings)


def test_its_files_start_a_server_again(down: Down) -> None:
    """Z31, E04: nobody can dump, so its files are kept: whole, for their owner alone, and a server reads them."""
    plan = down.drawn()
    assert plan.facts["stage"] == "files"
    assert [note.code for note in plan.notes] == ["server-down"] * 3
    words = " ".join(note.text for note in plan.notes)
    assert "restores nothing" in words
    assert "the newest usable backup is obcms.sql" in words
    assert plan.steps[0].gate
    shown = "\n".join(line for effect in plan.steps[0].effects for line in effect.lines())
    assert f"cd {down.server.data}" in shown
    assert "exec tar -cf - ." in shown
    step, result = down.copy()
    assert result.outcome is Outcome.DONE, result
    path = Path(step.files.path)
    assert path.stat().st_mode & 0o777 == 0o600
    kept = KeptFiles.from_json(json.loads(Path(step.files.manifest).read_text()))
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept.server_version == "15" or kept.server_version.isdigit()
    assert step.check(down.world).happened is Happened.YES
    assert "there already" in step.moved(down.world)
    listed = next(one for one in backups(down.settings, down.world, None) if one.path == str(path))
    assert "no dump" in listed.problem, "it is no source for a restore"
    again = down.folder / "again"
    again.mkdir()
    with tarfile.open(path) as tar:
        tar.extractall(again, filter="fully_trusted")
    (again / "postmaster.pid").unlink()
    server = replace(down.server, folder=_moved(down, again))
    server.control("-o", f"-c listen_addresses='' -c unix_socket_directories='{server.folder}' -c fsync=off", "start")
    try:
        assert server.sql("SELECT count(*) FROM auth_user", LIVE) == "500"
    finally:
        stop_server(server)


def _moved(down: Down, data: Path) -> Path:
    """A short folder, of which a socket's name has room, with this data in it."""
    folder = Path(f"{down.server.folder}-again")
    folder.mkdir(mode=0o755)
    data.rename(folder / "data")
    if down.server.user:
        subprocess.run(("chown", "-R", down.server.user, str(folder)), check=True)
    (folder / "data").chmod(0o700)
    return folder


def test_files_that_somebody_may_write_to_are_not_copied(down: Down, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of postmaster.pid lives: nothing is copied, the newest backup is named, and what to do by hand."""
    plan = down.drawn()
    pid = down.server.data / "postmaster.pid"
    was = pid.read_text()
    pid.write_text(f"{os.getpid()}\n")
    try:
        words = refused(down.drawn)
        step = build(plan.steps[0].step, plan.steps[0].params)
        result = step.run(down.world, Told())
    finally:
        pid.write_text(was)
    assert f"process {os.getpid()} of postmaster.pid lives" in words
    assert "the newest usable backup is obcms.sql" in words
    assert f"tar -C {down.server.data} -czf {down.folder}/keep/{LIVE}{FILES} ." in words
    assert result.outcome is Outcome.FAILED
    assert not (down.folder / "keep").exists()


def test_a_server_that_comes_up_meanwhile_makes_it_worthless(down: Down, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes its control file first: what was copied until then is removed."""
    control = down.server.data / "global" / "pg_control"
    was = control.read_bytes()
    tar = down.folder / "bin" / "tar"
    tar.parent.mkdir()
    tar.write_text(f'#!/bin/sh\n{shutil.which("tar")} "$@"\nprintf x >> {control}\n')
    tar.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tar.parent}:{os.environ['PATH']}")
    try:
        _, result = down.copy()
    finally:
        control.write_bytes(was)
    assert result.outcome is Outcome.FAILED
    assert "has come up while its files were copied" in result.summary
    assert list((down.folder / "keep").iterdir()) == []


@pytest.mark.parametrize("fault", ["tar fails", "cut", "elsewhere", "no folder", "no keep", "keep cannot be made"])
def test_what_is_no_whole_copy_never_gets_the_name(down: Down, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Each says what to do; no file of ours is left."""
    script = down.folder / "bin"
    script.mkdir()
    if fault in ("no folder", "no keep"):
        words = refused(lambda: down.drawn(**{"no folder": {"data": ""}, "no keep": {"keep": ""}}[fault]))
        assert "the newest usable backup is obcms.sql" in words
        assert re.search(r"not from here: database\.(data|keep)", words)
        return
    if fault == "elsewhere":
        (down.server.data / "pg_tblspc" / "16999").symlink_to("/elsewhere")
        words = refused(down.drawn)
        (down.server.data / "pg_tblspc" / "16999").unlink()
        assert "parts of it lie elsewhere" in words
        return
    if fault == "keep cannot be made":
        assert down.settings.database is not None
        (down.folder / "file").write_text("a file")
        down.settings = replace(
            down.settings, database=replace(down.settings.database, keep=str(down.folder / "file" / "keep"))
        )
        _, result = down.copy()
        assert "or name another folder" in result.summary
        return
    program, text = {
        "tar fails": ("tar", "exit 2"),
        "cut": ("gzip", 'case $1 in -1) REAL "$@" | head -c 900;; *) exec REAL "$@";; esac'),
    }[fault]
    (script / program).write_text("#!/bin/sh\n" + text.replace("REAL", str(shutil.which(program))) + "\n")
    (script / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{script}:{os.environ['PATH']}")
    step, result = down.copy()
    assert result.outcome is Outcome.FAILED, result
    assert list((down.folder / "keep").iterdir()) == []
    assert step.check(down.world).happened is Happened.NO
