"""The gate "a current backup" over a named database: what a restore would refuse does not turn it green."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from database_ground import LIVE, Ground, make_ground
from database_tiny import database_tiny
from postgres_server import PostgresServer

from actions.gateways.local_host import LocalHost
from actions.model.backup_file import Format, ProvenRestore
from actions.model.canonical import sha256_hex
from actions.model.clock import stamp
from app.lookout_backup import BackupLook
from app.session import Session

pytestmark = pytest.mark.postgres


@pytest.fixture
def ground(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setenv("PGHOST", str(postgres.folder))
    return make_ground(postgres, tmp_path)


@pytest.fixture
def session(ground: Ground, tmp_path: Path) -> Iterator[Session]:
    tiny = database_tiny(ground, tmp_path / "tiny")
    (tmp_path / "keep").mkdir()
    text = tiny.config.read_text().replace("[database]\n", f'[database]\nkeep = "{tmp_path}/keep"\n')
    tiny.config.write_text(text)
    one = tiny.session()
    yield one
    one.close()
    one.journal.close()


def put(folder: Path, name: str, content: bytes, ago_s: int) -> Path:
    path = folder / name
    path.write_bytes(content)
    at = time.time() - ago_s
    os.utime(path, (at, at))
    return path


def test_what_a_restore_would_refuse_is_no_current_backup(
    ground: Ground, session: Session, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E04, Z03, Z08: rows and proof are told; another project's, a hostile, and a cut one are not current."""
    look = BackupLook(session)
    assert look.look().seen.startswith("no file ")
    whole = postgres.dump(LIVE, "-Fc")
    good = put(ground.folder, "a.dump", whole, 4000)
    looked = look.look()
    assert looked.ok, looked.seen
    assert "read whole: 1172 rows in 7 tables" in looked.seen
    at = stamp(session.clock.now())
    proven = ProvenRestore(sha256_hex(whole), at, 1172, 4)
    (ground.folder / "a.dump.proven.json").write_text(json.dumps(proven.to_json()))
    assert f"proven by a restore {at[:10]}" in BackupLook(session).look().seen
    plain = postgres.dump(LIVE)
    end = b"\n--\n-- PostgreSQL database dump complete"
    put(ground.folder, "b.sql", plain.replace(end, b"\n\\! touch /tmp/x\n" + end), 3000)
    looked = look.look()
    assert not looked.ok
    assert "line " in looked.seen, looked.seen
    other = postgres.new_database("shop", "CREATE TABLE product (id int); INSERT INTO product VALUES (1);")
    put(ground.folder, "c.dump", postgres.dump(other, "-Fc"), 2000)
    looked = look.look()
    assert not looked.ok
    assert "made of the database shop" in looked.seen
    put(ground.folder, "d.sql", plain[: len(plain) // 2], 1000)
    assert not look.look().ok
    made = put(ground.folder.parent / "keep", "e.dump", whole, 100)
    looked = look.look()
    assert looked.ok, "a dump that was made here counts, too"
    assert looked.seen.startswith("e.dump, ")
    calls: list[tuple[str, ...]] = []
    run = LocalHost.run

    def noted(self: LocalHost, argv: tuple[str, ...], **how: object) -> object:
        calls.append(argv)
        return run(self, argv, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalHost, "run", noted)
    assert look.look().ok
    assert not [argv for argv in calls if "pg_restore" in " ".join(argv)], "the same size and time: not read again"
    put(made.parent, "f.dump", whole[: len(whole) // 3], 90)
    assert not look.look().ok
    assert [argv for argv in calls if "pg_restore" in " ".join(argv)]
    assert good.exists()


def test_a_backup_that_shrank_says_so(ground: Ground, session: Session, postgres: PostgresServer) -> None:
    """E01: the size stands against the last one, in per cent."""
    put(ground.folder, "a.sql", postgres.dump(LIVE) + b"-- " + b"x" * 400_000 + b"\n", 4000)
    put(ground.folder, "b.sql", postgres.dump(LIVE), 3000)
    seen = BackupLook(session).look().seen
    assert "% against the last one: LESS THAN HALF" in seen, seen
    assert Format.SQL.value == "sql"
