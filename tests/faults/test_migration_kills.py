"""`migrate` is ended at named statements of a reversal: between two migrations, and inside one that is not atomic."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psycopg
import pytest
from django_ground import Project, environment, migrated, project
from forked_worker import ForkedWorker
from killed_programs import LOCK
from performing import Told, local_world
from postgres_server import OWNER, PostgresServer
from process_looks import end_each

from actions.model.django_code import DjangoCode
from actions.model.effect_schema import RunMigrate
from actions.model.migrations import Migration
from actions.model.step import Happened, Outcome, StepResult
from actions.steps.migration_reverse import ReverseMigrations
from actions.steps.schema_reading import recorded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HALF, TOTALS, TOTAL = (Migration("shop", name) for name in ("0004_half", "0003_totals", "0002_order_total"))
HELD = f"""
CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF position(nullif(current_setting('test.hold', true), '') IN current_query()) > 0 THEN
    PERFORM pg_advisory_lock({LOCK}); PERFORM pg_advisory_unlock({LOCK});
  END IF;
END $$;
CREATE EVENT TRIGGER hold ON ddl_command_start EXECUTE FUNCTION hold();
"""


@pytest.fixture
def shop(tmp_path: Path, postgres: PostgresServer) -> Project:
    """A database that holds the migration that is not atomic, and a trigger by which a statement waits."""
    one = migrated(tmp_path, postgres, "1")
    postgres.sql("DELETE FROM shop_order WHERE id = 3", one.database)
    last = project(tmp_path, postgres, "half", one.database)
    last.manage("migrate", "-v", "0")
    postgres.sql(HELD, one.database)
    return last


def ended_at(shop: Project, step: ReverseMigrations, folder: Path, statement: str, *, server_too: bool) -> None:
    """Run it in a worker; `migrate` and the worker are killed before that statement. `server_too`: its session, too;
    else the statement comes about, because the server does not know yet.
    """
    shop.server.sql(f"""ALTER DATABASE "{shop.database}" SET test.hold = '{statement}'""")
    with psycopg.connect(host=str(shop.server.folder), user=OWNER, dbname=shop.database, autocommit=True) as keeper:
        keeper.execute(f"SELECT pg_advisory_lock({LOCK})")
        worker = ForkedWorker(lambda: step.run(local_world(folder), Told()))
        waits = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND NOT granted"
        while (row := keeper.execute(waits).fetchone()) is None:
            assert worker.alive(), (statement, worker.end())
            time.sleep(0.01)
        worker.kill()
        end_each(int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and is_migrate(one, shop))
        if server_too:
            keeper.execute("SELECT pg_terminate_backend(%s)", row)
        keeper.execute(f"SELECT pg_advisory_unlock({LOCK})")
        while keeper.execute("SELECT FROM pg_stat_activity WHERE pid = %s", row).fetchone() is not None:
            time.sleep(0.01)
    assert worker.end() is None
    shop.server.sql(f'ALTER DATABASE "{shop.database}" RESET test.hold')


def is_migrate(process: Path, shop: Project) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return b"manage.py" in words and (process / "cwd").resolve() == shop.folder.resolve()
    except OSError:
        return False


def columns(shop: Project) -> set[str]:
    sql = "SELECT attname FROM pg_attribute WHERE attrelid = 'shop_order'::regclass AND attnum > 0 AND NOT attisdropped"
    return set(shop.server.sql(sql, shop.database).split())


def test_migrate_is_ended_and_what_stands_is_told(shop: Project, tmp_path: Path) -> None:
    """F70: the record is asked; on and back are open where all is whole, and what is half is never called done."""
    world, client = local_world(tmp_path), shop.server.client()
    env = environment(shop.server, shop.database)
    code = DjangoCode("local", "here", (sys.executable, "manage.py"), str(shop.folder), env=env)
    moves = (HALF, TOTALS, TOTAL)
    back = RunMigrate(client, shop.database, code, "shop", "0001_initial", moves)
    again = RunMigrate(client, shop.database, code, "shop", "0004_half", moves[::-1], forward=True)
    rows = recorded(world, client, shop.database)
    assert rows is not None
    known = tuple(row.migration for row in rows)
    step = ReverseMigrations(client, shop.database, "1", (back,), (again,), known, not_atomic=(HALF,))
    whole = columns(shop)

    # Inside the one that is not atomic: its index is gone, its column is not, and it is recorded.
    ended_at(shop, step, tmp_path, 'DROP COLUMN "code"', server_too=True)
    assert columns(shop) == whole
    seen = step.check(world)
    assert seen.happened is Happened.UNKNOWN, "nobody can say that nothing was done"
    assert "may be half done: shop.0004_half" in seen.detail
    assert step.moved(world) == "", "it may be tried again"

    # Run again it goes on; ended between two, the first of which are whole.
    ended_at(shop, step, tmp_path, 'DROP COLUMN "sum"', server_too=False)
    seen = step.check(world)
    assert seen.happened is Happened.UNKNOWN
    assert "1 of 3 are recorded: shop.0002_order_total" in seen.detail
    assert columns(shop) == whole - {"code"}, "the one that was ended is one transaction"
    result = step.undo(world, Told())
    assert result.outcome is Outcome.DONE, result.summary
    assert columns(shop) == whole
    assert step.check_undone(world).happened is Happened.YES

    # The statement of the ended session came about, its record did not: applied in the record, half in the schema.
    ended_at(shop, step, tmp_path, 'DROP COLUMN "code"', server_too=False)
    assert columns(shop) == whole - {"code"}
    assert step.check(world).happened is Happened.UNKNOWN
    refused: StepResult = step.undo(world, Told())
    assert refused.outcome is Outcome.FAILED, "to apply again what is recorded does nothing"
    assert "shop_order.code" in refused.summary
    assert step.check_undone(world).happened is not Happened.YES
    tried = step.run(world, Told())
    assert tried.outcome is Outcome.FAILED
    assert "may be half done: shop.0004_half" in tried.summary
