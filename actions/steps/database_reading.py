"""Asks a database one thing and gets one JSON value: every question about a server goes through here.

What psql says when it cannot becomes one of ours here: nobody there, wrong password, no such database, too many
connections, a statement that failed. Words of the server are outside text and come sanitised; no password is in them.
"""

from __future__ import annotations

import json
from typing import Any

from actions.model.database_client import DatabaseClient
from actions.model.errors import CommandFailed, GoaroundError, Refused, Unreachable
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, World
from actions.steps.perform_ground import host_of

MAINTENANCE = "postgres"
"""A database that every server has: statements about databases are run there, since none is renamed from inside, and it
is asked when the live one does not answer.
"""
DEADLINE_S = 30.0
READ_ONLY = "SET default_transaction_read_only = on; SET statement_timeout = '{ms}';\n"


def ask(
    world: World, client: DatabaseClient, database: str, sql: str, *, admin: bool = False, s: float = DEADLINE_S
) -> Any:
    """The one JSON value that the statement gives, or None where it gives none. Reads only.

    ``sql``: one statement whose single row and column is JSON. Raises ``Unreachable``, ``Refused`` or
    ``CommandFailed``, each with the operator's next move.
    """
    text = READ_ONLY.format(ms=round(s * 1000)) + sql.rstrip().rstrip(";") + ";\n"
    result = run_psql(world, client, database, text, admin=admin, s=s + 10)
    if result.exit_status != 0:
        raise failure(client, database, result)
    out = result.stdout.decode("utf-8", "replace").strip()
    if not out:
        return None
    try:
        return json.loads(out)
    except ValueError as error:
        raise CommandFailed(
            f"psql on {client.words or client.host} answered something else than was asked",
            sanitise(out, limit=200),
            "look for start-up messages of the container or of a wrapper around psql",
            exit_status=0,
        ) from error


def run_psql(
    world: World, client: DatabaseClient, database: str, text: str, *, admin: bool = False, s: float = DEADLINE_S
) -> CommandResult:
    """psql's end for this text. Raises what the host raises."""
    return host_of(world, client.host).run(
        client.psql(database, admin=admin),
        cwd=client.cwd,
        env=env_of(world, client),
        stdin=text.encode(),
        timeout_s=s,
    )


def env_of(world: World, client: DatabaseClient, connect_s: int = 10) -> dict[str, str]:
    """The environment of a client of the server: names are values in it, and a connection is not waited for long."""
    env = {key: world.resolve(value) for key, value in client.env.items()}
    return {**env, "PGCONNECT_TIMEOUT": str(connect_s)}


_KNOWN = (
    (
        "password authentication failed",
        Refused,
        "the password is refused",
        "check the password that the configuration names",
    ),
    ("no password supplied", Refused, "a password is wanted and none is given", "set database.password to ${env:NAME}"),
    (
        "pg_hba.conf",
        Refused,
        "the server lets nobody in from here",
        "pg_hba.conf must allow this host and role",
    ),
    (
        "too many clients",
        Unreachable,
        "the server has no connection left",
        "end idle sessions, or use a superuser (admin)",
    ),
    (
        "remaining connection slots",
        Unreachable,
        "the server has no connection left",
        "use a superuser (database.admin)",
    ),
    (
        "too many connections",
        Unreachable,
        "the role or the database has no connection left",
        "end idle sessions, or use a superuser (database.admin)",
    ),
    ("the database system is", Unreachable, "the server is starting up or going down", "wait a moment and try again"),
    ("could not connect", Unreachable, "nobody answers there", "is the server running? check database.reach"),
    ("connection refused", Unreachable, "nobody answers there", "is the server running? check database.reach"),
    ("is the server running", Unreachable, "nobody answers there", "is the server running? check database.reach"),
    (
        "executable file not found",
        Refused,
        "there is no psql",
        "name the service of the database in database.reach",
    ),
    (
        "unsupported startup parameter",
        Refused,
        "a connection pooler answers there, not the server",
        "name the server's own address and port in database.dsn",
    ),
    ("could not translate host name", Unreachable, "its host name is not known", "check the host in database.dsn"),
    (
        "not currently accepting connections",
        Refused,
        "the database takes no connections now",
        "a swap may be under way",
    ),
    ("does not exist", Refused, "there is no such database or role", "check database.name and database.role"),
    ("no such service", Refused, "Compose knows no such service", "check database.reach"),
    ("is not running", Unreachable, "the container of the database does not run", "start it, or look at its logs"),
)


def failure(client: DatabaseClient, database: str, result: CommandResult) -> GoaroundError:
    """psql's end as one of our errors."""
    where = f"{database} at {client.words or client.host}"
    words = sanitise(result.stderr.decode("utf-8", "replace").strip().replace("\n", " "), limit=300)
    words = words.removeprefix("psql: error: ")
    if result.timed_out:
        return Unreachable(f"{where} does not answer in time", words, "look for locks: pg_stat_activity")
    low = words.casefold()
    if result.exit_status != 3:  # 3: a statement failed; its words may hold anything
        for sign, kind, title, move in _KNOWN:
            if sign in low:
                return kind(f"{where}: {title}", words, move)
    return CommandFailed(f"{where}: psql ended with {result.exit_status}", words, "", exit_status=result.exit_status)
