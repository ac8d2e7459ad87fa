"""Half-applied states on a real database: what is recorded against what is there, and what may be faked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django_ground import Project, environment, migrated, project
from performing import local_world
from postgres_server import PostgresServer

from actions.model.django_code import DjangoCode
from actions.model.migrations import Dropped, Inside, Known, Migration, Recorded
from actions.model.schema_state import Diagnosis, Standing, diagnose
from actions.steps.locks_reading import blockers
from actions.steps.schema_notes import state_notes
from actions.steps.schema_reading import diagnosis

pytestmark = pytest.mark.timeout(180)
HALF = Migration("shop", "0004_half")


def code_of(shop: Project) -> DjangoCode:
    env = environment(shop.server, shop.database)
    return DjangoCode("local", "here", (sys.executable, "manage.py"), str(shop.folder), env=env)


def looked(tmp_path: Path, shop: Project) -> Diagnosis:
    return diagnosis(local_world(tmp_path), shop.server.client(), shop.database, code_of(shop))


def test_a_sound_database_has_no_finding(tmp_path: Path, postgres: PostgresServer) -> None:
    """Renamed columns, own table names and many-to-many tables are where the code says; nothing is made up."""
    for release in ("index", "fails-back", "one-way"):
        shop = migrated(tmp_path / release, postgres, "1", "2", release)
        assert looked(tmp_path, shop) == Diagnosis()
        older = project(tmp_path / release, postgres, "2", shop.database)
        assert looked(tmp_path, older) == Diagnosis()


def test_a_migration_before_a_rename_is_seen_under_the_name_that_is_there(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """Where the newer code has not migrated yet, names are those of what is recorded."""
    shop = migrated(tmp_path, postgres, "1")
    assert looked(tmp_path, project(tmp_path, postgres, "2", shop.database)) == Diagnosis()


def test_one_that_is_not_atomic_and_failed_is_found(tmp_path: Path, postgres: PostgresServer) -> None:
    """The column stayed, the record did not come, an index is invalid; `--fake` is not proven: the SQL is not seen."""
    migrated(tmp_path, postgres, "1", "2")
    shop = project(tmp_path, postgres, "half", postgres.databases()[0])
    assert shop.manage("migrate", ok=False).returncode != 0
    found = looked(tmp_path, shop)
    assert found.invalid == ("shop_order_number_key",)
    (one,) = found.findings
    assert (one.migration, one.standing) == (HALF, Standing.NOT_RECORDED)
    assert one.there == (Dropped("shop_order", "code"),)
    assert not one.fake_proven
    assert "cannot be seen: Raw SQL operation" in one.words()


def test_a_fake_that_lied_is_found(tmp_path: Path, postgres: PostgresServer) -> None:
    """`migrate --fake` makes `migrate --check` content while the column is missing; the comparison says so."""
    migrated(tmp_path, postgres, "1", "2")
    shop = project(tmp_path, postgres, "index", postgres.databases()[0])
    shop.manage("migrate", "shop", "0004_order_state", "--fake")
    assert shop.manage("migrate", "shop", "0004_order_state", "--check").returncode == 0
    (one,) = looked(tmp_path, shop).findings
    assert (one.standing, one.absent) == (Standing.NOT_THERE, (Dropped("shop_order", "state"),))
    assert not one.fake_proven


def test_a_fake_is_proven_by_what_is_there(tmp_path: Path, postgres: PostgresServer) -> None:
    """The column is there, its record is not, and everything the migration does can be seen: only then."""
    migrated(tmp_path, postgres, "1", "2")
    shop = project(tmp_path, postgres, "index", postgres.databases()[0])
    shop.server.sql("ALTER TABLE shop_order ADD COLUMN state varchar(10)", shop.database)
    assert looked(tmp_path, shop).fakes == (Migration("shop", "0004_order_state"),)


@contextmanager
def killed(shop: Project) -> Iterator[int]:
    """`migrate` was killed while the server slept for it; gives the pid of the server's process, which goes on."""
    env = {**os.environ, **environment(shop.server, shop.database), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = (sys.executable, "manage.py", "migrate", "-v", "0")
    process = subprocess.Popen(argv, cwd=shop.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    asleep = f"SELECT pid FROM pg_stat_activity WHERE datname = '{shop.database}' AND query LIKE '%pg_sleep(60)%'"
    asleep += " AND state = 'active' AND pid <> pg_backend_pid()"
    try:
        while not (pid := shop.server.sql(asleep)):
            assert process.poll() is None
        process.kill()
        process.wait(60)
        yield int(pid)
    finally:
        shop.server.sql(f"SELECT pg_terminate_backend(pid, 60000) FROM ({asleep}) one(pid)")


def test_one_that_is_not_atomic_and_was_killed_is_found_with_the_next_move(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """What it did before stays, and nobody recorded it; whether the rest was run is not seen, so nothing is faked."""
    migrated(tmp_path, postgres, "1", "2")
    shop = project(tmp_path, postgres, "slow", postgres.databases()[0])
    with killed(shop):
        pass
    found = looked(tmp_path, shop)
    (one,) = found.findings
    assert (one.standing, one.there) == (Standing.NOT_RECORDED, (Dropped("shop_order", "code"),))
    assert not one.fake_proven
    (note,) = state_notes(found)
    assert "shop.0004_slow is there, but not recorded" in note.text
    assert "not atomic failed or was killed: finish it, or take its parts away, with SQL by hand" in note.text


def test_one_that_is_atomic_and_was_killed_leaves_nothing_but_its_session(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """The server goes on for a client that is gone: found as a blocker; after its end everything is as before."""
    migrated(tmp_path, postgres, "1", "2")
    shop = project(tmp_path, postgres, "slow-whole", postgres.databases()[0])
    world, client = local_world(tmp_path), postgres.client()
    with killed(shop) as pid:
        (one,) = blockers(world, client, shop.database, ("shop_order",), longer_s=0)
        assert one.pid == pid
        assert "pg_sleep(60)" in one.query
    assert looked(tmp_path, shop) == Diagnosis()
    assert blockers(world, client, shop.database, longer_s=0) == ()
    assert "shop.0004_slow_whole" not in shop.recorded()


def test_an_index_that_is_being_built_is_not_called_invalid(tmp_path: Path, postgres: PostgresServer) -> None:
    """A concurrent build waits for older transactions: that is no failure; once its session is gone, it is one."""
    shop = migrated(tmp_path, postgres, "1")
    argv = (
        str(postgres.programs / "psql"),
        "-X",
        "-q",
        "-A",
        "-t",
        "-h",
        str(postgres.folder),
        "-U",
        "ops",
        shop.database,
    )
    with subprocess.Popen((*argv,), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as older:
        assert older.stdin is not None
        assert older.stdout is not None
        older.stdin.write("BEGIN; UPDATE shop_order SET number = number; SELECT 'begun';\n")
        older.stdin.flush()
        assert older.stdout.readline() == "begun\n"
        building = subprocess.Popen((*argv, "-c", "CREATE INDEX CONCURRENTLY slow ON shop_order (number)"))
        try:
            asked = (
                "SELECT count(*) FROM pg_stat_progress_create_index p JOIN pg_index i ON i.indexrelid = p.index_relid"
            )
            while postgres.sql(asked, shop.database) != "1":
                assert building.poll() is None
            assert looked(tmp_path, shop).invalid == ()
            ended = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_progress_create_index"
            assert postgres.sql(ended, shop.database) == "t"
        finally:
            building.kill()
            building.wait(60)
            older.stdin.close()
        assert looked(tmp_path, shop).invalid == ("slow",)


A, B = Migration("a", "1"), Migration("a", "2")
T, X = Dropped("t"), Dropped("t", "x")


@pytest.mark.parametrize(
    ("recorded", "there", "standing", "proven"),
    [
        ((A, B), (T, X), None, False),
        ((A,), (T,), None, False),
        ((A,), (T, X), Standing.NOT_RECORDED, True),
        ((A, B), (T,), Standing.NOT_THERE, False),
    ],
)
def test_every_standing(
    recorded: tuple[Migration, ...], there: tuple[Dropped, ...], standing: Standing | None, proven: bool
) -> None:
    """The table of what is recorded and what is there."""
    code = Inside((Known(A, drops=(T,)), Known(B, parents=(A,), drops=(X,))))
    found = diagnose(code, tuple(map(Recorded, recorded)), there)
    assert [one.standing for one in found.findings] == ([standing] if standing else [])
    assert bool(found.fakes) is proven


def test_nothing_is_proven_on_ground_that_is_not_recorded_or_by_a_list() -> None:
    """A migration that stands on one without a record is not faked; a list of files proves nothing at all."""
    code = Inside((Known(A), Known(B, parents=(A,), drops=(X,))))
    assert diagnose(code, (), (T, X)).fakes == ()
    assert diagnose(Inside(code.migrations, weak="files"), (), (T, X)) == Diagnosis()
