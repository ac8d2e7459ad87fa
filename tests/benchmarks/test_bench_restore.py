"""Going back with the database against the written procedure's own commands, on the same data, in the same minute.

Theirs: drop, create, ``gunzip | psql``, in which time the application has no database. Ours: restored beside, verified,
swapped in by name. Both servers sync to disk as they do in production.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from database_ground import INCIDENT, LIVE, SIDE, Ground, make_ground, told
from measuring import Ratio, judge, of_pairs, pairs
from postgres_server import OWNER, PostgresServer, start_server, stop_server

from actions.model.backup_file import BackupFile, Format
from actions.model.effect_side import VerifySide
from actions.model.manifest import Manifest
from actions.model.step import Outcome
from actions.model.swap_sql import SwapNames, swap_sql
from actions.steps.backup_inspect import inspect
from actions.steps.database_drawing import Beside, restore_step
from actions.steps.database_manifest import read_manifest
from actions.steps.database_preflight import live_database
from actions.steps.database_restore import RestoreBeside
from actions.steps.database_verify import VerifyRestored
from actions.steps.snapshots import take_snapshot

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(3600)]

PAIRS = 3
ROWS_PER_MB = 2800
TABLES = 8
TABLE = """
CREATE TABLE part_{n} (id bigserial PRIMARY KEY, at timestamptz, kind int, name text, note text);
INSERT INTO part_{n} (at, kind, name, note)
  SELECT now() - i * interval '1 s', i % 17, md5(i::text), repeat(md5((i * 7)::text), 3)
  FROM generate_series(1, {rows}) AS i;
CREATE INDEX ON part_{n} (at); CREATE INDEX ON part_{n} (name); CREATE INDEX ON part_{n} (kind, at);
"""
THEIRS = "theirs"
LIMIT_GAP, LIMIT_TOTAL, LIMIT_SNAPSHOT = 0.005, 0.8, 0.02


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that syncs, with room for its log."""
    one = start_server("-c fsync=on -c shared_buffers=512MB -c max_wal_size=4GB")
    yield one
    stop_server(one)


@pytest.fixture(scope="module")
def ground(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A live database of about as many MB as GOAROUND_BENCH_MB says; 1000 is that of the procedure's measurement."""
    rows = int(os.environ.get("GOAROUND_BENCH_MB", "200")) * ROWS_PER_MB // TABLES
    made = make_ground(
        server, tmp_path_factory.mktemp("big"), "".join(TABLE.format(n=n, rows=rows) for n in range(TABLES))
    )
    server.sql("VACUUM ANALYZE; CHECKPOINT", LIVE)
    server.new_database(THEIRS)
    return made


def written(ground: Ground, backup: Path) -> float:
    """Option 3 as it is written, on a database of its own: its whole time is downtime."""
    psql = f"psql -q -U {OWNER}"
    script = (
        f"{psql} -d postgres -c 'DROP DATABASE {THEIRS};' && {psql} -d postgres -c 'CREATE DATABASE {THEIRS};'"
        f" && gunzip < {backup} | {psql} -o /dev/null {THEIRS}"
    )
    env = {"PATH": f"{ground.server.programs}:/usr/bin:/bin", "PGHOST": str(ground.server.folder)}
    begun = time.perf_counter()
    subprocess.run(["sh", "-c", script], env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def drawn(ground: Ground, path: Path, form: Format) -> RestoreBeside:
    """The restore as the drawer has it: it reads the dump for that, when the plan is drawn."""
    stat = path.stat()
    backup = BackupFile("local", str(path), form, stat.st_size, int(stat.st_mtime), "")
    found = inspect(ground.world, ground.client, backup)
    live = live_database(ground.world, ground.client, LIVE)
    step = restore_step(ground.settings, ground.world, ground.client, live, found, Beside(INCIDENT, SIDE, "bench"))
    assert form.archive or step.sessions > 1, step.why_one
    return step


def beside(ground: Ground, restore: RestoreBeside, kept: Manifest) -> float:
    """Restored and verified, to the last row counted; the live database answers all the while."""
    ground.server.sql(f"DROP DATABASE IF EXISTS {SIDE}")
    verify = VerifyRestored(
        VerifySide(
            host="local",
            client=ground.client,
            live=LIVE,
            side=SIDE,
            incident=INCIDENT,
            manifest="",
            manifest_sha256="",
            rows={name: table.rows for name, table in kept.tables.items()},
            migrations=(),
            expects_migrations=False,
        )
    )
    begun = time.perf_counter()
    for step in (restore, verify):
        result = step.run(ground.world, told())
        assert result.outcome is Outcome.DONE, result.summary
    return time.perf_counter() - begun


def gap_of_a_swap(ground: Ground, names: SwapNames) -> float:
    """Seconds in which somebody who asks all the time is answered by neither."""
    ending = threading.Event()
    answers: list[float] = []

    def ask() -> None:
        session: psycopg.Connection[Any] | None = None
        while not ending.is_set():
            try:
                if session is None:
                    session = psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=LIVE, autocommit=True)
                session.execute("SELECT max(id) FROM part_0")
                answers.append(time.perf_counter())
            except psycopg.Error:
                session = None
        if session is not None:
            session.close()

    asker = threading.Thread(target=ask)
    asker.start()
    time.sleep(0.2)
    ground.server.sql(swap_sql(names))
    time.sleep(0.2)
    ending.set()
    asker.join()
    return max(later - earlier for earlier, later in itertools.pairwise(answers))


def test_restore_and_swap(ground: Ground) -> None:
    """To verified data, and the time without a database."""
    written_dump, ours_dump = ground.dump(Format.SQL_GZIP), ground.dump(Format.CUSTOM)
    kept = read_manifest(ground.world, ground.client, LIVE)
    print(f"\n{kept.size / 1e6:.0f} MB on the server's disk", end="")
    names = SwapNames(LIVE, SIDE, "kept_aside")
    archived, packed = drawn(ground, ours_dump, Format.CUSTOM), drawn(ground, written_dump, Format.SQL_GZIP)

    def gap() -> float:
        there = gap_of_a_swap(ground, names)
        ground.server.sql(swap_sql(names.back))
        ground.server.sql(f"ALTER DATABASE {SIDE} ALLOW_CONNECTIONS true")
        return there

    def measure() -> list[Ratio]:
        archive = pairs(lambda: beside(ground, archived, kept), lambda: written(ground, written_dump), PAIRS)
        plain = pairs(lambda: beside(ground, packed, kept), lambda: written(ground, written_dump), PAIRS)
        gaps = ([gap() for _ in range(PAIRS)], archive[1])
        return [
            of_pairs("to verified data, our dump / drop, create, gunzip | psql", archive, LIMIT_TOTAL),
            of_pairs("to verified data, the same plain dump / drop, create, gunzip | psql", plain, LIMIT_TOTAL),
            of_pairs("time without a database / drop, create, gunzip | psql", gaps, LIMIT_GAP),
        ]

    judge(measure)


def test_snapshot(ground: Ground) -> None:
    """With a snapshot from before the deployment, going back is the swap alone, and so is the undo."""
    backup = ground.dump(Format.SQL_GZIP)
    taken = take_snapshot(
        ground.world, ground.client, live_database(ground.world, ground.client, LIVE), "bench_1", "v1"
    )
    names = SwapNames(LIVE, taken.snapshot.name, "kept_for_snapshot")

    def there_and_back() -> float:
        begun = time.perf_counter()
        ground.server.sql(swap_sql(names))
        took = time.perf_counter() - begun
        begun = time.perf_counter()
        ground.server.sql(swap_sql(names.back))
        back = time.perf_counter() - begun
        ground.server.sql(f'ALTER DATABASE "{names.side}" ALLOW_CONNECTIONS true')
        return max(took, back)

    judge(
        lambda: [
            of_pairs(
                "back to a snapshot, or its undo / drop, create, gunzip | psql",
                pairs(there_and_back, lambda: written(ground, backup), PAIRS),
                LIMIT_SNAPSHOT,
            )
        ]
    )
