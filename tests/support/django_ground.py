"""The Django project of the tests in its releases: written into a folder, and migrated as a process of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from postgres_server import PostgresServer

PROJECT = Path(__file__).parent / "django_project"
_ONE = ("people/0001_initial", "shop/0001_initial")
_TWO = (*_ONE, "people/0002_person_phone", "people/0003_fill_phone", "shop/0002_order_total", "shop/0003_totals")
RELEASES: dict[str, tuple[str, ...]] = {
    "1": _ONE,
    "2": _TWO,
    "one-way": (*_TWO, "shop/0004_one_way"),
    "index": (*_TWO, "shop/0004_order_state", "shop/0005_order_number_index"),
    "half": (*_TWO, "shop/0004_half"),
    "slow": (*_TWO, "shop/0004_slow"),
    "slow-whole": (*_TWO, "shop/0004_slow_whole"),
    "fails-back": (*_TWO, "shop/0004_order_place", "shop/0005_fails_back", "shop/0006_order_box"),
}
"""Release -> its migrations."""
ORDERS = """
INSERT INTO people_person (name, email) VALUES ('Ada', 'a@example.org'), ('Bo', 'b@example.org'), ('Cy', '');
INSERT INTO shop_order (number, buyer_id) VALUES ('a-1', 1), ('a-2', 1), ('a-2', 2), ('b-9', NULL);
"""
"""Rows for a database that release 1 made; one number is there twice."""


def lay_out(folder: Path, release: str) -> Path:
    """The project as this release has it, in a folder that is made where it is not there yet."""
    if folder.exists():
        return folder
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("0*.py", "__pycache__", "*.pyc", "README.md"))
    for name in RELEASES[release]:
        app, _, migration = name.partition("/")
        shutil.copy(PROJECT / app / "migrations" / f"{migration}.py", folder / app / "migrations")
    return folder


def environment(server: PostgresServer, database: str, host: str = "") -> dict[str, str]:
    """What the settings of the project need."""
    return {
        "SECRET_KEY": "do-not-show",
        "APP_DATABASE": database,
        "APP_DATABASE_HOST": host or str(server.folder),
        "APP_DATABASE_USER": "ops",
    }


@dataclass(frozen=True)
class Project:
    """A release in a folder, over a database."""

    folder: Path
    server: PostgresServer
    database: str

    def manage(self, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """`manage.py` as a process of this machine."""
        done = subprocess.run(
            (sys.executable, "manage.py", *words),
            cwd=self.folder,
            env={**os.environ, **environment(self.server, self.database), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert not ok or done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
        return done

    def recorded(self) -> tuple[str, ...]:
        """What the database holds as applied, of the project's own apps."""
        sql = "SELECT app || '.' || name FROM django_migrations WHERE app IN ('shop', 'people', 'core') ORDER BY id"
        return tuple(self.server.sql(sql, self.database).splitlines())


def project(folder: Path, server: PostgresServer, release: str, database: str = "") -> Project:
    """A release of the project beside others in the folder, not migrated."""
    return Project(lay_out(folder / f"release-{release}", release), server, database or server.new_database())


class Migrated:
    """What databases hold that were migrated by a chain of releases: made once, then put into the next database.

    Each `migrate` takes more than a second. Rows are put in after the first release.
    """

    def __init__(self) -> None:
        self._dumps: dict[tuple[str, ...], bytes] = {}

    def reach(
        self, server: PostgresServer, database: str, releases: tuple[str, ...], migrate: Callable[[str], object]
    ) -> bool:
        """Bring an empty database to the end of the chain; `migrate` is called with each release not met before.
        Whether it was called at all.
        """
        known = next((count for count in range(len(releases), 0, -1) if releases[:count] in self._dumps), 0)
        if known:
            server.sql(self._dumps[releases[:known]].decode(), database)
        for count, release in enumerate(releases[known:], known + 1):
            migrate(release)
            if count == 1:
                server.sql(ORDERS, database)
            self._dumps[releases[:count]] = server.dump(database)
        return known < len(releases)


MIGRATED = Migrated()


def migrated(folder: Path, server: PostgresServer, *releases: str) -> Project:
    """The last of the releases, after the database was migrated by each in turn; rows are put in after the first."""
    database = server.new_database()
    steps = {release: project(folder, server, release, database) for release in releases}
    MIGRATED.reach(server, database, releases, lambda release: steps[release].manage("migrate", "-v", "0"))
    return steps[releases[-1]]
