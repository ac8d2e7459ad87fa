"""A backup is read to its last byte before anything is done with it: what is wrong is found, and named."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from performing import local_world
from postgres_server import OWNER, PostgresServer

from actions.model.backup_file import BackupFile, Format, Inspected, Trouble
from actions.model.database_client import DatabaseClient
from actions.model.ports import World
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.backup_inspect import inspect
from actions.steps.backups import backups

NAME = "shop_prod"
ROWS = 3000
APP = f"""
CREATE TABLE item (id serial PRIMARY KEY, text text);
INSERT INTO item (text) SELECT repeat(md5(i::text), 3) FROM generate_series(1, {ROWS}) AS i;
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text);
INSERT INTO django_migrations (app, name) VALUES
  ('auth', '0001_initial'), ('contenttypes', '0001_initial'), ('shop', '0001_initial'), ('shop', '0002_more');
"""
OTHER_APP = """
CREATE TABLE film (id int); INSERT INTO film VALUES (1);
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text);
INSERT INTO django_migrations (app, name) VALUES ('auth', '0001_initial'), ('contenttypes', '0001_initial'),
  ('cinema', '0001_initial');
"""


@pytest.fixture(scope="module")
def dumps(_postgres_server: PostgresServer) -> dict[str, bytes]:
    """What pg_dump writes of the application, in every format of one file."""
    server = _postgres_server
    server.wipe()
    server.new_database(NAME, APP)
    server.new_database("cinema", OTHER_APP)
    made = {"sql": server.dump(NAME), "custom": server.dump(NAME, "-Fc"), "tar": server.dump(NAME, "-Ft")}
    made["other"] = server.dump("cinema")
    made["other custom"] = server.dump("cinema", "-Fc")
    made["gz"] = gzip.compress(made["sql"])
    made["zst"] = zstd(made["sql"])
    made["all"] = server.run("pg_dumpall").stdout
    return made


@pytest.fixture
def shop(postgres: PostgresServer) -> PostgresServer:
    """The live database."""
    postgres.new_database(NAME, APP)
    return postgres


@pytest.fixture
def world(tmp_path: Path) -> World:
    return local_world(tmp_path)


GZIP = b"\x1f\x8b"


def zstd(content: bytes) -> bytes:
    return subprocess.run(("zstd", "-q"), input=content, capture_output=True, check=True).stdout


def table(folder: Path, pattern: str = "*", **more: object) -> DatabaseTable:
    return DatabaseTable(name=NAME, reach="host", backups=f"{folder}/{pattern}", **more)  # type: ignore[arg-type]


def listed(world: World, folder: Path, pattern: str = "*") -> tuple[BackupFile, ...]:
    settings = Settings(system=SystemTable(name="s", environment="drill"), database=table(folder, pattern))
    return backups(settings, world, None)


def looked(
    world: World, folder: Path, content: bytes, client: DatabaseClient | None = None, name: str = "b.sql.gz"
) -> Inspected:
    """A file of this content, listed and read."""
    place = folder / "place"
    place.mkdir(exist_ok=True)
    (place / name).write_bytes(content)
    os.utime(place / name, (1_700_000_000, 1_700_000_000))  # one that was written just now is looked at twice
    (one,) = listed(world, place)
    return inspect(world, client, one, table(folder))


def codes(found: Inspected) -> set[Trouble]:
    return {one.code for one in found.problems}


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ("sql", Format.SQL),
        ("gz", Format.SQL_GZIP),
        ("zst", Format.SQL_ZSTD),
        ("custom", Format.CUSTOM),
        ("tar", Format.TAR),
    ],
)
def test_a_whole_one_of_every_format(
    shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World, made: str, kind: Format
) -> None:
    """Known by its bytes whatever its name; its rows, migrations, versions and sum are told."""
    found = looked(world, tmp_path, dumps[made], shop.client())
    assert (found.problems, found.warnings, found.whole, found.usable) == ((), (), True, True)
    assert found.backup.format is kind
    assert found.backup.sha256 == hashlib.sha256(dumps[made]).hexdigest()
    assert found.facts.rows == {"public.item": ROWS, "public.django_migrations": 4}
    assert found.facts.migrations == (
        "auth.0001_initial",
        "contenttypes.0001_initial",
        "shop.0001_initial",
        "shop.0002_more",
    )
    assert found.facts.server_version.startswith("15.")
    assert found.facts.database == (NAME if kind.archive else "")
    assert found.facts.roles == (OWNER,)


def test_a_folder(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """The directory format: each of its files is read; one that is cut or gone is told."""
    place = tmp_path / "place"
    place.mkdir()
    shop.run("pg_dump", "-Fd", "-j2", "-f", str(place / "dir"), NAME)
    (one,) = listed(world, place)
    assert one.format is Format.DIRECTORY
    found = inspect(world, shop.client(), one, table(place))
    assert found.usable, found.problems
    assert found.facts.rows["public.item"] == ROWS
    assert inspect(world, shop.client(), one).backup.sha256 == found.backup.sha256
    data = max((place / "dir").glob("*.dat.gz"), key=lambda path: path.stat().st_size)
    content = data.read_bytes()
    for bad in (content[:-8], content[: len(content) // 2], content[:100] + b"\x00" + content[101:], content + b"xx"):
        data.write_bytes(bad)
        assert not inspect(world, shop.client(), one).whole
    data.unlink()
    assert not inspect(world, shop.client(), one).whole
    (place / "dir" / "toc.dat").unlink()
    assert "table of contents" in listed(world, place)[0].problem


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(len(content) * share)]


def flipped(content: bytes) -> bytes:
    """One byte in the middle is another one; not one that unpacks to the very same, as where a copy has two sources."""
    for at in range(len(content) // 2, len(content)):
        bad = content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]
        if content[:2] != GZIP or not unpacks_to(bad, gzip.decompress(content)):
            return bad
    raise AssertionError("no byte matters")


def unpacks_to(bad: bytes, whole: bytes) -> bool:
    try:
        return gzip.decompress(bad) == whole
    except (OSError, EOFError, zlib.error):
        return False


BROKEN: dict[str, tuple[Callable[[bytes], bytes], set[Trouble]]] = {
    "1 %": (cut(0.01), {Trouble.CUT, Trouble.DAMAGED, Trouble.NO_DUMP}),
    "50 %": (cut(0.5), {Trouble.CUT}),
    "99 %": (cut(0.99), {Trouble.CUT}),
    "the last 8 bytes": (lambda content: content[:-8], {Trouble.CUT, Trouble.DAMAGED}),
    "one byte": (flipped, {Trouble.DAMAGED, Trouble.CUT}),
    "garbage behind": (lambda content: content + b"garbage", {Trouble.GARBAGE}),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("made", ["gz", "zst"])
def test_a_compressed_one_that_is_broken(
    dumps: dict[str, bytes], tmp_path: Path, world: World, made: str, how: str
) -> None:
    """Wherever it was cut, whichever byte was turned: refused, with the reason."""
    breaking, wanted = BROKEN[how]
    found = looked(world, tmp_path, breaking(dumps[made]))
    assert not found.whole
    assert not found.usable
    assert codes(found) & wanted, found.problems


@pytest.mark.parametrize(
    ("made", "how"),
    [
        ("custom", "1 %"),
        ("custom", "50 %"),
        ("custom", "99 %"),
        ("custom", "the last 8 bytes"),
        ("custom", "one byte"),
        ("tar", "1 %"),
        ("tar", "50 %"),
        ("tar", "99 %"),
        ("tar", "the last 8 bytes"),  # of the padding; one byte that is turned no sum of a tar tells
    ],
)
def test_an_archive_that_is_broken(
    shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World, made: str, how: str
) -> None:
    """As before, by reading every block of its data."""
    found = looked(world, tmp_path, BROKEN[how][0](dumps[made]), shop.client())
    assert not found.whole, found
    assert found.problems


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("packed", [False, True])
def test_a_dump_that_was_cut_and_then_packed_well(
    dumps: dict[str, bytes], tmp_path: Path, world: World, share: float, packed: bool
) -> None:
    """Every sum fits, and the dump is not whole: its end is not there."""
    content = cut(share)(dumps["sql"])
    found = looked(world, tmp_path, gzip.compress(content) if packed else content)
    assert not found.whole
    assert codes(found) & {Trouble.CUT, Trouble.NO_DUMP}


def test_two_members(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """One dump in two pieces is one dump; two dumps are none."""
    half = len(dumps["sql"]) // 2
    two = gzip.compress(dumps["sql"][:half]) + gzip.compress(dumps["sql"][half:])
    assert looked(world, tmp_path, two).usable
    found = looked(world, tmp_path, dumps["gz"] + dumps["gz"])
    assert Trouble.STRAY_TEXT in codes(found)
    assert any("2 dumps" in one.words for one in found.problems)


def test_names_that_lie(shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """What is called .sql.gz may be anything: it is taken for what it is."""
    packed = looked(world, tmp_path, gzip.compress(dumps["custom"]), shop.client())
    assert packed.usable, packed.problems
    assert packed.backup.format is Format.CUSTOM_GZIP
    assert packed.facts.rows["public.item"] == ROWS
    again = looked(world, tmp_path, zstd(dumps["custom"]), shop.client())
    assert (again.usable, again.backup.format) == (True, Format.CUSTOM_ZSTD)
    assert not looked(world, tmp_path, gzip.compress(dumps["custom"])[:-2000], shop.client()).whole
    twice = looked(world, tmp_path, gzip.compress(dumps["gz"]))
    assert codes(twice) == {Trouble.NO_DUMP}
    assert "compressed twice" in twice.problems[0].words
    inside = looked(world, tmp_path, gzip.compress(dumps["tar"]))
    assert "tar dump inside" in inside.problems[0].words


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", Trouble.EMPTY, "0 bytes"),
        (gzip.compress(b"", mtime=0), Trouble.EMPTY, "unpacks to nothing"),
        (zstd(b""), Trouble.EMPTY, "unpacks to nothing"),
        (b"BZh91AY&SY", Trouble.NO_DUMP, "bzip2"),
        (b"\x00\x01\x02\x03", Trouble.NO_DUMP, "no dump"),
        (b"age-encryption.org/v1\n", Trouble.NO_DUMP, "age"),
        (b"hello\n", Trouble.NO_DUMP, "no dump"),
        (b"SELECT 1;\n", Trouble.NO_DUMP, "no dump"),
        (b"-- nothing\n" + b"x" * (65 << 20), Trouble.NO_DUMP, "longer than"),
    ],
    ids=["nothing", "gzip of nothing", "zstd of nothing", "bzip2", "bytes", "age", "words", "SQL", "one line"],
)
def test_what_is_no_dump(tmp_path: Path, world: World, content: bytes, code: Trouble, words: str) -> None:
    """Nothing, or something else: never restored, and told what it is."""
    found = looked(world, tmp_path, content)
    assert not found.whole
    assert code in codes(found)
    assert any(words in one.words for one in found.problems), found.problems


def with_line(line: bytes, dump: bytes) -> bytes:
    at = dump.index(b"\nCREATE TABLE") + 1
    return dump[:at] + line + b"\n" + dump[at:]


HOSTILE = [
    rb"\! touch /tmp/never",
    rb"\connect postgres",
    rb"\copy item FROM PROGRAM 'id'",
    b"DROP DATABASE shop_prod;",
    b"CREATE DATABASE other;",
    b"CREATE ROLE evil SUPERUSER;",
    b"COPY item FROM PROGRAM 'id';",
    b"ALTER SYSTEM SET fsync = off;",
]


@pytest.mark.parametrize("line", HOSTILE)
def test_a_hostile_line(dumps: dict[str, bytes], tmp_path: Path, world: World, line: bytes) -> None:
    """Found before psql sees it, with its number and its text; a person may allow it, nobody else."""
    content = with_line(line, dumps["sql"])
    found = looked(world, tmp_path, gzip.compress(content))
    assert codes(found) == {Trouble.HOSTILE}
    (one,) = found.hostile
    assert content.split(b"\n")[one.line - 1] == line
    assert line.decode().split()[0] in one.words
    assert found.whole
    assert not found.usable
    assert found.blocking((Trouble.HOSTILE,)) == ()


def test_a_hostile_line_cannot_move_the_cursor(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """Words of a dump are shown harmless."""
    found = looked(world, tmp_path, with_line(b"\\! \x1b[2J\x1b]0;gotcha\x07", dumps["sql"]))
    assert found.hostile
    assert all(one.words.isprintable() for one in found.problems)


def test_text_between(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """Messages of a program that went into the same file, at its beginning, in its statements, in its data."""
    said = b"pg_dump: warning: there are circular foreign-key constraints on this table:\n"
    for content in (
        said + dumps["sql"],
        b'time="2026-11-22T10:00:00Z" level=warning msg="the attribute `version` is obsolete"\n' + dumps["sql"],
        with_line(said.strip(), dumps["sql"]),
        dumps["sql"].replace(b"\n2\t", b"\n" + said + b"2\t", 1),
        dumps["sql"] + said,
    ):
        found = looked(world, tmp_path, content)
        assert Trouble.STRAY_TEXT in codes(found), (content[:80], found.problems)
        assert not found.whole


def test_line_ends_of_a_terminal(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """What came through a pseudo terminal has another line end; psql would lose tables and say 0."""
    found = looked(world, tmp_path, dumps["sql"].replace(b"\n", b"\r\n"))
    assert Trouble.CRLF in codes(found)


def test_all_databases(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """The output of pg_dumpall is never restored as one database."""
    assert Trouble.CLUSTER in codes(looked(world, tmp_path, dumps["all"]))


def test_a_newer_one(shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """By the versions in its head."""
    newer = dumps["sql"].replace(b"by pg_dump version 15", b"by pg_dump version 17")
    assert newer != dumps["sql"]
    assert codes(looked(world, tmp_path, newer, shop.client())) == {Trouble.NEWER}


@pytest.mark.parametrize(
    ("version", "known"), [("15.13", False), ("15.14", True), ("14.5", False), ("12.9", False), ("18.0", True)]
)
def test_a_psql_that_does_not_know_restrict(
    shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World, version: str, known: bool
) -> None:
    """``\\restrict`` stops an older psql; its version is asked."""
    assert b"\n\\restrict " in dumps["sql"]
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "psql"
    real = shop.programs / "psql"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "psql (PostgreSQL) {version}" && exit\nexec {real} "$@"\n'
    )
    program.chmod(0o755)
    found = looked(world, tmp_path, dumps["sql"], replace(shop.client(), bin=str(folder)))
    assert codes(found) == (set() if known else {Trouble.CLIENT})


@pytest.mark.parametrize("made", ["other", "other custom"])
def test_a_backup_of_another_application(
    shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World, made: str
) -> None:
    """That both are Django is not enough; a name that differs is told, too."""
    found = looked(world, tmp_path, dumps[made], shop.client())
    assert Trouble.FOREIGN in codes(found)
    assert (Trouble.OTHER_NAME in codes(found)) is (made == "other custom")


def test_a_backup_without_migrations_or_markers(
    shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World
) -> None:
    """No django_migrations, or none of the tables that are configured: another application."""
    bare = shop.new_database("bare", "CREATE TABLE film (id int)")
    assert Trouble.FOREIGN in codes(looked(world, tmp_path, shop.dump(bare), shop.client()))
    place = tmp_path / "place"
    (one,) = listed(world, place)
    shop.sql("DROP TABLE django_migrations", NAME)
    found = inspect(world, shop.client(), one, table(tmp_path, markers=("item", "not_there")))
    assert [problem.words for problem in found.problems if problem.code is Trouble.FOREIGN] == [
        "lacks tables by which the application is known: public.item"
    ]


def test_an_older_backup_is_no_other_one(
    shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World
) -> None:
    """What was migrated since is missing in it, and that is what it is for."""
    shop.sql("INSERT INTO django_migrations (app, name) VALUES ('shop', '0003_new'), ('cart', '0001_initial')", NAME)
    found = looked(world, tmp_path, dumps["gz"], shop.client())
    assert (found.problems, found.warnings) == ((), ())
    shop.sql("DELETE FROM django_migrations WHERE name = '0002_more'", NAME)
    found = looked(world, tmp_path, dumps["gz"], shop.client())
    assert found.problems == ()
    assert [one.code for one in found.warnings] == [Trouble.FOREIGN]


def test_what_the_server_lacks(shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """Extensions and roles by name, before anything is restored."""
    content = with_line(b"CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;", dumps["sql"])
    content = with_line(b"ALTER TABLE public.item OWNER TO somebody_else;", content)
    found = looked(world, tmp_path, content, shop.client())
    assert codes(found) == {Trouble.EXTENSION, Trouble.ROLE}
    words = " ".join(one.words for one in found.problems)
    assert "postgis" in words
    assert "somebody_else" in words
    shop.sql("CREATE ROLE left_behind; ALTER TABLE item OWNER TO left_behind", NAME)
    custom = shop.dump(NAME, "-Fc")
    shop.sql(f"ALTER TABLE item OWNER TO {OWNER}; DROP ROLE left_behind", NAME)
    assert codes(looked(world, tmp_path, custom, shop.client())) == {Trouble.ROLE}


def test_encodings(shop: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """Another one is converted by the server and told; SQL_ASCII is a doubt."""
    for name, words in ((b"LATIN1", "converts"), (b"SQL_ASCII", "SQL_ASCII")):
        content = dumps["sql"].replace(b"client_encoding = 'UTF8'", b"client_encoding = '" + name + b"'")
        found = looked(world, tmp_path, content, shop.client())
        assert found.problems == ()
        assert [one.code for one in found.warnings] == [Trouble.ENCODING]
        assert words in found.warnings[0].words


def test_a_server_that_is_not_there(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """The file is judged by itself; that nobody asked the server is told."""
    client = DatabaseClient("local", server=(f"--host={tmp_path}",), words="nobody")
    found = looked(world, tmp_path, dumps["gz"], client)
    assert found.whole
    assert [one.code for one in found.warnings] == [Trouble.NOT_ASKED]


def test_a_live_database_that_is_gone(
    postgres: PostgresServer, dumps: dict[str, bytes], tmp_path: Path, world: World
) -> None:
    """Versions, roles and extensions are asked of the server itself; what it was like nobody can say."""
    found = looked(world, tmp_path, with_line(b"CREATE EXTENSION postgis;", dumps["sql"]), postgres.client())
    assert codes(found) == {Trouble.EXTENSION}


def test_a_file_that_changes_while_it_is_read(dumps: dict[str, bytes], tmp_path: Path, world: World) -> None:
    """What is still being written is no backup yet, even if its beginning looks whole."""
    place = tmp_path / "place"
    place.mkdir()
    path = place / "b.sql"
    path.write_bytes(dumps["sql"])
    (one,) = listed(world, place)

    class Growing:
        name = "local"

        def run(self, argv: tuple[str, ...], **how: object) -> object:
            if argv[0] == "sha256sum":
                with path.open("ab") as file:
                    file.write(b"--\n")
            return world.host.run(argv, **how)  # type: ignore[arg-type]

    found = inspect(replace(world, host=Growing()), None, one)  # type: ignore[arg-type]
    assert Trouble.CHANGED in codes(found)


def test_a_tar_of_somebody(tmp_path: Path, world: World) -> None:
    """Not every tar is pg_dump's."""
    place = tmp_path / "place"
    place.mkdir()
    (tmp_path / "x.sql").write_text("x")
    with tarfile.open(place / "b.tar", "w") as tar:
        tar.add(tmp_path / "x.sql", "x.sql")
    (one,) = listed(world, place)
    found = inspect(world, None, one)
    assert codes(found) == {Trouble.NO_DUMP}
    assert "tar" in found.problems[0].words


def test_without_the_program_that_unpacks(
    dumps: dict[str, bytes], tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host without zstd says so, and does not call the backup broken."""
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("sh", "find", "stat", "head", "sha256sum", "gzip"):
        (folder / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(folder))
    found = looked(world, tmp_path, dumps["zst"])
    assert codes(found) == {Trouble.UNREADABLE}
    assert "zstd is not on local" in found.problems[0].words
    found = looked(world, tmp_path, dumps["custom"])
    assert codes(found) == {Trouble.UNREADABLE}
    assert "pg_restore" in found.problems[0].words
