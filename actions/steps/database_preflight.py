"""Reads what the live database is, and says why it cannot be swapped: rights, room, and what holds on to its name.

One question to the server, one to the disk. What a backup needs of the server is told by its inspection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.database_shape import DatabaseShape, Grant, Setting
from actions.model.errors import GoaroundError, Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.sensor_rules import size_words
from actions.steps.database_reading import ask
from actions.steps.host_files import ASK_S
from actions.steps.perform_ground import host_of
from actions.steps.side_reading import MAINTENANCE

ROOM = 1.2
"""Times the size of the live database that must be free for the one beside it."""

LIVE_SQL = """
WITH d AS (SELECT oid, datname, datdba, datconnlimit, dattablespace, datacl, to_jsonb(d) AS all_of_it
           FROM pg_database d WHERE datname = {name})
SELECT json_build_object(
  'oid', d.oid::bigint, 'size', pg_database_size(d.oid), 'databases', (SELECT json_agg(datname) FROM pg_database),
  'owner', pg_get_userbyid(datdba), 'encoding', pg_encoding_to_char((all_of_it ->> 'encoding')::integer),
  'collate', all_of_it ->> 'datcollate', 'ctype', all_of_it ->> 'datctype',
  'provider', coalesce(all_of_it ->> 'datlocprovider', 'c'),
  'locale', coalesce(all_of_it ->> 'datlocale', all_of_it ->> 'daticulocale', ''),
  'rules', coalesce(all_of_it ->> 'daticurules', ''), 'connections', datconnlimit,
  'open', (all_of_it ->> 'datallowconn')::boolean, 'template', (all_of_it ->> 'datistemplate')::boolean,
  'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace AND spcname <> 'pg_default'),
  'settings', (SELECT coalesce(json_agg(json_build_array(coalesce(r.rolname, ''), s.setconfig)), '[]')
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = d.oid),
  'acl', (SELECT coalesce(json_agg(json_build_array(role, option, rights)), '[]') FROM (
      SELECT coalesce(r.rolname, '') AS role, a.is_grantable AS option, json_agg(a.privilege_type) AS rights
      FROM aclexplode(datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee GROUP BY 1, 2) g),
  'has_acl', datacl IS NOT NULL,
  'me', current_user, 'super', r.rolsuper, 'createdb', r.rolcreatedb, 'owns', pg_has_role(datdba, 'USAGE'),
  'standby', pg_is_in_recovery(),
  'slots', (SELECT coalesce(json_agg(slot_name), '[]') FROM pg_replication_slots WHERE database = datname),
  'prepared', (SELECT coalesce(json_agg(gid), '[]') FROM pg_prepared_xacts WHERE database = datname),
  'subscriptions', (SELECT coalesce(json_agg(subname), '[]') FROM pg_subscription WHERE subdbid = d.oid),
  'folder', CASE WHEN r.rolsuper THEN current_setting('data_directory') ELSE '' END
) FROM d, pg_roles r WHERE r.rolname = current_user
"""


@dataclass(frozen=True)
class LiveDatabase:
    """The live database, and who we are there. Names are exact: for SQL."""

    name: str
    oid: int
    size: int
    shape: DatabaseShape
    databases: frozenset[str]
    me: str
    may: tuple[str, ...]
    """What we lack, in words; empty: nothing."""
    holds: tuple[str, ...]
    """What forbids that its name is changed, in words."""
    folder: str
    """The server's data folder; empty: not told."""
    open: bool = True


def live_database(world: World, client: DatabaseClient, name: str) -> LiveDatabase:
    """Asked in the server's own database. Raises Refused where there is no such database, and what ``ask`` raises."""
    found = ask(world, client, MAINTENANCE, LIVE_SQL.format(name=literal(name)), admin=True)
    if not found:
        raise Refused(
            f"there is no database {sanitise(name)}", f"at {client.words or client.host}", "check database.name"
        )
    return LiveDatabase(
        name=name,
        oid=int(found["oid"]),
        size=int(found["size"]),
        shape=_shape(found),
        databases=frozenset(found["databases"]),
        me=sanitise(found["me"], limit=80),
        may=_lacks(found),
        holds=_holds(found),
        folder=found["folder"],
        open=bool(found["open"]),
    )


def _shape(found: dict[str, Any]) -> DatabaseShape:
    settings = [
        Setting(key, value, role)
        for role, rows in found["settings"]
        for key, _, value in (row.partition("=") for row in rows)
    ]
    grants = tuple(Grant(role, tuple(sorted(rights)), option) for role, option, rights in sorted(found["acl"], key=str))
    return DatabaseShape(
        owner=found["owner"],
        encoding=found["encoding"],
        collate=found["collate"],
        ctype=found["ctype"],
        provider=found["provider"],
        locale=found["locale"] if found["provider"] != "c" else "",
        rules=found["rules"],
        tablespace=found["tablespace"] or "",
        connections=int(found["connections"]),
        settings=tuple(sorted(settings, key=lambda one: (one.role, one.key))),
        grants=grants,
        has_grants=bool(found["has_acl"]),
    )


def _lacks(found: dict[str, Any]) -> tuple[str, ...]:
    if found["super"]:
        return ()
    return tuple(
        words
        for words, has in (
            ("may not make or rename databases (CREATEDB)", found["createdb"]),
            (f"does not own the database (its owner is {sanitise(found['owner'], limit=80)})", found["owns"]),
        )
        if not has
    )


def _holds(found: dict[str, Any]) -> tuple[str, ...]:
    def names(key: str) -> str:
        return ", ".join(sanitise(str(one), limit=80) for one in found[key][:5])

    out = [
        (found["standby"], "the server is a standby: it takes no writes"),
        (found["template"], "the database is a template"),
        (found["slots"], f"replication slots hang on it: {names('slots')}"),
        (found["prepared"], f"prepared transactions stand open in it: {names('prepared')}"),
        (found["subscriptions"], f"subscriptions write into it: {names('subscriptions')}"),
    ]
    return tuple(words for holds, words in out if holds)


def check(live: LiveDatabase) -> None:
    """Raises Refused with everything that would forbid the swap, before anything is made for it."""
    if live.may:
        raise Refused(
            f"{live.me} {' and '.join(live.may)}",
            "",
            "set database.admin to the owner with CREATEDB, or to a superuser",
            code="database-rights",
        )
    if live.holds:
        raise Refused(
            f"{sanitise(live.name)} cannot change its name",
            "; ".join(live.holds),
            "end these first, by hand",
            code="database-held",
        )


def room(world: World, client: DatabaseClient, live: LiveDatabase) -> tuple[Note, ...]:
    """Raises Refused where the side database has no room; a note where that cannot be known."""
    need = round(live.size * ROOM)
    unknown = NoteKind.SPACE_UNKNOWN.note(
        f"{size_words(need)} must be free on the server's disk; how much is, is not known"
    )
    remote = any(word.startswith("--host=") and not word.startswith("--host=/") for word in client.server)
    if not live.folder or live.shape.tablespace or (remote and not client.prefix):
        return (unknown,)
    try:
        argv = (*client.prefix, "df", "-P", "-k", live.folder)
        result = host_of(world, client.host).run(argv, cwd=client.cwd, env={"LC_ALL": "C"}, timeout_s=ASK_S)
    except GoaroundError:
        return (unknown,)
    words = result.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2].split()
    percent = next((at for at, word in enumerate(words) if word.endswith("%")), 0)
    if result.exit_status != 0 or percent < 1 or not words[percent - 1].isdigit():
        return (unknown,)
    free = int(words[percent - 1]) * 1024
    if free < need:
        raise Refused(
            f"there is no room for a second database: {size_words(free)} are free, {size_words(need)} are needed",
            live.folder,
            "make room on the server's disk",
            code="database-room",
        )
    return ()
