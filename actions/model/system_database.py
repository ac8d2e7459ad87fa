"""Tables of ``goaround.toml`` about the database and the application's migrations."""

from __future__ import annotations

import re
from dataclasses import field

from actions.model.quick_dataclass import dataclass
from actions.model.system_checks import absolute, plain, seconds_of, within


@dataclass(frozen=True)
class DatabaseTable:
    """``[database]``: the database, how it is reached, and where its backups lie."""

    name: str = ""
    """Empty: only backups are looked at."""
    reach: str = ""
    """``compose:SERVICE``, ``host`` (clients on the system's host; ``ssh`` means the same) or ``dsn``."""
    dsn: str = ""
    """``postgresql://role@host:port``, without a password: the clients of the jump host connect there."""
    role: str = ""
    """The application's role; empty: what the clients take by themselves."""
    admin: str = ""
    """Who makes and renames databases; empty: ``role``."""
    password: str = ""
    """Only as ``${env:NAME}``."""
    bin: str = ""
    """Folder of psql, pg_dump and pg_restore; empty: found by themselves."""
    backups: str = ""
    """Files on the system's host: an absolute path whose last part may be a pattern (``*.sql.gz``)."""
    backup_max_age: str = "24h"
    keep: str = ""
    """Folder on the system's host for backups that are made here; best on another disk. Empty: none can be made."""
    data: str = ""
    """The server's data folder on the system's host, where clients run there (``reach = "host"``): what is copied when
    the server is down and cannot dump. With ``compose:SERVICE`` the service's own volumes are.
    """
    dump: tuple[str, ...] = ()
    """Another backup command than pg_dump; it writes to its output."""
    jobs: int = 2
    """Parallel workers of pg_restore."""
    drop_after: str = "7d"
    """When the old database that a restore keeps is due to be looked at; it is never dropped by itself."""
    snapshot: bool = False
    """``predeploy`` also copies the database beside itself (needs a moment without sessions, and the room)."""
    markers: tuple[str, ...] = ()
    """Tables by which a backup is known to be of this application; empty: ``django_migrations`` where it is there."""

    def __post_init__(self) -> None:
        from actions.model.database_names import name_problem  # the first screen does not wait for it

        if self.name and (problem := name_problem(self.name)):
            raise ValueError(f"name: {problem}")
        if self.reach and not re.fullmatch(r"host|ssh|dsn|compose:[a-zA-Z0-9][a-zA-Z0-9._-]*", self.reach):
            raise ValueError('reach: "compose:SERVICE", "host" or "dsn"')
        if self.name and not self.reach:
            raise ValueError('reach: is needed with a name: "compose:SERVICE", "host" or "dsn"')
        if (self.reach == "dsn") is not bool(self.dsn):
            raise ValueError('dsn: goes with reach = "dsn"')
        if self.dsn and not re.fullmatch(r"postgres(?:ql)?://(?:[^\s:@/?#]+@)?[^\s:@/?#]*(?::\d{1,5})?/?", self.dsn):
            raise ValueError("dsn: postgresql://role@host:port, without password, database or options")
        for key in ("role", "admin"):
            plain(key, getattr(self, key), empty=True)
        if self.password and not re.fullmatch(r"\$\{env:[A-Za-z_][A-Za-z0-9_]*\}", self.password):
            raise ValueError('password: only as "${env:NAME}": nothing secret stands in this file')
        for key in ("bin", "backups", "keep", "data"):
            absolute(key, getattr(self, key), empty=True)
        if any(sign in self.backups.rpartition("/")[0] for sign in "*?["):
            raise ValueError("backups: only the last part of the path may be a pattern")
        seconds_of("backup_max_age", self.backup_max_age)
        seconds_of("drop_after", self.drop_after)
        within("jobs", self.jobs, 1, 64)
        for word in self.dump:
            plain("dump", word, empty=True, dash=True)


@dataclass(frozen=True)
class QueueTable:
    """``[queue]``: how it is learnt how many tasks of the background work wait."""

    command: tuple[str, ...] = ()
    """Run on the system's host, in the Compose folder where there is one. Answers with a number, or with lines of a
    queue and its number. Empty: Celery is asked, in a one-off container of its worker."""
    service: str = ""
    """The Compose service of the worker; empty: the one whose command is ``celery … worker``."""
    app: str = ""
    """What stands after ``celery -A``; empty: taken from the worker's command."""
    names: tuple[str, ...] = ()
    """Queues that are asked for; empty: those that the application has."""
    python: str = "python"
    """The interpreter inside the worker's image."""
    answer: int = 60
    """Seconds for its answer."""

    def __post_init__(self) -> None:
        for word in self.command:
            plain("command", word, empty=True, dash=True)
        for key in ("service", "app", "python"):
            plain(key, getattr(self, key), empty=key != "python")
        for name in self.names:
            plain("names", name)
        within("answer", self.answer, 1, 600)


@dataclass(frozen=True)
class DjangoTable:
    """``[django]``: how migrations are asked about and run, in a one-off container (or process) of a release."""

    manage: tuple[str, ...] = ("python", "manage.py")
    service: str = "web"
    """The Compose service whose image holds the code."""
    jobs: tuple[str, ...] = ("migrate",)
    """Services that migrate when the project starts: held back while an older code starts."""
    database: str = "default"
    lock_timeout: str = "5s"
    reverse_sql: str = ""
    """File on the system's host with SQL written by hand: what takes migrations back that Django cannot."""
    env: dict[str, str] = field(default_factory=dict)
    """Added to the one-off container; values may be ``${env:NAME}``."""

    def __post_init__(self) -> None:
        if not self.manage:
            raise ValueError("manage: at least one word")
        for word in self.manage:
            plain("manage", word, empty=True, dash=True)
        plain("service", self.service)
        plain("database", self.database)
        absolute("reverse_sql", self.reverse_sql, empty=True)
        seconds_of("lock_timeout", self.lock_timeout)
