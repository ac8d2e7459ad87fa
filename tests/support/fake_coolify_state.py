"""What the fake Coolify knows: teams' tokens, servers, applications, deployments, databases. Rows and look-ups alone.

What becomes of them is left to the queue (``fake_coolify_queue``) and the job (``fake_coolify_job``), how they are
told to ``fake_coolify_telling``.
"""

from __future__ import annotations

import itertools
import random
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

GIT_PACKS = ("nixpacks", "railpack", "static", "dockerfile")
PACKS = (*GIT_PACKS, "dockercompose", "dockerimage")
QUEUED, IN_PROGRESS, FINISHED, FAILED, CANCELLED = "queued", "in_progress", "finished", "failed", "cancelled-by-user"
AT_WORK = (QUEUED, IN_PROGRESS)
POSTGRESQL = "App\\Models\\StandalonePostgresql"
ABILITIES = ("read", "read:sensitive", "write", "write:sensitive", "deploy", "root")

Version = tuple[int, ...]


def version_of(text: str) -> Version:
    """``4.3.11`` -> (4, 3, 11); a beta is before its release."""
    number, _, beta = text.partition("-")
    return (*(int(part) for part in number.split(".")), *((-1,) if beta else (0,)))


LISTENS = "Listening on :8080"
"""The first line of every container."""


@dataclass
class FakeClock:
    """Real time, and what a test adds to it."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_time(self, **how_long: float) -> None:
        """``pass_time(minutes=20)``."""
        self.ahead += timedelta(**how_long)


@dataclass(frozen=True)
class Token:
    """``secret`` is what goes over the wire."""

    name: str
    secret: str
    abilities: frozenset[str]
    team: int = 0
    in_team: bool = True
    """False: whoever made it has left the team; every answer is 400 "Invalid token."."""
    member: bool = False
    """Of the team, but no admin: more than ``read`` is refused."""
    user: str = "root"
    """Who made it: the rate limit is of all tokens of one user together."""

    def can(self, ability: str) -> bool:
        return ability in self.abilities or "root" in self.abilities


@dataclass
class ServerRow:
    """A server that runs containers."""

    uuid: str
    number: int
    name: str = "localhost"
    team: int = 0
    reachable: bool = True
    concurrent_builds: int = 2
    queue_limit: int = 25
    timezone: str | None = "UTC"
    """``server_timezone`` of its settings, which the file does not name; None: not told."""
    cleanup: dict[str, Any] = field(
        default_factory=lambda: {
            "docker_cleanup_frequency": "0 0 * * *",
            "docker_cleanup_threshold": 80,
            "force_docker_cleanup": False,
            "delete_unused_volumes": False,
            "delete_unused_networks": False,
            "disable_application_image_retention": False,
        }
    )
    cleanups: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class VariableRow:
    uuid: str
    number: int
    key: str
    value: str
    is_preview: bool = False
    is_shown_once: bool = False
    is_literal: bool = False
    is_multiline: bool = False
    is_runtime: bool = True
    is_buildtime: bool = True


@dataclass
class App:
    """An application. ``head`` is where its branch stands, which only the fake knows."""

    uuid: str
    number: int
    name: str
    build_pack: str
    server: ServerRow
    head: str = ""
    team: int = 0
    git_repository: str = "https://git.example.org/team/shop.git"
    git_branch: str = "main"
    git_commit_sha: str = "HEAD"
    image_name: str = ""
    image_tag: str = ""
    fqdn: str = "https://shop.example.org"
    status: str = "exited:unhealthy"
    services: tuple[str, ...] = ("web",)
    """Of a compose application: each has a container and an image of its own."""
    tags: tuple[str, ...] = ()
    columns: dict[str, Any] = field(default_factory=dict)
    """Further columns: ports_mappings, pre_deployment_command, health_check_enabled, custom_docker_run_options …"""
    settings: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    """Commit -> its message."""
    registry: dict[str, str] = field(default_factory=dict)
    """Tags that can be pulled -> the code that is in them."""
    broken: set[str] = field(default_factory=set)
    """Commits or tags whose containers never become healthy."""
    unbuildable: set[str] = field(default_factory=set)
    variables: list[VariableRow] = field(default_factory=list)
    output: list[str] = field(default_factory=lambda: [LISTENS])
    """Of the container that runs: another one begins anew."""
    written: list[datetime] = field(default_factory=list)
    """When the lines of ``output`` were written: it is told anew each time, with the same times."""

    def begins_its_log(self) -> None:
        """Another container runs: what the one before it wrote went with it."""
        self.output[:], self.written[:] = [LISTENS], []

    def column(self, key: str) -> Any:
        return self.columns.get(key)

    @property
    def repository(self) -> str:
        """Of its images."""
        return self.image_name or self.uuid

    @property
    def old_goes_first(self) -> bool:
        """No rolling update: the old container is stopped before the new one begins, and nothing is checked."""
        return bool(
            self.column("ports_mappings")
            or self.settings.get("is_consistent_container_name_enabled")
            or self.settings.get("custom_internal_name")
            or "--ip" in str(self.column("custom_docker_run_options") or "")
            or not self.checks_health
        )

    @property
    def checks_health(self) -> bool:
        return self.columns.get("health_check_enabled", True) is not False


@dataclass
class DeploymentRow:
    """One row of the queue."""

    number: int
    uuid: str
    app: App
    commit: str
    created: datetime
    updated: datetime
    status: str = QUEUED
    rollback: bool = False
    restart_only: bool = False
    force_rebuild: bool = False
    is_webhook: bool = False
    is_api: bool = False
    pull_request: int = 0
    docker_tag: str | None = None
    finished: datetime | None = None
    stuck: bool = False
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def at_work(self) -> bool:
        return self.status in AT_WORK


@dataclass
class ExecutionRow:
    """Of a backup."""

    uuid: str
    filename: str
    size: int
    created: datetime
    status: str
    message: str = ""


@dataclass
class BackupRow:
    """A schedule."""

    uuid: str
    number: int
    database: int
    database_type: str = POSTGRESQL
    frequency: str = "0 2 * * *"
    enabled: bool = True
    executions: list[ExecutionRow] = field(default_factory=list)


@dataclass
class DatabaseRow:
    uuid: str
    number: int
    name: str
    kind: str = "standalone-postgresql"
    team: int = 0


@dataclass
class TaskRow:
    """A scheduled task of an application."""

    uuid: str
    number: int
    app: App
    name: str
    command: str
    executions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class State:
    """Everything; one lock of the server guards it."""

    clock: FakeClock
    seed: int = 4311
    tokens: dict[str, Token] = field(default_factory=dict)
    servers: dict[str, ServerRow] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    deployments: list[DeploymentRow] = field(default_factory=list)
    """Oldest first."""
    databases: dict[str, DatabaseRow] = field(default_factory=dict)
    backups: list[BackupRow] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._random = random.Random(self.seed)

    def number(self) -> int:
        """Rows are numbered in the order of their making, over all tables."""
        return next(self._numbers)

    def public_id(self) -> str:
        """As Coolify makes them: 24 small letters and digits."""
        return "".join(self._random.choices(string.ascii_lowercase + string.digits, k=24))

    def deployment(self, uuid: str) -> DeploymentRow | None:
        return next((row for row in self.deployments if row.uuid == uuid), None)

    def of_app(self, app: App) -> list[DeploymentRow]:
        """Newest first."""
        return [row for row in reversed(self.deployments) if row.app is app]

    def schedule(self, database: DatabaseRow, uuid: str) -> BackupRow | None:
        return next((one for one in self.backups if one.database == database.number and one.uuid == uuid), None)
