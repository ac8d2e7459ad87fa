"""A PostgreSQL server of the test run's own: made once per process by `initdb`, its databases fresh for each test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from services import find_initdb

from actions.model.database_client import DatabaseClient

OWNER = "ops"
"""The superuser of the server."""


@dataclass
class PostgresServer:
    """A running server that listens on a unix socket in its folder, and nowhere else."""

    folder: Path
    programs: Path
    user: str | None
    """The unix user that runs it; None: ours."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def client(self, role: str = OWNER, admin: str = "", host: str = "local") -> DatabaseClient:
        """How the product reaches it."""
        return DatabaseClient(
            host,
            server=(f"--host={self.folder}",),
            role=role,
            admin=admin,
            words="test server",
            bin=str(self.programs),
        )

    def run(self, program: str, *argv: str, stdin: bytes = b"", ok: bool = True) -> subprocess.CompletedProcess[bytes]:
        """A client program, as the superuser over the socket."""
        done = subprocess.run(
            (str(self.programs / program), "--host", str(self.folder), "--username", OWNER, *argv),
            input=stdin,
            capture_output=True,
            timeout=300,
        )
        assert not ok or done.returncode == 0, (program, argv, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def sql(self, text: str, database: str = "postgres") -> str:
        """What the statements print, values alone."""
        argv = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database)
        return self.run("psql", *argv, stdin=text.encode()).stdout.decode().strip()

    def new_database(self, name: str = "", text: str = "", owner: str = OWNER) -> str:
        """An empty database of an own name (or this one), with these statements run in it."""
        name = name or f"app_{next(self._numbers)}"
        quoted = name.replace('"', '""')
        self.sql(f'CREATE DATABASE "{quoted}" OWNER "{owner}" TEMPLATE template0')
        if text:
            self.sql(text, name)
        return name

    def databases(self) -> tuple[str, ...]:
        """Names of all databases, but for the server's own."""
        found = self.sql("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1")
        return tuple(found.splitlines())

    def dump(self, database: str, *options: str) -> bytes:
        """pg_dump's output; two of the same data are the same bytes."""
        return self.run("pg_dump", *options, database).stdout

    def control(self, *words: str) -> None:
        """pg_ctl, such as `restart -m immediate`."""
        log = ("-l", str(self.folder / "log"))
        argv = (str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", "-t", "110", *log, *words)
        done = subprocess.run(
            argv, user=self.user, cwd=self.folder, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert done.returncode == 0, (argv, (self.folder / "log").read_text()[-2000:])

    def restart(self, options: str = "", how: str = "fast") -> None:
        """Stop and start it with these options beside the usual ones."""
        usual = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off -c max_connections=40"
        self.control("-m", how, "-o", f"{usual} {options}", "restart")

    def wipe(self) -> None:
        """Nothing of a test is left: databases, sessions and roles."""
        for name in self.databases():
            quoted, text = name.replace('"', '""'), name.replace("'", "''")
            # FORCE alone gives a session five seconds to end, and then refuses.
            self.sql(
                f"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{text}';"
                f'ALTER DATABASE "{quoted}" IS_TEMPLATE false; DROP DATABASE "{quoted}" WITH (FORCE)'
            )
        roles = self.sql(f"SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> '{OWNER}'").splitlines()
        for role in roles:
            self.sql(f'DROP ROLE "{role}"')


def start_server(options: str = "", init: tuple[str, ...] = ("--no-locale", "-E", "UTF8")) -> PostgresServer:
    """A new server; whoever starts it stops it with `stop_server`. `init`: what initdb is told of locales."""
    initdb = find_initdb()
    assert initdb is not None  # the marker has looked
    folder = Path(tempfile.mkdtemp(prefix="ga-pg-"))
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to be run by root
    folder.chmod(0o755)
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    argv = (
        str(initdb),
        "-D",
        str(folder / "data"),
        "-U",
        OWNER,
        "-A",
        "trust",
        "--no-sync",
        *init,
    )
    done = subprocess.run(argv, user=user, cwd=folder, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    server = PostgresServer(folder, initdb.parent, user)
    quick = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=40 {options}"
    server.control("-o", quick, "start")
    return server


def stop_server(server: PostgresServer) -> None:
    """Stop it and remove its folder."""
    try:
        server.control("-m", "immediate", "stop")
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[PostgresServer]:
    server = start_server()
    yield server
    stop_server(server)


@pytest.fixture
def postgres(_postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A running PostgreSQL server with no database of anybody's in it."""
    _postgres_server.wipe()
    yield _postgres_server
    _postgres_server.wipe()
