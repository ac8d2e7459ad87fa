"""The Django project in a real Compose stack, over a database of the test's PostgreSQL server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from compose_stack import PROJECT, Stack, removed_afterwards, run
from django_ground import MIGRATED, environment
from django_images import DjangoImages
from postgres_server import PostgresServer
from waiting import until

from actions.model.ports import World
from actions.model.release import Release, WayBack
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable, DjangoTable

FILE = """\
version: "3.8"
services:
  web:
    image: {name}:deployed
    restart: always
    stop_signal: SIGKILL
    network_mode: none
    entrypoint: ["sh", "-c", "echo ran >> /entry/count; exec \\"$$@\\"", "--"]
    command: ["sleep", "infinity"]
    environment: {environment}
    volumes: ["{socket}:{socket}", "./entry:/entry"]
"""
"""The entrypoint leaves a trace: a real one migrates. The database is reached by a socket; `sleep` hears no TERM."""


@dataclass(frozen=True)
class DjangoStack:
    """A stack that runs a release, and its database."""

    stack: Stack
    server: PostgresServer
    database: str
    image: DjangoImages

    def run_release(self, release: str) -> None:
        """What a deployment does: the tag moves, the migrations run, the containers are made anew."""
        subprocess.run(["docker", "tag", self.image(release), f"{self.stack.name}:deployed"], check=True, timeout=110)
        there, entered = self._containers(), self.entries()
        self.stack.compose("up", "-d", "--no-build", "web")
        if self._containers() - there:  # it is up before its entrypoint has left its trace
            until(lambda: self.entries() > entered, "the entrypoint of the new container")

    def _containers(self) -> set[str]:
        """Ids of the service's containers."""
        label, service = f"label={PROJECT}={self.stack.name}", "label=com.docker.compose.service=web"
        return set(run("docker", "ps", "-aq", "--no-trunc", "--filter", label, "--filter", service).split())

    def migrate(self, *words: str) -> str:
        """`manage.py migrate` in the container that runs."""
        return self.stack.compose("exec", "-T", "web", "python", "manage.py", "migrate", "-v", "0", *words)

    def deploy(self, *releases: str) -> None:
        """Deploy these, one after the other; the first brings rows with it. Where an empty database met the same
        before, it gets what it held then, and the last of them runs.
        """
        if self.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", self.database) == "0":
            if not MIGRATED.reach(self.server, self.database, releases, self._migrated):
                self.run_release(releases[-1])
            return
        for release in releases:
            self._migrated(release)

    def _migrated(self, release: str) -> None:
        self.run_release(release)
        self.migrate()

    def recorded(self) -> tuple[str, ...]:
        """The project's own migrations that are recorded, in order."""
        sql = "SELECT app || '.' || name FROM django_migrations WHERE app IN ('shop', 'people') ORDER BY id"
        return tuple(self.server.sql(sql, self.database).splitlines())

    def target(self, release: str) -> Release:
        """The release as a list of them would tell it."""
        return Release(release, images={"web": self.image(release)}, source="image tag", way_back=WayBack.READY)

    def settings(self, **django: object) -> Settings:
        """Compose, the database on this host, and Django."""
        client = self.server.client()
        database = DatabaseTable(
            name=self.database,
            reach="dsn",
            dsn="postgresql://ops@",
            role=client.role,
            bin=str(self.server.programs),
        )
        return replace(self.stack.settings(), database=database, django=DjangoTable(**django))  # type: ignore[arg-type]

    def world(self) -> World:
        """Over this machine."""
        return self.stack.world()

    def entries(self) -> int:
        """How often the service's entrypoint was started."""
        trace = self.stack.folder / "entry" / "count"
        return len(trace.read_text().splitlines()) if trace.exists() else 0


@contextmanager
def django_stack(
    name: str, folder: Path, server: PostgresServer, image: DjangoImages, tool: str = "v2"
) -> Iterator[DjangoStack]:
    """A stack with nothing deployed yet, over a new database; taken away afterwards."""
    (folder / "entry").mkdir(parents=True)
    (folder / "entry").chmod(0o777)
    stack = Stack(name, folder, tool)
    one = DjangoStack(stack, server, server.new_database(), image)
    given = ", ".join(f"{key}: '{value}'" for key, value in environment(server, one.database).items())
    stack.write(FILE.format(name=name, environment=f"{{{given}}}", socket=server.folder))
    with removed_afterwards(name):
        try:
            yield one
        finally:
            stack.compose("down", "--timeout", "1")
            subprocess.run(["docker", "image", "rm", f"{name}:deployed"], capture_output=True, timeout=110, check=False)
