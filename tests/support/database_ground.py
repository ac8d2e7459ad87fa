"""A small live database with an application's tables, a backup of it, what was written since, and a system over it."""

from __future__ import annotations

import gzip
import os
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from performing import Told, local_world
from postgres_server import OWNER, PostgresServer

from actions.model.backup_file import Format
from actions.model.database_client import DatabaseClient
from actions.model.database_shape import DatabaseShape
from actions.model.ports import World
from actions.model.system import Settings, SystemTable
from actions.model.system_database import DatabaseTable
from actions.steps.database_restore import BackupSource, RestoreBeside

LIVE = "obcms_prod"
INCIDENT = "INC-20261122-k7qf"
SIDE = f"{LIVE}_rb_k7qf_0241"

TABLES = """
CREATE TABLE auth_user (id serial PRIMARY KEY, username text NOT NULL UNIQUE, last_login timestamptz);
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text, applied timestamptz);
CREATE TABLE household (id uuid PRIMARY KEY, name text, head integer REFERENCES auth_user);
CREATE TABLE visit (village integer, number integer, note text, PRIMARY KEY (village, number));
CREATE TABLE heap (word text, amount numeric);
CREATE TABLE "It's ""odd"" one" ("select" bigint PRIMARY KEY, "a b" text, updated_at timestamptz);
CREATE TABLE nothing (id integer PRIMARY KEY);
CREATE INDEX ON visit (note);
CREATE VIEW heads AS SELECT h.name, u.username FROM household h JOIN auth_user u ON u.id = h.head;
INSERT INTO auth_user (username, last_login) SELECT 'user ' || n, '2026-11-20Z' FROM generate_series(1, 500) n;
INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0001_initial', now()), ('common', '0015_x', now());
INSERT INTO household SELECT md5(n::text)::uuid, E'h\\t' || n, n FROM generate_series(1, 200) n;
INSERT INTO visit SELECT n % 7, n, 'note ' || n FROM generate_series(1, 300) n;
INSERT INTO heap SELECT 'w' || n % 40, n % 3 FROM generate_series(1, 120) n;
INSERT INTO "It's ""odd"" one" SELECT n, 'x' || n, '2026-11-20Z' FROM generate_series(1, 50) n;
"""
WRITTEN_SINCE = """
INSERT INTO auth_user (username, last_login) SELECT 'new ' || n, '2026-11-22 01:30Z' FROM generate_series(1, 12) n;
UPDATE auth_user SET last_login = '2026-11-22 02:11:00Z' WHERE id <= 3;
INSERT INTO household SELECT md5('new' || n)::uuid, 'new', 501 FROM generate_series(1, 4) n;
DELETE FROM visit WHERE number <= 5;
INSERT INTO visit VALUES (1, 1000, 'late'), (2, 1000, E'tab\\there, "quoted"');
INSERT INTO heap VALUES ('w1', 1), ('w1', 1), ('new', 9);
UPDATE "It's ""odd"" one" SET "a b" = 'y', updated_at = '2026-11-22Z' WHERE "select" = 7;
CREATE TABLE brand_new (id integer PRIMARY KEY); INSERT INTO brand_new SELECT generate_series(1, 6);
"""
LOST = {
    "auth_user": (12, 3, 0),
    "household": (4, 0, 0),
    "visit": (2, 0, 5),
    "heap": (3, 0, 0),
    'It\'s "odd" one': (0, 1, 0),
    "brand_new": (6, 0, 0),
}
"""Table of ``public`` -> rows lost, changed, coming back: what ``WRITTEN_SINCE`` does."""


@dataclass
class Ground:
    """The live database ``LIVE`` with everything written, and a backup of what it was before ``WRITTEN_SINCE``."""

    server: PostgresServer
    folder: Path
    world: World
    settings: Settings

    @property
    def client(self) -> DatabaseClient:
        return self.server.client()

    def held(self, database: str) -> bytes:
        """All of a database; of the same data the same bytes."""
        return b"".join(
            line
            for line in self.server.dump(database).splitlines(keepends=True)
            if not line.startswith((b"\\restrict ", b"\\unrestrict "))  # a word that is drawn each time
        )

    def dump(self, form: Format, database: str = LIVE) -> Path:
        """A backup of a database as it is now."""
        path = self.folder / f"{database}_{len(list(self.folder.iterdir()))}.{form.value}"
        if form is Format.DIRECTORY:
            self.server.run("pg_dump", "-Fd", "-f", str(path), database)
        elif form in (Format.CUSTOM, Format.TAR):
            path.write_bytes(self.server.dump(database, "-Fc" if form is Format.CUSTOM else "-Ft"))
        elif form is Format.SQL_ZSTD:
            subprocess.run(["zstd", "-q", "-o", str(path)], input=self.server.dump(database), check=True)
        else:
            plain = self.server.dump(database)
            path.write_bytes(gzip.compress(plain, 1, mtime=0) if form is Format.SQL_GZIP else plain)
        at = time.time() - 3600 + len(list(self.folder.iterdir()))  # nobody is writing to it any more
        for one in (path, *(path.iterdir() if path.is_dir() else ())):
            os.utime(one, (at, at))
        return path

    def restore(self, path: Path, form: Format, **more: Any) -> RestoreBeside:
        """The step for a backup, as a drawer would make it."""
        stat = path.stat()
        folder = form is Format.DIRECTORY
        source = BackupSource(
            "local",
            str(path),
            form.value,
            "sha256:" + "ab" * 32,
            "2026-11-22T00:00:00.000000Z",
            size=-1 if folder else stat.st_size,
            mtime=0 if folder else int(stat.st_mtime),
            unpacked_by=form.unpacked_by,
        )
        shape = DatabaseShape(OWNER, "UTF8", "C", "C")
        step = RestoreBeside(self.client, INCIDENT, SIDE, source, shape, jobs=2)
        return replace(step, **more)


def make_ground(server: PostgresServer, folder: Path, text: str = TABLES) -> Ground:
    """The live database as it was when the backup is made."""
    server.new_database(LIVE, text)
    backups = folder / "backups"
    backups.mkdir()
    os.chmod(folder, 0o755)
    table = DatabaseTable(name=LIVE, reach="host", role=OWNER, bin=str(server.programs), backups=f"{backups}/*")
    settings = Settings(SystemTable("obcms", "production", option="database"), database=table)
    return Ground(server, backups, local_world(folder), settings)


def told() -> Told:
    return Told()
