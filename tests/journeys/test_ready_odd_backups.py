"""`goaround ready` over backups that look newest and are not, and over proofs whose time cannot be."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pytest
from command_ground import CommandGround, make_command_ground
from postgres_server import OWNER, PostgresServer

from actions.model.effect_files import FILES

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
OLD = ("backup-old", "backups")


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path) -> CommandGround:
    return make_command_ground(postgres, tmp_path)


def aged(path: Path, seconds: float) -> Path:
    at = time.time() - seconds
    os.utime(path, (at, at))
    return path


def found(ground: CommandGround) -> dict[tuple[str, str], str]:
    """What it says of the backups: code and thing -> words."""
    _, data = ground.json("ready")
    return {(one["code"], one["about"]): one["text"] for one in data["findings"] if one["about"] == "backups"}


def test_a_backup_from_the_future_hides_no_old_one(ground: CommandGround) -> None:
    """It would be the newest for ever, and its job could stop without a word; where it is alone, its age is nothing."""
    old = aged(ground.dump("obcms_1.sql.gz"), 10 * 86400)
    aged(ground.dump("obcms_2.sql.gz"), -3 * 365 * 86400)
    said = found(ground)
    assert said[OLD].startswith("obcms_1.sql.gz is 10 d")
    assert "in the future" in said["clock-off", "backups"]
    assert "obcms_2.sql.gz" in said["clock-off", "backups"]
    old.unlink()
    _, data = ground.json("ready")
    assert data["facts"]["newest backup"].startswith("obcms_2.sql.gz, dated in the future")
    assert ("clock-off", "backups") in {(one["code"], one["about"]) for one in data["findings"]}


@pytest.mark.parametrize("name", ["obcms_before-rollback_3.sql.gz", f"obcms_3{FILES}"])
def test_what_an_incident_kept_is_not_the_newest_backup(ground: CommandGround, name: str) -> None:
    """It is no source for a way back: it neither stands for the daily one nor counts as a broken one."""
    aged(ground.dump("obcms_1.sql.gz"), 10 * 86400)
    aged(ground.dump(name), 100).write_bytes(gzip.compress(b"x" * 5000))
    aged(ground.backups / name, 100)
    said = found(ground)
    assert said[OLD].startswith("obcms_1.sql.gz is 10 d")
    assert ("backup-broken", "backups") not in said


def test_one_that_the_cockpit_would_refuse_is_broken(ground: CommandGround) -> None:
    """Another file under the name of one that was made here: it reads well, and no way back takes it."""
    keep = ground.folder / "keep"
    ground.write(backups=None, keep=str(keep))
    assert ground.run("predeploy").returncode == 0
    (kept,) = keep.glob("*.dump")
    assert ("backup-broken", "backups") not in found(ground)
    content = kept.read_bytes()
    ground.server.sql("CREATE TABLE more AS SELECT generate_series(1, 1000) AS x", ground.database)
    kept.write_bytes(ground.server.dump(ground.database, "-Fc"))
    aged(kept, 100)
    assert "were written when it was made" in found(ground)["backup-broken", "backups"]
    kept.write_bytes(content)
    manifest = Path(f"{kept}.manifest.json")
    data = json.loads(manifest.read_text())
    data["manifest"]["at"] = "2026-01-01T00:00:00.000000Z"
    manifest.write_text(json.dumps(data))
    assert OLD in found(ground), "a copy is as old as its data, not as its file"


def test_a_database_that_could_not_be_replaced(ground: CommandGround) -> None:
    """What a restore would be refused for when it is drawn is told before, with what to end."""
    aged(ground.dump(), 100)
    ground.server.sql(f"ALTER DATABASE {ground.database} IS_TEMPLATE true", "postgres")
    try:
        status, data = ground.json("ready")
    finally:
        ground.server.sql(f"ALTER DATABASE {ground.database} IS_TEMPLATE false", "postgres")
    held = [one for one in data["findings"] if one["code"] == "database-held"]
    assert (status, [(one["level"], one["next"]) for one in held]) == (1, [("error", "end these first, by hand")])
    assert "the database is a template" in held[0]["text"]


def test_a_role_that_only_its_admin_hides(ground: CommandGround) -> None:
    """The admin makes and swaps; what comes back is proven as the application's own role, which must get in, too."""
    aged(ground.dump(), 100)
    ground.write(role=OWNER, admin=OWNER)
    assert ground.json("ready")[0] == 0
    ground.write(role="nobody_here", admin=OWNER)
    status, data = ground.json("ready")
    (away,) = [one for one in data["findings"] if one["code"] == "database-unreached"]
    assert status == 1
    assert away["text"].startswith("as nobody_here: ")


def test_a_proof_whose_time_cannot_be(ground: CommandGround) -> None:
    """Of the future: how long ago it was is not known. Of no time at all: it is no proof."""
    backup = ground.dump()
    assert ground.run("ready", "--restore").returncode == 0
    proof = Path(f"{backup}.proven.json")
    data = json.loads(proof.read_text())
    proof.write_text(json.dumps({**data, "at": "2999-01-01T00:00:00.000000Z"}))
    assert "in the future" in found(ground)["proof-old", "backups"]
    proof.write_text(json.dumps({**data, "at": "yesterday"}))
    assert set(found(ground)) == {("backup-unproven", "backups")}
