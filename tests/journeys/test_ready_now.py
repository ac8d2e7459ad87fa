"""`goaround ready` as a command: one code for each thing that is wrong, an exit status for cron, JSON for programs."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from command_ground import CommandGround, make_command_ground
from postgres_server import PostgresServer
from waiting import PATIENCE_S, until

import app.cockpit
from actions.model.ready import report_of
from actions.model.ready_kinds import ready_table
from app.ready_file import read_report, ready_file

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
README = Path(app.cockpit.__file__).resolve().parents[1] / "README.md"
KEYS = {
    *("version", "system", "at", "by", "verdict", "errors", "warnings", "findings", "targets", "facts", "checks"),
    "seconds",
}
GROUND = ("clock-off", "disk-low", "disk-full", "probe-none")
"""What this machine says of itself, and that no probe is configured here."""


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path) -> CommandGround:
    return make_command_ground(postgres, tmp_path)


def codes(data: dict[str, object]) -> list[str]:
    findings = data["findings"]
    assert isinstance(findings, list)
    return [one["code"] for one in findings if one["code"] not in GROUND and one["level"] != "info"]


def test_a_proven_backup_is_ready(ground: CommandGround) -> None:
    """Exit 0, silent for cron; the JSON has the keys that are promised, and the answer lies there for the cockpit."""
    ground.dump()
    assert ground.run("ready", "--restore").returncode == 0
    status, data = ground.json("ready")
    assert (status, data["verdict"], codes(data)) == (0, "ready", [])
    assert set(data) == KEYS
    assert data["checks"]["backups"] == "ok"
    assert data["facts"]["newest proven backup"].startswith("proven ")
    kept = read_report(ground.store, "obcms")
    assert kept == report_of(data)
    assert ready_file(ground.store, "obcms").stat().st_mode & 0o077 == 0
    quiet = ground.run("ready", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    told = ground.run("ready")
    assert told.stdout.splitlines()[-1].startswith("READY: ")


def test_a_backup_that_is_cut(ground: CommandGround) -> None:
    """Exit 1, one code for it; cron is told."""
    ground.dump()
    assert ground.run("ready", "--restore").returncode == 0
    bad = ground.dump("obcms_2.sql.gz")
    content = bad.read_bytes()
    bad.write_bytes(content[: len(content) // 2])
    young = time.time() - 70  # newer than the good one, and nobody writes to it
    os.utime(bad, (young, young))
    status, data = ground.json("ready")
    assert (status, codes(data)) == (1, ["backup-broken"])
    quiet = ground.run("ready", "--quiet")
    assert quiet.returncode == 1
    assert "[backup-broken] backups: obcms_2.sql.gz: " in quiet.stdout
    assert quiet.stdout.splitlines()[-1].startswith("NOT READY: 1 error")


def test_without_backup_and_proof(ground: CommandGround) -> None:
    """None at all; then one that is too old and was never proven: each has its code."""
    assert codes(ground.json("ready")[1]) == ["backup-none"]
    old = ground.dump()
    long_ago = time.time() - 3 * 86400
    os.utime(old, (long_ago, long_ago))
    status, data = ground.json("ready")
    assert (status, codes(data)) == (0, ["backup-old", "backup-unproven"])


def test_a_database_that_is_not_reached(ground: CommandGround) -> None:
    """Its own code; the backup is told of all the same."""
    ground.dump()
    ground.write(role="nobody_here")
    status, data = ground.json("ready")
    assert status == 1
    assert "database-unreached" in codes(data)
    assert data["facts"]["newest backup"].startswith("obcms_1.sql.gz, ")


def test_a_proof_that_is_old_and_a_role_that_may_not(ground: CommandGround) -> None:
    """Proven once, long ago: a warning; a role that cannot make a database: restoring would fail."""
    backup = ground.dump()
    assert ground.run("ready", "--restore").returncode == 0
    proof = Path(f"{backup}.proven.json")
    data = json.loads(proof.read_text())
    proof.write_text(json.dumps({**data, "at": "2026-01-01T00:00:00.000000Z"}))
    long_ago = 1_750_000_000
    os.utime(backup, (long_ago, long_ago))
    assert codes(ground.json("ready")[1]) == ["backup-old", "proof-old"]
    ground.tables = '[ready]\nproof_max_age = "9999d"\n'
    ground.server.sql("CREATE ROLE weak LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO weak", ground.database)
    ground.write(role="weak")
    try:
        status, told = ground.json("ready")
        assert (status, "database-rights" in codes(told), "proof-old" in codes(told)) == (1, True, False)
    finally:
        ground.server.sql("DROP OWNED BY weak; DROP ROLE weak", ground.database)


@pytest.mark.parametrize(
    ("tables", "words", "hint"),
    [
        ("[ready]\ntargets = 0\n", (), "targets"),
        ('[ready]\nevery = "1x"\n', (), "every"),
        ("", ("--every", "5m"), "--every goes with --watch"),
        ("", ("--watch", "--every", "soon"), "--every"),
        ("", ("--backup", "x"), "--backup goes with --restore"),
        ("", ("--protect",), "protecting wants a key and a record"),
    ],
)
def test_bad_input(ground: CommandGround, tables: str, words: tuple[str, ...], hint: str) -> None:
    """Exit 2 with one line that names it; nothing is asked."""
    ground.tables = tables
    ground.write()
    done = ground.run("ready", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr.splitlines()[-1]
    assert not (ground.store / "ready").exists()


def test_watch_tells_what_changes(ground: CommandGround) -> None:
    """The first answer in full, then nothing until something is different; ended by hand it leaves quietly."""
    good = ground.dump()
    assert ground.run("ready", "--restore").returncode == 0
    process = ground.start("ready", "--watch", "--every", "1s", "--json")
    try:
        assert process.stdout is not None
        first = ""
        while True:
            first += process.stdout.readline()
            try:
                data = json.loads(first)
            except ValueError:
                continue
            break
        assert data["verdict"] == "ready"
        at = data["at"]

        def looked_again() -> bool:
            kept = read_report(ground.store, "obcms")
            return kept is not None and kept.at > at

        until(looked_again, "a second look")
        good.unlink()  # first, and at once: what is looked at in between must not be another change
        Path(f"{good}.proven.json").unlink()
        changed = json.loads(process.stdout.readline())
        assert changed["verdict"] == "not ready"
        assert [one["code"] for one in changed["new"]] == ["backup-none"]
        assert changed["over"] == []
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "Traceback" not in rest


def test_readme_has_every_code(ground: CommandGround) -> None:
    """README's table is `goaround ready --codes`, byte for byte."""
    assert ground.run("ready", "--codes").stdout.strip() == ready_table()
    between = re.search(r"<!-- ready -->\n(.*)<!-- /ready -->", README.read_text(encoding="utf-8"), re.DOTALL)
    if between is None:
        pytest.skip("README has no place for the codes yet: <!-- ready --> ... <!-- /ready -->")
    assert between.group(1).strip() == ready_table(), "run `goaround ready --codes` and put it in README"
