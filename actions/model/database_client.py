"""How PostgreSQL's clients are reached for one database: argv, environment and folder. Pure; running is left to steps.

psql, pg_dump and pg_restore are run where they are, on the system's host, on the jump host, or in the container of the
database, always with the same options: no start-up file, no prompt, stop at the first error.
"""

from __future__ import annotations

import re
from dataclasses import field

from actions.model.database_names import conninfo
from actions.model.quick_dataclass import dataclass

APPLICATION = "goaround"
"""``application_name`` of every session of ours; followed by a mark where one must be found again."""
UNHURRIED = (
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c default_transaction_read_only=off"
)
"""For sessions of the admin: what was set for the role or the server would end a long statement in its middle. What
needs a limit sets its own.
"""


@dataclass(frozen=True)
class DatabaseClient:
    """One way to a server."""

    host: str
    """The host on which the programs are started: ``local``, ``jump host`` or ``ssh://…``."""
    prefix: tuple[str, ...] = ()
    """What stands before the program: ``docker compose … exec -T db``."""
    cwd: str = ""
    server: tuple[str, ...] = ()
    """``--host``, ``--port``; empty: the local socket."""
    role: str = ""
    admin: str = ""
    """Who makes and renames databases; empty: ``role``."""
    env: dict[str, str] = field(default_factory=dict)
    """``PGPASSWORD`` and the like as ``${env:NAME}``."""
    words: str = ""
    """For the eye: ``compose:db``."""
    bin: str = ""
    """Folder of the programs; empty: they are found by themselves."""

    def psql(self, database: str, *, admin: bool = False) -> tuple[str, ...]:
        """psql that reads SQL (UTF-8, whatever the database's encoding is) from its input and prints values alone."""
        options = f" options='{UNHURRIED}'" if admin else ""
        return (
            *self._program("psql"),
            "--no-psqlrc",
            "--quiet",
            "--no-align",
            "--tuples-only",
            "--set=ON_ERROR_STOP=1",
            *self._as(admin),
            f"--dbname={conninfo(database)} client_encoding=UTF8{options}",
        )

    def restore_plain(self, database: str) -> tuple[str, ...]:
        """psql that restores a plain dump in one transaction."""
        return (*self.psql(database, admin=True)[:-1], "--single-transaction", f"--dbname={conninfo(database)}")

    def pg_dump(self, database: str, *options: str) -> tuple[str, ...]:
        """pg_dump to its output."""
        return (*self._program("pg_dump"), *options, *self._as(admin=True), f"--dbname={conninfo(database)}")

    def pg_restore(self, database: str, *options: str) -> tuple[str, ...]:
        """pg_restore into a database; with ``database`` empty, of what needs none (``--list``)."""
        if not database:
            return (*self._program("pg_restore"), *options)
        into = ("--exit-on-error", *self._as(admin=True), f"--dbname={conninfo(database)}")
        return (*self._program("pg_restore"), *options, *into)

    def _program(self, name: str) -> tuple[str, ...]:
        return (*self.prefix, f"{self.bin}/{name}" if self.bin else name)

    def _as(self, admin: bool) -> tuple[str, ...]:
        role = (self.admin if admin else "") or self.role
        return (*self.server, "--no-password", *((f"--username={role}",) if role else ()))


def local_client(
    host: str, *, dsn: str = "", role: str = "", admin: str = "", password: str = "", folder: str = ""
) -> DatabaseClient:
    """Clients that are run on a host as they are there: over the local socket, or to the server of a ``dsn``
    (``postgresql://role@host:port``). ``password``: as ``${env:NAME}``.
    """
    found = re.fullmatch(r"postgres(?:ql)?://(?:(?P<role>[^@]+)@)?(?P<host>[^:/]*)(?::(?P<port>\d+))?/?", dsn)
    server: list[str] = []
    if found and found["host"]:
        server.append(f"--host={found['host']}")
    if found and found["port"]:
        server.append(f"--port={found['port']}")
    role = role or (found["role"] if found and found["role"] else "")
    env = {"PGPASSWORD": password} if password else {}
    return DatabaseClient(host, server=tuple(server), role=role, admin=admin, env=env, words=dsn or host, bin=folder)
