"""A system whose configuration names a real database and its backups, and `goaround …` over it as a process."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from database_ground import LIVE, TABLES
from postgres_server import OWNER, PostgresServer

SCRIPT = "from app.cli import main; main()"
ROOT = Path(__file__).parents[2]


@dataclass
class CommandGround:
    """A live database, a folder of backups, a configuration, a store."""

    server: PostgresServer
    folder: Path
    database: str = LIVE
    keys: dict[str, object] = field(default_factory=dict)
    """Of `[database]`, beside those that are always there."""
    tables: str = ""
    """Other tables of the configuration, as text."""

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def write(self, **keys: object) -> None:
        """The configuration, with these keys of `[database]` from now on."""
        self.keys |= keys
        given: dict[str, object] = {
            "name": self.database,
            "reach": "host",
            "role": OWNER,
            "bin": str(self.server.programs),
            "backups": f"{self.backups}/*",
            **self.keys,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in given.items() if value is not None]
        text = '[system]\nname = "obcms"\nenvironment = "drill"\n\n[database]\n' + "\n".join(lines) + "\n"
        self.config.write_text(text + self.tables)

    @property
    def config(self) -> Path:
        return self.folder / "goaround.toml"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PGHOST": str(self.server.folder), "PYTHONPATH": str(ROOT)}

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-c", SCRIPT, *words, "--config", str(self.config), "--store", str(self.store)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        return subprocess.run(
            self.argv(*words), cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=110
        )

    def json(self, *words: str) -> tuple[int, Any]:
        """Its exit status, and the object it prints."""
        done = self.run(*words, "--json")
        assert done.stdout.strip(), done.stderr
        return done.returncode, json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """In a session of its own."""
        return subprocess.Popen(
            self.argv(*words),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def dump(self, name: str = "obcms_1.sql.gz") -> Path:
        """A backup of the database as it is."""
        path = self.backups / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(self.server.dump(self.database), 1))
        else:
            path.write_bytes(self.server.dump(self.database, "-Fc"))
        old = time.time() - 100  # what was written to just now is looked at twice
        os.utime(path, (old, old))
        return path

    def held_up(self, program: str) -> tuple[Path, Path]:
        """From now on this client program waits: it makes the first file, and goes on when the second is there."""
        folder = self.folder / "bin"
        begun, go = self.folder / "begun", self.folder / "go"
        folder.mkdir()
        for name in ("psql", "pg_dump", "pg_restore"):
            (folder / name).symlink_to(self.server.programs / name)
        (folder / program).unlink()
        real = self.server.programs / program
        wait = f'case "$*" in *--verbose*) touch {begun}; while [ ! -e {go} ]; do sleep 0.05; done;; esac'
        (folder / program).write_text(f'#!/bin/sh\n{wait}\nexec {real} "$@"\n')
        (folder / program).chmod(0o755)
        self.write(bin=str(folder))
        return begun, go

    def scratches(self) -> tuple[str, ...]:
        return tuple(name for name in self.server.databases() if "_try_" in name)


def make_command_ground(server: PostgresServer, folder: Path, database: str = LIVE) -> CommandGround:
    """With the tables of an application, no backup yet."""
    server.new_database(database, TABLES)
    ground = CommandGround(server, folder, database)
    ground.backups.mkdir()
    ground.write()
    return ground
