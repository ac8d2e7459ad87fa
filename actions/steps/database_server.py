"""Asks a server what a restore depends on: versions, extensions, roles, and what the live database is known by."""

from __future__ import annotations

import re

from actions.model.backup_judgement import ServerFacts
from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.errors import CommandFailed, GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.steps.database_reading import MAINTENANCE, ask
from actions.steps.host_files import ASK_S
from actions.steps.perform_ground import host_of

SERVER_SQL = """
SELECT json_build_object(
  'version', split_part(current_setting('server_version'), ' ', 1),
  'encoding', (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),
  'extensions', (SELECT coalesce(json_agg(DISTINCT name ORDER BY name), '[]') FROM pg_available_extensions),
  'guarded', (SELECT coalesce(json_agg(DISTINCT v.name ORDER BY v.name), '[]') FROM pg_available_extension_versions v
      WHERE v.superuser AND NOT coalesce((to_jsonb(v) ->> 'trusted')::boolean, false)
        AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)),
  'roles', (SELECT coalesce(json_agg(rolname ORDER BY rolname), '[]') FROM pg_roles),
  'markers', (SELECT coalesce(json_agg(name), '[]') FROM unnest(ARRAY[{markers}]::text[]) AS name
              WHERE to_regclass(name) IS NOT NULL),
  'migrations', CASE WHEN to_regclass('public.django_migrations') IS NULL THEN '[]'::json ELSE
      (SELECT coalesce(json_agg(m::text), '[]') FROM unnest(xpath('/table/row/m/text()', query_to_xml(
        'SELECT app || ''.'' || name AS m FROM public.django_migrations ORDER BY id', false, false, ''))) AS m)
      END
)"""


def server_facts(world: World, client: DatabaseClient, database: str, markers: tuple[str, ...] = ()) -> ServerFacts:
    """What the server has; with the live database unreachable, what the server itself tells.

    Raises what ``ask`` raises where the server does not answer at all.
    """
    sql = SERVER_SQL.format(markers=", ".join(literal(_regclass(name)) for name in markers))
    live = bool(database)
    try:
        found = ask(world, client, database or MAINTENANCE, sql, admin=True)
    except GoaroundError:
        if not live:
            raise
        live, found = False, ask(world, client, MAINTENANCE, sql, admin=True)
    names = dict(zip((_regclass(name) for name in markers), markers, strict=True))
    return ServerFacts(
        server_version=_safe(found["version"]),
        encoding=_safe(found["encoding"]),
        extensions=tuple(_safe(one) for one in found["extensions"]),
        guarded=tuple(_safe(one) for one in found["guarded"]),
        roles=tuple(_safe(one) for one in found["roles"]),
        live=live,
        migrations=tuple(_safe(one) for one in found["migrations"]),
        markers=tuple(names[one] for one in found["markers"] if one in names),
    )


def psql_version(world: World, client: DatabaseClient) -> str:
    """``15.14``, of the psql at hand. Raises CommandFailed where it does not tell."""
    return program_version(world, client, client.psql("")[: len(client.prefix) + 1])


def program_version(world: World, client: DatabaseClient, program: tuple[str, ...]) -> str:
    """The version of one of the clients, by its name and what stands before it."""
    result = host_of(world, client.host).run((*program, "--version"), cwd=client.cwd, timeout_s=ASK_S)
    said = result.stdout.decode("utf-8", "replace")
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", said)
    if result.exit_status != 0 or found is None:
        words = sanitise((said + result.stderr.decode("utf-8", "replace")).strip(), limit=200)
        raise CommandFailed(
            f"{program[-1]} --version on {client.words or client.host} does not tell its version",
            words,
            "check database.reach and database.bin",
            exit_status=result.exit_status,
        )
    return found[1]


def _regclass(name: str) -> str:
    """A configured table as ``to_regclass`` takes it: every part quoted, so that its letters stay as they are."""
    parts = (name if "." in name else f"public.{name}").split(".", 1)
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _safe(value: object) -> str:
    return sanitise(str(value), limit=200)
