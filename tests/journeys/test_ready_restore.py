"""`goaround ready --restore`: a backup is proven by restoring it, and nothing of the trial stays."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_ground import CommandGround, make_command_ground
from database_ground import LIVE, WRITTEN_SINCE
from performing import local_world
from postgres_server import PostgresServer
from waiting import PATIENCE_S, until

from actions.model.backup_file import ProvenRestore
from actions.model.clock import SystemClock
from actions.model.side_note import SideNote, set_note_sql
from actions.model.trial import Trial, read_trial
from actions.steps.backups import backups
from app.settings import load
from app.trial_process import lives, this_trial

KEYS = {
    *("proven", "system", "database", "backup", "rows", "seconds", "proof", "scratch", "left", "stages", "warnings"),
    "error",
}


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path) -> CommandGround:
    return make_command_ground(postgres, tmp_path)


def rows_of(server: PostgresServer, database: str = LIVE) -> int:
    tables = server.sql("SELECT quote_ident(relname) FROM pg_stat_user_tables", database).splitlines()
    return sum(int(server.sql(f"SELECT count(*) FROM {table}", database)) for table in tables)


@pytest.mark.parametrize("name", ["obcms_1.sql.gz", "obcms_1.dump"])
def test_a_backup_is_proven(ground: CommandGround, name: str) -> None:
    """Restored, verified, dropped, noted beside it; the live database is as it was; the list then says so."""
    path = ground.dump(name)
    rows = rows_of(ground.server)
    ground.server.sql(WRITTEN_SINCE, LIVE)
    before = ground.server.dump(LIVE, "--data-only", "--inserts", "--restrict-key=x")
    done = ground.run("ready", "--restore")
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ok")]
    assert told == ["server", "choose", "read", "restore", "verify", "drop", "note"]
    assert done.stdout.splitlines()[-1].startswith(f"proven: {name} can be restored")
    assert ground.server.databases() == (LIVE,)
    assert ground.server.dump(LIVE, "--data-only", "--inserts", "--restrict-key=x") == before
    proven = ProvenRestore.from_json(json.loads(Path(f"{path}.proven.json").read_text()))
    assert proven.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (proven.rows, proven.differences) == (rows, 0)
    settings = load(ground.config).settings
    (listed,) = backups(settings, local_world(ground.folder), None)
    assert listed.proven == proven
    status, cards = ground.json("procedure", "readiness")
    (row,) = [one for one in cards["cards"][0]["rows"] if one["text"].startswith("Proven to be restorable")]
    assert (status, row["standing"]) == (0, "ready"), row
    assert row["why"].startswith(f"sensed: {name} was restored and verified ")


def test_for_programs(ground: CommandGround) -> None:
    """One object with the keys that are promised; a second run writes the note anew."""
    path = ground.dump()
    status, data = ground.json("ready", "--restore", "--backup", path.name)
    assert (status, set(data)) == (0, KEYS)
    assert data["proven"] is True
    assert data["error"] is None
    assert data["left"] == []
    assert data["backup"]["path"] == str(path)
    assert data["backup"]["format"] == "sql.gz"
    assert data["backup"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert data["rows"] == rows_of(ground.server)
    assert data["proof"] == f"{path}.proven.json"
    assert [one["stage"] for one in data["stages"]][-2:] == ["drop", "note"]
    assert all(set(one) == {"stage", "ok", "words", "ms"} for one in data["stages"])
    assert ground.json("ready", "--restore", "--backup", str(path))[0] == 0


def test_a_truncated_one_is_not(ground: CommandGround) -> None:
    """Exit 1 with the reason and its code; no scratch database is made, and an older good one does not hide it."""
    good = ground.dump("obcms_0.sql.gz")
    os.utime(good, (time.time() - 5000, time.time() - 5000))
    bad = ground.dump("obcms_1.sql.gz")
    content, when = bad.read_bytes(), bad.stat().st_mtime
    bad.write_bytes(content[: len(content) // 2])
    os.utime(bad, (when, when))
    done = ground.run("ready", "--restore")
    assert done.returncode == 1
    assert "NOT PROVEN [backup-cut-off]" in done.stdout
    assert "restore" not in [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("ok", "FAILED"))]
    assert ground.server.databases() == (LIVE,)
    assert not Path(f"{bad}.proven.json").exists()
    status, data = ground.json("ready", "--restore")
    assert (status, data["proven"], data["error"]["code"]) == (1, False, "backup-cut-off")
    assert ground.run("ready", "--restore", "--backup", good.name).returncode == 0


def test_data_that_are_not_what_was_backed_up(ground: CommandGround) -> None:
    """A manifest that says otherwise: exit 1, the difference named, an earlier proof taken back, nothing left."""
    ground.write(keep=str(ground.folder / "keep"))
    kept = ground.run("predeploy")
    assert kept.returncode == 0, kept.stdout
    (path,) = (ground.folder / "keep").glob("*.dump")
    assert ground.run("ready", "--restore").returncode == 0
    proof = Path(f"{path}.proven.json")
    assert proof.exists()
    manifest = Path(f"{path}.manifest.json")
    data = json.loads(manifest.read_text())
    data["manifest"]["tables"]["public.visit"]["rows"] += 1
    manifest.write_text(json.dumps(data))
    done = ground.run("ready", "--restore")
    assert done.returncode == 1, done.stdout
    assert "NOT PROVEN [verify-failed]" in done.stdout
    assert "table public.visit: 301 rows expected, 300 rows found" in done.stdout
    assert not proof.exists()
    assert ground.server.databases() == (LIVE,)


def test_a_restore_that_fails_leaves_nothing(ground: CommandGround) -> None:
    """The clients fail in the middle: exit 1 with their words, and the scratch database is gone."""
    ground.dump("obcms_1.dump")
    _, go = ground.held_up("pg_restore")
    go.touch()
    shim = ground.folder / "bin" / "pg_restore"
    shim.write_text(shim.read_text().replace("exec", 'case "$*" in *--verbose*) echo broken >&2; exit 3;; esac\nexec'))
    done = ground.run("ready", "--restore")
    assert done.returncode == 1
    assert "NOT PROVEN [restore-failed]" in done.stdout
    assert "broken" in done.stdout
    assert ground.server.databases() == (LIVE,)


def test_a_killed_run_is_cleared_by_the_next(ground: CommandGround) -> None:
    """While it lives the next one leaves its database alone; once it was killed the next one names and drops it."""
    ground.dump("obcms_1.dump")
    begun, go = ground.held_up("pg_restore")
    first = ground.start("ready", "--restore")
    try:
        until(begun.exists, "pg_restore begins")
        (scratch,) = ground.scratches()
        status, data = ground.json("ready", "--restore")
        assert (status, data["error"]["code"], data["left"]) == (1, "trial-running", [scratch])
        assert ground.scratches() == (scratch,)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(PATIENCE_S)
    finally:
        first.kill()
        go.touch()  # what it left waiting ends
        assert first.stdout is not None
        first.stdout.close()
        first.wait(PATIENCE_S)
    assert ground.scratches() == (scratch,)
    done = ground.run("ready", "--restore")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{scratch} (" in done.stdout
    assert "was left by a trial that was killed" in done.stdout
    assert f"{scratch} is dropped" in done.stdout
    assert ground.server.databases() == (LIVE,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_by_hand_it_clears_up(ground: CommandGround, number: signal.Signals) -> None:
    """TERM, INT and HUP end it in order: nothing is left on the server."""
    ground.dump("obcms_1.dump")
    begun, go = ground.held_up("pg_restore")
    run = ground.start("ready", "--restore")
    try:
        until(begun.exists, "pg_restore begins")
        os.kill(run.pid, number)
        assert run.wait(PATIENCE_S) == 130
    finally:
        go.touch()
        run.kill()
        assert run.stdout is not None
        run.stdout.close()
        run.wait(PATIENCE_S)
    assert ground.server.databases() == (LIVE,)


def test_what_is_not_ours_stays(ground: CommandGround) -> None:
    """A database that does not say it is a trial, one of an incident, one of another machine: all stay."""
    ground.dump()
    dead = Trial("dead", "another-machine", 1, "boot", 1, 1)
    here = this_trial(SystemClock())
    gone = Trial("gone", here.node, here.space, here.boot, 2**22 + 1, 1)
    server = ground.server
    for mark, note in {
        "somebody": "",
        "incident": set_note_sql(f"{LIVE}_try_incident", SideNote("INC-1", "x", "y", "z", "restored")),
        "dead": set_note_sql(f"{LIVE}_try_dead", SideNote(dead.incident, "x", "y", "z", "restoring")),
        "gone": set_note_sql(f"{LIVE}_try_gone", SideNote(gone.incident, "x", "y", "z", "restoring")),
        "lived": set_note_sql(f"{LIVE}_try_lived", SideNote(gone.incident, live="2026-11-22T00:00:00.000000Z")),
    }.items():
        server.new_database(f"{LIVE}_try_{mark}")
        if note:
            server.sql(note)
    status, data = ground.json("ready", "--restore")
    assert status == 0
    left = tuple(f"{LIVE}_try_{mark}" for mark in ("dead", "incident", "lived", "somebody"))
    assert ground.scratches() == left
    assert tuple(sorted(data["left"])) == left
    assert any("another-machine" in words for words in data["warnings"])


def test_which_process_it_is() -> None:
    """The comment names the process by number and start: of another start, or before a reboot, it is another one."""
    here = this_trial(SystemClock())
    assert read_trial(here.incident) == here
    assert lives(here, here) is True
    assert read_trial("INC-20261122-k7qf") is None
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        child.wait()
    other = Trial(here.mark, here.node, here.space, here.boot, child.pid, here.started)
    assert lives(other, here) is False
    assert lives(Trial(here.mark, here.node, here.space, "earlier", here.pid, here.started), here) is False
    assert lives(Trial(here.mark, "elsewhere", here.space, here.boot, here.pid, here.started), here) is None
    assert lives(Trial(here.mark, here.node, here.space + 1, here.boot, here.pid, here.started), here) is None


def test_bad_input(ground: CommandGround) -> None:
    """Exit 2 with one line that names what to do; what belongs to the look without a restore is refused."""
    ground.dump()
    done = ground.run("ready", "--restore", "--watch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--watch does not go with --restore" in done.stderr
    done = ground.run("ready", "--restore", "--backup", "nothing.sql")
    assert done.returncode == 2
    assert "there is no backup nothing.sql" in done.stderr
    assert "obcms_1.sql.gz" in done.stderr
    ground.write(name=None, reach=None)
    done = ground.run("ready", "--restore")
    assert done.returncode == 2
    assert "no database is configured" in done.stderr
    ground.config.write_text('[system]\nname = "obcms"\nenvironment = "drill"\n')
    status, data = ground.json("ready", "--restore")
    assert (status, data["error"]["code"]) == (2, "no-database")


def test_nothing_to_prove_and_nobody_there(ground: CommandGround) -> None:
    """No backup, no such database, a server that is down: exit 1, each with its code."""
    status, data = ground.json("ready", "--restore")
    assert (status, data["error"]["code"], data["backup"]) == (1, "no-backup", None)
    (ground.backups / "empty.sql").touch()
    status, data = ground.json("ready", "--restore")
    assert (status, data["error"]["code"]) == (1, "no-backup")
    assert any("empty.sql is passed over" in words for words in data["warnings"])
    ground.write(name="nowhere")
    status, data = ground.json("ready", "--restore")
    assert (status, data["error"]["code"]) == (1, "refused")
    ground.write(name=LIVE, reach="dsn", dsn="postgresql://ops@127.0.0.1:1")
    status, data = ground.json("ready", "--restore")
    assert (status, data["error"]["code"]) == (1, "unreachable")


def test_a_role_without_rights(ground: CommandGround) -> None:
    """Who may make no databases is told which right is missing, before anything is read."""
    ground.dump()
    ground.server.sql("CREATE ROLE app LOGIN")
    ground.write(role="app")
    status, data = ground.json("ready", "--restore")
    assert (status, data["error"]["code"]) == (1, "database-rights")
    assert ground.server.databases() == (LIVE,)


def test_a_proof_is_of_what_was_proven(ground: CommandGround) -> None:
    """A backup that is written anew under the same name is not proven any more."""
    path = ground.dump("latest.sql.gz")
    assert ground.run("ready", "--restore").returncode == 0
    settings = load(ground.config).settings
    assert backups(settings, local_world(ground.folder), None)[0].proven is not None
    ground.dump("latest.sql.gz")
    later = time.time() + 2
    os.utime(path, (later, later))
    assert backups(settings, local_world(ground.folder), None)[0].proven is None


@pytest.mark.parametrize("name", ["obcms 'prod\"", "prod-é_try_x", "x" * 63, "$goaround$; --", "A\\b"])
def test_odd_names_of_databases(postgres: PostgresServer, tmp_path: Path, name: str) -> None:
    """Quotes, dollars, backslashes, and a name as long as can be: the trial meets its own database and no other."""
    ground = make_command_ground(postgres, tmp_path, name)
    ground.dump()
    neighbour = postgres.new_database(f"{name[:40]}_try_y")
    done = ground.run("ready", "--restore")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(postgres.databases()) == sorted((name, neighbour))
