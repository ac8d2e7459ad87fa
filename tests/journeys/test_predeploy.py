"""`goaround predeploy`: what is replaced is written down, and the exit status says whether there is a way back."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from command_ground import CommandGround, make_command_ground
from database_ground import LIVE
from django_images import DjangoImages
from django_stack import django_stack
from git_ground import git, make_ground
from performing import local_world
from postgres_server import OWNER, PostgresServer
from waiting import PATIENCE_S, until

from actions.model.backup_file import KeptBackup
from actions.model.predeploy import Predeploy
from actions.steps.snapshots import snapshots
from app.predeploy_files import baselines

LATER = "2999-01-01T00:00:00.000000Z"
KEYS = {
    *("system", "environment", "at", "option", "release", "new", "probes", "migrations", "kept", "protected"),
    *("snapshot_why", "gaps", "format", "way_back", "file", "stages"),
}


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path) -> CommandGround:
    return make_command_ground(postgres, tmp_path)


class Answers(BaseHTTPRequestHandler):
    """Every fourth answer is a failure on `/flaky`, every one on `/down`."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        bad = self.path == "/down" or (self.path == "/flaky" and self.asked.count("/flaky") % 4 == 0)
        self.send_response(503 if bad else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Answers.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def codes(data: dict[str, Any], *, blocking: bool) -> list[str]:
    return [gap["code"] for gap in data["gaps"] if gap["blocks"] is blocking]


def record_of(ground: CommandGround) -> Predeploy:
    newest = max((ground.store / "predeploy").glob("*.json"))
    return Predeploy.from_json(json.loads(newest.read_text()))


def test_with_a_backup_there_is_a_way_back(ground: CommandGround) -> None:
    """Exit 0; the backup is there with its manifest; the record is for its owner alone, and says what was printed."""
    ground.write(keep=str(ground.folder / "keep"))
    status, data = ground.json("predeploy")
    assert (status, set(data), data["way_back"]) == (0, KEYS, True)
    (kept,) = data["kept"]
    beside = KeptBackup.from_json(json.loads(Path(f"{kept['place']}.manifest.json").read_text()))
    assert (kept["kind"], kept["sha256"], kept["rows"]) == ("backup", beside.sha256, beside.manifest.rows)
    assert codes(data, blocking=True) == []
    assert codes(data, blocking=False) == ["code-not-known"]
    path = Path(data["file"])
    assert path.parent == ground.store / "predeploy"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    written = json.loads(path.read_text())
    assert written == {key: value for key, value in data.items() if key not in ("file", "stages")}
    assert list(ground.store.iterdir()) == [path.parent]  # looking makes no journal
    done = ground.run("predeploy")
    assert done.returncode == 0
    assert "way back: yes; the data by the backup" in done.stdout
    assert "WARNING  [code-not-known]" in done.stdout


def test_without_any_there_is_none(ground: CommandGround) -> None:
    """Exit 1 and the gap by name: nothing to restore from, too old, cut off. It is written down all the same."""
    done = ground.run("predeploy", "--no-backup")
    assert done.returncode == 1
    assert "MISSING  [backup-unusable] there is no usable backup" in done.stdout
    assert done.stdout.splitlines()[-1] == "way back: NO (1 missing): do not deploy"
    assert record_of(ground).way_back is False
    path = ground.dump()
    os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    status, data = ground.json("predeploy", "--no-backup")
    assert (status, codes(data, blocking=True)) == (1, ["backup-unusable"])
    assert "backup_max_age is 24h" in data["gaps"][-1]["words"]
    os.utime(path, (time.time() - 7000, time.time() - 7000))
    status, data = ground.json("predeploy", "--no-backup")
    assert (status, data["kept"][0]["kind"], data["kept"][0]["place"]) == (0, "earlier backup", str(path))
    assert "backup-not-proven" in codes(data, blocking=False)
    content = path.read_bytes()
    path.write_bytes(content[:-200])
    os.utime(path, (time.time() - 7000, time.time() - 7000))
    status, data = ground.json("predeploy", "--no-backup")
    assert (status, codes(data, blocking=True)) == (1, ["backup-unusable"])
    ground.write(backups=None)
    status, data = ground.json("predeploy")
    assert (status, codes(data, blocking=True)) == (1, ["no-backup"])
    assert "backup-not-made" in codes(data, blocking=False)


def test_a_backup_that_fails_is_no_way_back(ground: CommandGround) -> None:
    """A dump that ends badly, and a server that is down: exit 1, whatever older backups there are."""
    ground.dump()
    ground.write(keep=str(ground.folder / "keep"), dump=["sh", "-c", "echo half; exit 4"])
    status, data = ground.json("predeploy")
    assert (status, codes(data, blocking=True), data["kept"]) == (1, ["backup-failed"], [])
    assert list((ground.folder / "keep").iterdir()) == []
    ground.write(dump=None, reach="dsn", dsn="postgresql://ops@127.0.0.1:1", snapshot=True)
    status, data = ground.json("predeploy", "--snapshot-now")
    assert (status, codes(data, blocking=True)) == (1, ["backup-failed"])
    assert "snapshot-failed" in codes(data, blocking=False)


def test_a_server_that_cannot_be_asked_is_no_way_back(ground: CommandGround) -> None:
    """A whole backup is of no use to whom the server does not let in: said now, not on the night."""
    ground.dump("obcms_1.dump")
    ground.write(role="nobody_such", keep=None)
    status, data = ground.json("predeploy")
    assert (status, codes(data, blocking=True)) == (1, ["server-not-asked"])
    assert 'role "nobody_such" does not exist' in ground.run("predeploy").stdout


def test_the_snapshot_waits_to_be_asked_for(ground: CommandGround) -> None:
    """Without the word nobody is ended, and it says what it would cost; with it the copy stands and is a way back."""
    ground.write(snapshot=True)
    with psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=LIVE, autocommit=True) as session:
        status, data = ground.json("predeploy", "--no-backup")
        assert status == 1
        assert "snapshot-not-taken" in codes(data, blocking=False)
        assert data["snapshot_why"].startswith("1 session would be ended")
        assert session.execute("SELECT 1").fetchone() == (1,)
        assert ground.server.databases() == (LIVE,)
        status, data = ground.json("predeploy", "--snapshot-now")
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    (kept,) = data["kept"]
    (one,) = snapshots(local_world(ground.folder), ground.server.client(), LIVE)
    assert (status, kept["kind"], kept["place"], kept["at"]) == (1, "snapshot", one.name, one.at)
    assert 0 <= kept["pause_ms"] < 20_000
    assert (one.open, kept["rows"]) == (False, one.held.rows if one.held is not None else None)
    ground.server.sql(f'ALTER DATABASE "{one.name}" ALLOW_CONNECTIONS true')
    assert ground.server.dump(one.name, "--restrict-key=x") == ground.server.dump(LIVE, "--restrict-key=x")
    assert any("new ones waited" in stage["words"] for stage in data["stages"])
    ground.dump()
    done = ground.run("predeploy", "--snapshot-now", "--no-backup")
    assert done.returncode == 0
    assert f"[snapshots-kept] 1 older snapshots stand there: {one.name}" in done.stdout


def test_the_release_and_its_baselines(ground: CommandGround, tmp_path: Path, site: str) -> None:
    """The commit that runs, and how its probes answer: the numbers that a later judgement stands on."""
    code = make_ground(tmp_path)
    running = tmp_path / "running"
    running.write_text(code.shas[1])
    ground.tables = (
        f'[git]\nrepository = "{code.clone}"\ndeploy = ["true", "{{ref}}"]\n'
        f'running = {{ command = ["cat", "{running}"] }}\n'
        + "".join(f'[[probe]]\nname = "{name}"\nurl = "{site}/{name}"\n' for name in ("well", "flaky", "down"))
    )
    ground.write(keep=str(ground.folder / "keep"))
    status, data = ground.json("predeploy")
    assert (status, data["option"], data["release"]["commit"]) == (0, "git", code.shas[1])
    assert [Answers.asked.count(f"/{name}") for name in ("well", "flaky", "down")] == [20, 20, 20]
    well, flaky, down = data["probes"]
    assert (well["asked"], well["passed"], flaky["passed"], down["passed"]) == (20, 20, 15, 0)
    assert 0 <= well["p50_ms"] <= well["p95_ms"]
    assert down["p95_ms"] == -1
    assert codes(data, blocking=False) == ["probe-fails", "probe-fails"]
    found = baselines(ground.store, LATER, "obcms")
    assert found == {"well": well["p95_ms"], "flaky": flaky["p95_ms"]}
    running.write_text("0" * 40)
    status, data = ground.json("predeploy")
    assert (status, codes(data, blocking=True)) == (1, ["target-gone"])
    running.write_text("what?")
    status, data = ground.json("predeploy")
    assert (status, codes(data, blocking=True), data["release"]) == (1, ["release-unknown"], None)
    assert git(code.clone, "status", "--porcelain") == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_hand_while_it_dumps(ground: CommandGround, number: signal.Signals) -> None:
    """The dump is ended with it, no half file is left and nothing is written down."""
    keep = ground.folder / "keep"
    ground.write(keep=str(keep))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(host=str(ground.server.folder), user=OWNER, dbname=LIVE) as session:
        session.execute("LOCK TABLE visit IN ACCESS EXCLUSIVE MODE")
        run = ground.start("predeploy")
        try:
            until(lambda: ground.server.sql(waiting) != "0", "somebody waits for the table")
            os.kill(run.pid, number)
            assert run.wait(PATIENCE_S) == 130
        finally:
            run.kill()
            assert run.stdout is not None
            run.stdout.close()
            run.wait(PATIENCE_S)
    assert list(keep.iterdir()) == []
    assert not ground.store.exists()
    assert ground.run("predeploy").returncode == 0


def test_bad_input(ground: CommandGround, tmp_path: Path) -> None:
    """Exit 2, one line that names what to do, nothing written."""
    for words, said in {
        ("--snapshot-now",): "set snapshot = true",
        ("--protect",): "[compose]",
        ("--image", "a:1"): "[django]",
        ("--image", "a:1", "--commit", "ab"): "not allowed with",
    }.items():
        done = ground.run("predeploy", "--no-backup", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    ground.config.write_text('[system]\nname = "obcms"\nenvironment = "drill"\n')
    status, data = ground.json("predeploy")
    assert (status, data["error"]["code"]) == (2, "nothing-configured")
    assert not ground.store.exists()


@pytest.mark.timeout(240)
def test_images_and_the_migrations_that_come(
    ground: CommandGround, tmp_path: Path, postgres: PostgresServer, django_image: DjangoImages, engine_name: str
) -> None:
    """What runs by its image, kept from a prune when asked; the SQL that takes each new migration back."""
    new = f"{engine_name}-next:2"
    with django_stack(engine_name, tmp_path / "shop", postgres, django_image) as shop:
        shop.deploy("1")
        ground.database = shop.database
        ground.tables = (
            f'[compose]\ndirectory = "{shop.stack.folder}"\nfiles = ["{shop.stack.file}"]\n'
            f'project = "{shop.stack.name}"\n[django]\nservice = "web"\n'
        )
        ground.write(keep=str(ground.folder / "keep"), backups=None)
        try:
            os.spawnlp(os.P_WAIT, "docker", "docker", "tag", django_image("one-way"), new)
            status, data = ground.json("predeploy", "--image", new)
            assert status == 0, data["gaps"]
            assert (data["option"], data["release"]["images"]) == ("compose", {"web": django_image("1")})
            names = [one["migration"] for one in data["migrations"]]
            assert set(names) == {
                *("people.0002_person_phone", "people.0003_fill_phone", "shop.0002_order_total", "shop.0003_totals"),
                "shop.0004_one_way",
            }
            sql = {one["migration"]: one["sql"] for one in data["migrations"]}
            assert 'DROP COLUMN "sum"' in sql["shop.0002_order_total"]
            assert "migrations-one-way" in codes(data, blocking=False)
            assert shop.recorded() == ("people.0001_initial", "shop.0001_initial")
            status, data = ground.json("predeploy", "--protect", "--image", f"{engine_name}-none:1")
            assert status == 2
            status, data = ground.json("predeploy", "--protect")
            assert status == 0, data["gaps"]
            assert list(data["protected"].values()) == [django_image("1")]
            assert "image-unprotected" not in codes(data, blocking=False)
        finally:
            for tag in (new, *(data.get("protected") or ())):
                os.spawnlp(os.P_WAIT, "docker", "docker", "image", "rm", tag)
