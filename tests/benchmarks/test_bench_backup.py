"""A backup that counts against the bare `pg_dump` it runs, on the same database: manifest, sums and sync included."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from measuring import Ratio, judge, of_pairs, pairs
from performing import Told, local_world
from postgres_server import OWNER, PostgresServer

from actions.model.step import Outcome
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.database_snapshot import draw_snapshot

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(3600)]

LIMIT = 1.1
PAIRS = 5
SIZE = "GOAROUND_BENCH_MB"
"""Size of the database in MB, about; 1000 is that of the written procedure's measurement."""
ROWS_PER_MB = 4500
TABLES = 8
TABLE = """
CREATE TABLE part_{n} (id bigserial PRIMARY KEY, at timestamptz, kind int, name text, note text);
INSERT INTO part_{n} (at, kind, name, note)
  SELECT now() - i * interval '1 s', i % 17, md5(i::text), repeat(md5((i * 7)::text), 3)
  FROM generate_series(1, {rows}) AS i;
CREATE INDEX ON part_{n} (at);
"""


def test_backup(postgres: PostgresServer, tmp_path: Path) -> None:
    """At most a tenth more than the bare program, to verified names on disk."""
    rows = int(os.environ.get(SIZE, "200")) * ROWS_PER_MB // TABLES
    name = postgres.new_database("big", "".join(TABLE.format(n=n, rows=rows) for n in range(TABLES)))
    postgres.sql("VACUUM ANALYZE; CHECKPOINT", name)
    print(f"\n{postgres.sql(f'SELECT pg_size_pretty(pg_database_size({chr(39)}{name}{chr(39)}))')}", end="")
    world = local_world(tmp_path)
    number = 0

    def ours() -> float:
        nonlocal number
        number += 1
        keep = tmp_path / f"keep{number}"
        table = DatabaseTable(name=name, reach="host", keep=str(keep), role=OWNER)
        settings = Settings(system=SystemTable(name="s", environment="drill"), database=table)
        step = draw_snapshot(settings, world, f"i{number}", postgres.client()).step
        begun = time.perf_counter()
        result = step.run(world, Told())
        took = time.perf_counter() - begun
        assert result.outcome is Outcome.DONE, result
        assert result.facts["rows"] == str(rows * TABLES)
        Path(step.path).unlink()
        return took

    def theirs() -> float:
        program = (str(postgres.programs / "pg_dump"), "-Fc", "-h", str(postgres.folder), "-U", OWNER, name)
        path = tmp_path / "bare.dump"
        begun = time.perf_counter()
        with path.open("wb") as file:
            subprocess.run(program, stdout=file, check=True)
            os.fsync(file.fileno())
        took = time.perf_counter() - begun
        path.unlink()
        return took

    def measure() -> list[Ratio]:
        return [of_pairs("backup that counts / pg_dump -Fc", pairs(ours, theirs, PAIRS), LIMIT)]

    judge(measure)
