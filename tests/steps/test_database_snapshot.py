"""What is kept before anything changes is whole, counted in its own snapshot, and has its name only then."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from performing import Told, local_world
from postgres_server import OWNER, PostgresServer

from actions.engine.processes import session_members
from actions.model.backup_file import KeptBackup
from actions.model.database_client import DatabaseClient
from actions.model.effect_dump import WAIT_S
from actions.model.errors import GoaroundError
from actions.model.ports import World
from actions.model.step import Happened, Outcome, StepResult
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.backup_inspect import inspect
from actions.steps.backups import backups
from actions.steps.catalog import build
from actions.steps.database_snapshot import KeepDatabase, draw_snapshot
from actions.steps.planned import params_of

INCIDENT = "2026-11-22-k7qf"
TABLES = """
CREATE TABLE "odd Name" (id serial PRIMARY KEY, text text);
INSERT INTO "odd Name" (text) SELECT md5(i::text) FROM generate_series(1, 30000) AS i;
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text);
INSERT INTO django_migrations (app, name) VALUES ('auth', '0001_initial'), ('shop', '0001_initial');
CREATE TABLE empty (id int);
"""
NAME = "shop 'prod\""


def settings_of(server: PostgresServer, folder: Path, name: str = NAME, **more: object) -> Settings:
    table = {"name": name, "reach": "host", "role": OWNER, "keep": str(folder / "keep"), **more}
    return Settings(system=SystemTable(name="shop", environment="drill"), database=DatabaseTable(**table))  # type: ignore[arg-type]


def drawn(
    server: PostgresServer, world: World, settings: Settings, client: DatabaseClient | None = None
) -> KeepDatabase:
    return draw_snapshot(settings, world, INCIDENT, client or server.client()).step


def run(step: KeepDatabase, world: World, told: Told | None = None) -> StepResult:
    return step.run(world, told or Told())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return local_world(tmp_path)


@pytest.fixture
def shop(postgres: PostgresServer) -> PostgresServer:
    postgres.new_database(NAME, TABLES)
    return postgres


def wait_for_no_session(server: PostgresServer) -> None:
    """A session is gone a moment after its client."""
    end = time.monotonic() + 60
    while server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'goaround %'") != "0":
        assert time.monotonic() < end, "a session of ours stays"
        time.sleep(0.02)


def wait_for_no_member(sid: int) -> None:
    """What a dead worker started has ended, too: it may write and rename until then."""
    end = time.monotonic() + 60
    while session_members(sid):
        assert time.monotonic() < end, "what a dead worker started stays at work"
        time.sleep(0.02)


def kept_of(step: KeepDatabase) -> KeptBackup:
    return KeptBackup.from_json(json.loads(Path(step.effect().manifest).read_text()))


def shim(folder: Path, server: PostgresServer, pg_dump: str) -> DatabaseClient:
    """Clients of which pg_dump is another program; ``REAL`` in its text is the real one."""
    folder.mkdir()
    for name in ("psql", "pg_restore"):
        (folder / name).symlink_to(server.programs / name)
    (folder / "pg_dump").write_text("#!/bin/sh\n" + pg_dump.replace("REAL", str(server.programs / "pg_dump")) + "\n")
    (folder / "pg_dump").chmod(0o755)
    return replace(server.client(), bin=str(folder))


def test_a_dump_that_counts(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """Under its name, for its owner alone, with sum, size and rows beside it; the plan's row rebuilds the step."""
    step = drawn(shop, world, settings_of(shop, tmp_path))
    assert build(step.step_id, params_of(step)) == step
    told = Told()
    result = run(step, world, told)
    assert result.outcome is Outcome.DONE, (result, told.lines)
    path, kept = Path(step.path), kept_of(step)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == result.facts["sha256"]
    assert (kept.size, kept.incident, kept.same_snapshot) == (path.stat().st_size, INCIDENT, True)
    rows = {name: count.rows for name, count in kept.manifest.tables.items()}
    assert rows == {"public.odd Name": 30000, "public.django_migrations": 2, "public.empty": 0}
    assert kept.manifest.migrations == ("auth.0001_initial", "shop.0001_initial")
    assert sorted(one.name for one in path.parent.iterdir()) == sorted((path.name, path.name + ".manifest.json"))
    assert step.check(world).happened is Happened.YES
    assert step.check(world).facts == {key: result.facts[key] for key in step.check(world).facts}
    again = run(step, world)
    assert again.outcome is Outcome.FAILED
    assert "there already" in again.summary
    side = shop.new_database("side")
    shop.run("pg_restore", "--exit-on-error", "--dbname", side, step.path)
    assert shop.sql('SELECT count(*), max(id) FROM "odd Name"', side) == "30000|30000"


def test_rows_are_those_of_the_dump_while_somebody_writes(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """The manifest is of the very snapshot: a restored copy has exactly its rows, whatever came meanwhile."""
    ending = threading.Event()
    begun, more = tmp_path / "begun", tmp_path / "more"
    # The snapshot is taken when pg_dump begins; it waits there until more was written.
    waits = f': > {begun}; while [ ! -e {more} ]; do sleep 0.01; done; exec REAL "$@"'

    def write() -> None:
        with psycopg.connect(host=str(shop.folder), user=OWNER, dbname=NAME, autocommit=True) as session:
            while not ending.is_set():
                late = begun.exists()
                session.execute("""INSERT INTO "odd Name" (text) SELECT 'w' FROM generate_series(1, 50)""")
                session.execute("INSERT INTO empty VALUES (1)")
                if late:
                    more.touch()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        step = drawn(shop, world, settings_of(shop, tmp_path), shim(tmp_path / "bin", shop, waits))
        assert run(step, world).outcome is Outcome.DONE
        assert more.exists()
    finally:
        ending.set()
        thread.join()
    side = shop.new_database("side")
    shop.run("pg_restore", "--exit-on-error", "--dbname", side, step.path)
    tables = kept_of(step).manifest.tables
    for name in ("odd Name", "empty"):
        assert int(shop.sql(f'SELECT count(*) FROM "{name}"', side)) == tables[f"public.{name}"].rows
    assert shop.sql('SELECT max(id) FROM "odd Name"', side) == tables["public.odd Name"].max_key


def test_the_count_waits_until_the_dump_has_its_snapshot(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """What pg_dump asks before it has taken the snapshot over locks tables, too: those of the server alone."""
    asks = "BEGIN; LOCK TABLE pg_class IN ACCESS SHARE MODE; SELECT pg_sleep(1)"
    slow = f'for last; do :; done; {shop.programs}/psql -h {shop.folder} -U {OWNER} -q -d "${{last#--dbname=}}" '
    client = shim(tmp_path / "bin", shop, f'{slow} -c "{asks}" >/dev/null\nexec REAL "$@"')
    told = Told()
    result = run(drawn(shop, world, settings_of(shop, tmp_path), client), world, told)
    assert result.outcome is Outcome.DONE, (result, told.lines)


def test_a_database_without_a_table_is_kept_at_once(postgres: PostgresServer, tmp_path: Path, world: World) -> None:
    """Nothing shows that the dump has the snapshot: the count is told when the dump has ended."""
    postgres.new_database(NAME)
    told = Told()
    begun = world.clock.monotonic_ms()
    result = run(drawn(postgres, world, settings_of(postgres, tmp_path)), world, told)
    assert result.outcome is Outcome.DONE, (result, told.lines)
    assert world.clock.monotonic_ms() - begun < WAIT_S * 1000, "it waited until it was over by itself"


FAULTS = {
    "fails": ("exec REAL --no-such-option", "pg_dump ended with 1"),
    "fails half way": ('REAL "$@" | head -c 2000; echo "pg_dump: error: lost" >&2; exit 7', "pg_dump ended with 7"),
    "ends well with nothing": ("exit 0", "wrote nothing"),
    "ends well and is cut": ('REAL "$@" > "$0.tmp"; head -c -2000 "$0.tmp"', "was cut off"),
    "ends well and is cut behind its contents": ('REAL "$@" > "$0.tmp"; head -c CONTENTS "$0.tmp"', "was cut off"),
    "ends well and is cut early": ('REAL "$@" | head -c 200', "table of contents"),
    "leaves tables out": ('exec REAL "$@" --exclude-table=empty', "2 tables, 3 were counted"),
    "schema alone": ('exec REAL "$@" --schema-only', "0 tables, 3 were counted"),
    "is killed": ("kill -9 $$", "pg_dump ended with 137"),
    "is not there": ("exec /no/such/program", "127"),
}


def contents_end(shop: PostgresServer) -> int:
    """Bytes of a dump's beginning of which pg_restore still lists all contents; the first data stand behind them."""
    dump = shop.dump(NAME, "-Fc")

    low, high = 0, len(dump)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if lists(shop, dump[:middle]) else (middle, high)
    return high


def lists(shop: PostgresServer, dump: bytes) -> bool:
    argv = (str(shop.programs / "pg_restore"), "--list")
    return subprocess.run(argv, input=dump, capture_output=True, timeout=110).returncode == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_dump_that_is_none_never_gets_the_name(
    shop: PostgresServer, tmp_path: Path, world: World, fault: str
) -> None:
    """Whatever the program says of itself: no file is left, and the reason is told."""
    text, words = FAULTS[fault]
    if "CONTENTS" in text:
        text = text.replace("CONTENTS", str(contents_end(shop)))
    step = drawn(shop, world, settings_of(shop, tmp_path), shim(tmp_path / "bin", shop, text))
    result = run(step, world)
    assert result.outcome is Outcome.FAILED
    assert words in result.summary
    assert list(Path(step.path).parent.iterdir()) == []
    assert step.check(world).happened is Happened.NO
    wait_for_no_session(shop)


def test_no_room_is_told_before_anything_is_written(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """Estimate and free space are compared first, when it is drawn and when it is run."""
    step = replace(drawn(shop, world, settings_of(shop, tmp_path)), need=10**16)
    result = run(step, world)
    assert result.outcome is Outcome.FAILED
    assert "are needed" in result.summary
    assert "free in" in result.summary
    assert list(Path(step.path).parent.iterdir()) == []


def test_less_than_half_of_the_last_one_is_told(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """A dump that shrank is kept, and never in silence; the last one of this database is the measure."""
    settings = settings_of(shop, tmp_path)
    assert run(drawn(shop, world, settings), world).outcome is Outcome.DONE
    shop.sql('DELETE FROM "odd Name" WHERE id > 100', NAME)
    drawing = draw_snapshot(settings, world, "other", shop.client())
    assert drawing.step.last == Path(backups(settings, world, None)[0].path).stat().st_size
    result = run(drawing.step, world)
    assert result.outcome is Outcome.DONE
    assert "less than half" in result.facts["warning"]
    assert "less than half" in result.summary


def test_what_was_left_behind(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """Our own partial file goes, one of somebody else is named and stays."""
    step = drawn(shop, world, settings_of(shop, tmp_path))
    folder = Path(step.path).parent
    folder.mkdir()
    other = folder / "other_\x1b[31m.dump.partial"
    other.write_bytes(b"theirs")
    Path(step.effect().partial).write_bytes(b"half of ours")
    told = Told()
    assert run(step, world, told).outcome is Outcome.DONE
    assert other.read_bytes() == b"theirs"
    assert any("left alone" in line for line in told.lines)
    assert any("is removed" in line for line in told.lines)
    assert not any("\x1b" in line for line in told.lines)


def test_the_dump_of_an_earlier_run_that_still_goes_on(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """Two never write the same file: the second says who is at it."""
    step = drawn(shop, world, settings_of(shop, tmp_path))
    Path(step.path).parent.mkdir()
    Path(step.effect().partial).write_bytes(b"half")
    with psycopg.connect(
        host=str(shop.folder), user=OWNER, dbname=NAME, application_name=step.effect().dump_name
    ) as session:
        pid = session.info.backend_pid
        result = run(step, world)
    assert "still goes on" in result.summary
    assert str(pid) in result.summary
    assert Path(step.effect().partial).read_bytes() == b"half"


def test_the_operator_ends_it(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """The sessions are ended on the server; nothing is left there and nothing in the folder."""
    step = drawn(shop, world, settings_of(shop, tmp_path))
    with psycopg.connect(host=str(shop.folder), user=OWNER, dbname=NAME) as lock:
        lock.execute('LOCK TABLE "odd Name"')
        told = Told(stop_when=lambda: shop.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0")
        result = run(step, world, told)
    assert result.outcome is Outcome.TERMINATED
    assert list(Path(step.path).parent.iterdir()) == []
    wait_for_no_session(shop)


CHILD = """
import json, sys
from pathlib import Path
from performing import Told, local_world
from actions.steps.catalog import build
step = build("database.snapshot", json.loads(sys.stdin.read()))
print(step.run(local_world(Path(sys.argv[1])), Told()), flush=True)
"""


@pytest.mark.parametrize("moment", ["", ".partial", "a little .partial", ".manifest.json", "name", "400 ms", "800 ms"])
def test_killed_at_any_moment(shop: PostgresServer, tmp_path: Path, world: World, moment: str) -> None:
    """A file under the final name is whole and has its manifest; else the next run makes it."""
    step = drawn(shop, world, settings_of(shop, tmp_path))
    argv = (sys.executable, "-c", CHILD, str(tmp_path))
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, **paths}, start_new_session=True
    ) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(params_of(step)).encode())
        child.stdin.close()
        if moment.endswith("ms"):
            time.sleep(int(moment.split()[0]) / 1000)
        elif moment:
            awaited = Path(step.path if moment == "name" else step.path + moment.removeprefix("a little "))
            while not awaited.exists() and child.poll() is None:
                time.sleep(0.001)
            time.sleep(0.05 if "little" in moment else 0)
        child.send_signal(signal.SIGKILL)
    wait_for_no_member(child.pid)
    wait_for_no_session(shop)
    if step.check(world).happened is Happened.NO:
        assert not Path(step.path).exists()
        result = run(step, world)
        assert result.outcome is Outcome.DONE, result
    assert step.check(world).happened is Happened.YES
    assert not Path(step.effect().partial).exists()


def test_another_command(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """``database.dump`` is run as it stands, read whole afterwards, and refused when it is no whole dump."""
    program = tmp_path / "dump.sh"
    program.write_text(f'#!/bin/sh\n{shop.programs}/pg_dump -h {shop.folder} -U {OWNER} -d "$1" | gzip\n')
    program.chmod(0o755)
    name = "dbname='shop \\'prod\"'"
    settings = settings_of(shop, tmp_path, dump=(str(program), name))
    step = drawn(shop, world, settings)
    result = run(step, world)
    assert result.outcome is Outcome.DONE, result
    assert kept_of(step).same_snapshot is False
    (one,) = backups(settings, world, None)
    found = inspect(world, shop.client(), one, settings.database)
    assert found.usable, found.problems
    assert found.facts.rows["public.odd Name"] == 30000
    bad = draw_snapshot(settings_of(shop, tmp_path, dump=(str(program), "none")), world, "other", shop.client()).step
    result = run(bad, world)
    assert result.outcome is Outcome.FAILED
    assert "no whole dump" in result.summary


def test_where_it_lies_is_told(shop: PostgresServer, tmp_path: Path, world: World) -> None:
    """A folder on the disk of the other backups is no second place; the size and the time are estimated."""
    (tmp_path / "daily").mkdir()
    settings = settings_of(shop, tmp_path, backups=str(tmp_path / "daily" / "*.gz"))
    notes = draw_snapshot(settings, world, INCIDENT, shop.client()).notes
    assert any("same disk" in note for note in notes)
    assert any("MB" in note for note in notes)


@pytest.mark.parametrize("what", ["database", "role"])
def test_a_server_that_says_no(shop: PostgresServer, tmp_path: Path, world: World, what: str) -> None:
    """One line with the next move, before anything is written."""
    client = shop.client(role="nobody_here") if what == "role" else shop.client()
    settings = settings_of(shop, tmp_path, name="gone" if what == "database" else NAME)
    with pytest.raises(GoaroundError, match="no such database or role"):
        draw_snapshot(settings, world, INCIDENT, client)
