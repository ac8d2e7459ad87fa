"""The backups of a system are listed as they are: by their bytes, with what stands beside them, quickly."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from performing import local_world
from ssh_hosts import host_of
from ssh_server import SshServer

from actions.gateways.local_host import LocalHost
from actions.model.backup_file import BackupFile, Format, KeptBackup, ProvenRestore, kept_name
from actions.model.clock import stamp
from actions.model.errors import GoaroundError
from actions.model.manifest import Manifest, TableCount
from actions.model.ports import World
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.backups import backups
from actions.steps.host_files import room_of

OLD = 1_700_000_000
DUMP = b"PGDMP\x01\x0e\x00" + b"x" * 300


def settings_of(folder: Path, pattern: str = "*", **more: object) -> Settings:
    table = {"name": "shop", "reach": "host", "backups": f"{folder}/{pattern}", **more}
    return Settings(system=SystemTable(name="shop", environment="drill"), database=DatabaseTable(**table))  # type: ignore[arg-type]


def put(path: Path, content: bytes, age_s: int = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (OLD - age_s, OLD - age_s))
    return path


def kept(path: Path, incident: str = "i1", **more: object) -> KeptBackup:
    manifest = Manifest("shop", "2026-11-22T10:00:00.000Z", "15.14", {"public.a": TableCount(3, "3")})
    size = path.stat().st_size
    one = KeptBackup(path.name, size, "ab" * 32, incident, "2026-11-22T10:00:00.000000Z", 4, "15.14", True, manifest)
    one = replace(one, **more)  # type: ignore[arg-type]
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(one.to_json()))
    return one


@pytest.fixture
def world(tmp_path: Path) -> World:
    return local_world(tmp_path)


def names(found: tuple[BackupFile, ...]) -> list[str]:
    return [one.name for one in found]


def test_newest_first_and_by_their_bytes(tmp_path: Path, world: World) -> None:
    """Whatever they are called: what they are stands in their first bytes."""
    place = tmp_path / "b"
    put(place / "1.gz", gzip.compress(b"x" * 99), 1)
    put(place / "2.gz", DUMP, 2)
    put(place / "3.gz", b"-- PostgreSQL database dump\n", 3)
    put(place / "4.sql", b"\x28\xb5\x2f\xfd....", 4)
    put(place / "5.dump", b"toc.dat\x00".ljust(257, b"\x00") + b"ustar\x00", 5)
    put(place / "6 it's; $(id).gz", DUMP, 6)
    put(place / "-7.gz", DUMP, 7)
    found = backups(settings_of(place), world, None)
    kinds = [Format.SQL_GZIP, Format.CUSTOM, Format.SQL, Format.SQL_ZSTD, Format.TAR, Format.CUSTOM, Format.CUSTOM]
    assert [one.format for one in found] == kinds
    assert [one.problem for one in found] == [""] * 7
    assert found[5].path == str(place / "6 it's; $(id).gz")
    assert (found[1].size, found[1].mtime, found[1].host) == (len(DUMP), OLD - 2, "local")
    assert found[1].at == "2023-11-14T22:13:18.000000Z"
    assert names(backups(settings_of(place, "*.sql"), world, None)) == ["4.sql"]


def test_what_is_no_source_says_why(tmp_path: Path, world: World) -> None:
    """Nothing is hidden, and nothing that cannot be restored looks like a backup."""
    place = tmp_path / "b"
    put(place / "a.gz", b"", 1)
    put(place / "b.gz", gzip.compress(b"", mtime=0), 2)
    put(place / "c.dump.partial", DUMP, 3)
    put(place / "d.tar.xz", b"\xfd7zXZ\x00", 4)
    put(place / "before_rollback_20261122.sql", b"-- x", 5)
    put(place / kept_name("shop", stamp(world.clock.now()), "i1"), DUMP, 6)
    said = [one.problem for one in backups(settings_of(place), world, None, incident="i1")]
    for words, problem in zip(
        ("0 bytes", "gzip of nothing", "not finished", "xz", "before an earlier rollback", "this incident"),
        said,
        strict=True,
    ):
        assert words in problem
    assert [bool(one.problem) for one in backups(settings_of(place), world, None)][-1] is False


@pytest.mark.parametrize("name", ["new\nline.gz", "esc\x1b[2J.gz", "rlo\u202egz.exe", "tab\there.gz", b"latin\xe9.gz"])
def test_names_that_would_lie_on_a_screen(tmp_path: Path, world: World, name: str | bytes) -> None:
    """Shown harmless, and never used: what is shown would not be what is restored."""
    place = tmp_path / "b"
    place.mkdir()
    path = os.path.join(os.fsencode(place), os.fsencode(name))
    with open(path, "wb") as file:
        file.write(DUMP)
    os.utime(path, (OLD, OLD))
    put(place / "good.gz", DUMP)
    found = {one.problem: one for one in backups(settings_of(place), world, None)}
    assert found[""].name == "good.gz"
    (bad,) = (one for problem, one in found.items() if problem)
    assert "name" in bad.problem
    assert bad.path.isprintable()
    bad.path.encode()


def test_one_that_is_being_written(tmp_path: Path, world: World) -> None:
    """Looked at twice when it is young: one that grows meanwhile is no backup yet."""
    place = tmp_path / "b"
    put(place / "old.sql", b"-- old")
    (place / "young.sql").write_bytes(b"-- young")
    (place / "growing.sql").write_bytes(b"-- growing")

    class Clock:
        def now(self) -> object:
            return world.clock.now()

        def sleep(self, seconds: float) -> None:
            with (place / "growing.sql").open("ab") as file:
                file.write(b"more")

    found = {one.name: one.problem for one in backups(settings_of(place), replace(world, clock=Clock()), None)}  # type: ignore[arg-type]
    assert found == {"old.sql": "", "young.sql": "", "growing.sql": "still being written: it changes"}


def test_what_stands_beside_it(tmp_path: Path, world: World) -> None:
    """A manifest and a proof are read, and believed while they fit; what is no such file counts as none."""
    place = tmp_path / "b"
    one = put(place / "a.dump", DUMP)
    made = kept(one)
    proof = ProvenRestore(made.sha256, "2026-11-22T11:00:00.000000Z", 3, 9)
    one.with_name("a.dump.proven.json").write_text(json.dumps(proof.to_json()))
    for name, text in (("b", "[" * 100_000), ("c", '{"format": 1}'), ("d", "\x00")):
        put(place / f"{name}.dump", DUMP, 9)
        (place / f"{name}.dump.manifest.json").write_text(text)
        (place / f"{name}.dump.proven.json").write_text(text)
    found = {one.name: one for one in backups(settings_of(place), world, None)}
    assert sorted(found) == ["a.dump", "b.dump", "c.dump", "d.dump"]
    assert (found["a.dump"].kept, found["a.dump"].proven) == (made, proof)
    assert found["a.dump"].sha256 == made.sha256
    assert all((found[name].kept, found[name].proven) == (None, None) for name in ("b.dump", "c.dump", "d.dump"))
    assert found["c.dump"].problem == ""
    kept(one, size=12)
    assert "12 were written" in backups(settings_of(place, "a.dump"), world, None)[0].problem
    kept(one, sha256="cd" * 32)
    assert backups(settings_of(place, "a.dump"), world, None)[0].proven is None


def test_both_places(tmp_path: Path, world: World) -> None:
    """The daily ones and those that were made here; a folder that does not exist yet holds none."""
    place, keep = tmp_path / "b", tmp_path / "k"
    put(place / "a.gz", DUMP, 2)
    settings = settings_of(place, "*.gz", keep=str(keep))
    assert names(backups(settings, world, None)) == ["a.gz"]
    kept(put(keep / "k.dump", DUMP, 1), "i1")
    found = backups(settings, world, None, incident="i1")
    assert names(found) == ["k.dump", "a.gz"]
    assert "this incident" in found[0].problem
    assert backups(settings, world, None, incident="i2")[0].problem == ""
    with pytest.raises(GoaroundError, match="listing the backups on local failed"):
        backups(settings_of(tmp_path / "none"), world, None)


def test_folders(tmp_path: Path, world: World) -> None:
    """A dump may be a folder; any other folder is none."""
    place = tmp_path / "b"
    put(place / "x.gz", DUMP, 5)
    (place / "other").mkdir()
    put(place / "dir" / "toc.dat", b"PGDMP", 1)
    put(place / "dir" / "3301.dat.gz", b"x" * 50, 2)
    put(place / "half" / "3301.dat.gz", b"x" * 50, 3)
    found = backups(settings_of(place), world, None)
    assert [(one.name, one.format, one.size) for one in found] == [
        ("dir", Format.DIRECTORY, 55),
        ("half", Format.DIRECTORY, 50),
        ("x.gz", Format.CUSTOM, len(DUMP)),
    ]
    assert [bool(one.problem) for one in found] == [False, True, False]


def test_thousands(tmp_path: Path, world: World) -> None:
    """A few commands, however many there are: not one for each file."""
    place = tmp_path / "b"
    place.mkdir()
    for number in range(5000):
        put(place / f"shop_prod_2026_{number:05}.sql.gz", gzip.compress(b"%d" % number) + b"x" * 300, number)
    ran: list[str] = []

    class Counting(LocalHost):
        def run(self, argv, **how):
            ran.append(argv[0])
            return super().run(argv, **how)

    begun = time.process_time()
    found = backups(settings_of(place, "*.gz"), replace(world, host=Counting()), None)
    took = time.process_time() - begun  # ours; other work on the machine is not counted
    assert len(found) == 5000
    assert all(one.format is Format.SQL_GZIP and not one.problem for one in found)
    assert found[0].name.endswith("_00000.sql.gz")
    assert len(ran) < 25
    assert took < 3, took


@pytest.mark.parametrize("program", ["stat", "head"])
def test_one_that_is_removed_while_they_are_listed(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """A job that keeps the newest few goes on meanwhile: what it took is not there, and no trouble."""
    place, programs = tmp_path / "b", tmp_path / "bin"
    put(place / "new.gz", DUMP, 1)
    old = put(place / "old.gz", DUMP, 9)
    programs.mkdir()
    (programs / program).write_text(f'#!/bin/sh\nrm -f {old}\nexec {shutil.which(program)} "$@"\n')
    (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert [(one.name, one.problem) for one in backups(settings_of(place), world, None)] == [("new.gz", "")]


def test_over_ssh(tmp_path: Path, world: World, sshd: SshServer) -> None:
    """The same on another host, line breaks in names included."""
    place = tmp_path / "b o'x"
    put(place / "a.gz", DUMP, 1)
    put(place / "new\nline.gz", DUMP, 1)
    kept(put(place / "k.dump", DUMP, 2))
    settings = settings_of(place)
    here = backups(settings, world, None)
    with host_of(sshd) as host:
        there = backups(settings, replace(world, host=host), None)
        assert room_of(host, str(place)).name == room_of(LocalHost(), str(place)).name
    assert [replace(one, host="local") for one in there] == list(here)
    assert {one.host for one in there} == {sshd.url}
