"""The written procedure's own commands beside ours, on the same backup: theirs says 0 and loses data, ours does not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from database_ground import INCIDENT, LIVE, WRITTEN_SINCE, Ground, make_ground, told
from postgres_server import OWNER, PostgresServer

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.errors import Refused
from actions.model.plan import Plan
from actions.model.side_note import BESIDE
from actions.model.step import Outcome
from actions.steps.catalog import build

ROOT = Path(__file__).resolve().parents[2]
THEIRS = "theirs"
DROP = f"psql -U {OWNER} -d postgres -c 'DROP DATABASE {THEIRS};'"
CREATE = f"psql -U {OWNER} -d postgres -c 'CREATE DATABASE {THEIRS};'"


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


def written(ground: Ground, backup: Path) -> int:
    """Option 3 of the procedure as it stands: drop, create, restore; the exit status of its last line."""
    script = f"{DROP}\n{CREATE}\ngunzip < {backup} | psql -U {OWNER} {THEIRS}\n"
    path = f"{ground.server.programs}:/usr/bin:/bin"
    env = {"PATH": path, "PGHOST": str(ground.server.folder)}
    return subprocess.run(["sh", "-c", script], env=env, capture_output=True, timeout=60).returncode


def twin(ground: Ground) -> bytes:
    """A second database with the same data, for their commands."""
    ground.server.sql(f"CREATE DATABASE {THEIRS} TEMPLATE {LIVE}")
    return ground.held(THEIRS)


def drawn(ground: Ground) -> Plan:
    found, _ = releases(ground.settings, "database", ground.world)
    backup = next(one for one in found if one.source == "backup")
    return draw(ground.settings, "database", backup, ground.world, INCIDENT)


def flown(ground: Ground) -> None:
    """Both plans of ours, to their end."""
    for _ in range(2):
        plan = drawn(ground)
        for row in plan.steps:
            step = build(row.step, row.params)
            assert step.moved(ground.world) == ""
            result = step.run(ground.world, told())
            assert result.outcome is Outcome.DONE, (row.code, result.summary)


def test_a_truncated_backup(ground: Ground) -> None:
    """S1: theirs ends with 0 over a half; ours says so before anything is made, and no byte of the live one moved."""
    path = ground.dump(Format.SQL_GZIP)
    path.write_bytes(path.read_bytes()[:-3000])
    was, before = twin(ground), ground.held(LIVE)
    assert written(ground, path) == 0
    assert ground.held(THEIRS) != was
    assert len(ground.held(THEIRS)) < len(was)
    with pytest.raises(Refused, match="must not be restored"):
        drawn(ground)
    assert ground.held(LIVE) == before
    assert ground.server.databases() == (LIVE, THEIRS)


def test_a_dump_of_nothing(ground: Ground) -> None:
    """S3: a valid gzip of nothing; theirs ends with 0 and an empty database, ours refuses."""
    path = ground.folder / "obcms_prod_empty.sql.gz"
    path.write_bytes(subprocess.run(["gzip", "-n"], input=b"", capture_output=True, check=True).stdout)
    twin(ground)
    before = ground.held(LIVE)
    assert written(ground, path) == 0
    assert ground.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", THEIRS) == "0"
    with pytest.raises(Refused):
        drawn(ground)
    assert ground.held(LIVE) == before


def test_an_open_connection(ground: Ground) -> None:
    """S5: theirs cannot drop, restores into the live data and says 0; ours has exactly the backup's data live."""
    path = ground.dump(Format.SQL_GZIP)
    backed_up = ground.held(LIVE)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    now = twin(ground)
    with (
        psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=THEIRS) as one,
        psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=LIVE) as other,
    ):
        one.execute("SELECT 1")
        other.execute("LOCK TABLE auth_user")
        other.execute("ROLLBACK")
        assert written(ground, path) == 0
        mixed = ground.held(THEIRS)
        assert mixed not in (backed_up, now), "neither the backup nor what was there"
        flown(ground)
        other.close()
    assert ground.held(LIVE) == backed_up


def test_nothing_that_was_live_is_dropped_anywhere() -> None:
    """One file alone holds the words that drop a database, and there the server looks whose it is, and its name."""
    words = re.compile(r"DROP\s+DATABASE|dropdb|pg_restore.*--clean", re.IGNORECASE)
    files = [file for top in ("actions", "app", "widgets") for file in (ROOT / top).rglob("*.py")]
    found = [file.relative_to(ROOT).as_posix() for file in files if words.search(file.read_text())]
    assert found == ["actions/model/side_note.py"]
    text = (ROOT / found[0]).read_text()
    assert len(words.findall(text)) == 1
    assert "datname ~ '{BESIDE}'" in text
    assert BESIDE == "_(rb|try)_"
