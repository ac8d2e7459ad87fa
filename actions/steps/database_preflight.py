"""Reads what the live database is, and says why it cannot be swapped: rights, room, and what holds on to its name.

One question to the server, one to the disk. What a backup needs of the server is told by its inspection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actions.model.clock import span
from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.database_shape import DatabaseShape, Grant, Setting
from actions.model.errors import GoaroundError, Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.sensor_rules import size_words
from actions.model.side_note import read_note
from actions.steps.database_reading import ask
from actions.steps.host_files import ASK_S
from actions.steps.perform_ground import host_of
from actions.steps.side_reading import MAINTENANCE

SHOWN = 5
CLOCK_S = 60
"""Seconds by which two clocks may differ; the question takes a few itself."""
LONGEST_COMMENT = 1000
CONNECTIONS = 2
"""Beside those of the workers: who leads them, and who looks on."""
ROOM = 1.2
"""Times the size of the live database that must be free for the one beside it."""

LIVE_SQL = """
WITH d AS (SELECT oid, datname, datdba, datconnlimit, dattablespace, datacl, to_jsonb(d) AS all_of_it
           FROM pg_database d WHERE datname = {name})
SELECT json_build_object(
  'oid', d.oid::bigint, 'size', pg_database_size(d.oid), 'databases', (SELECT json_agg(datname) FROM pg_database),
  'owner', pg_get_userbyid(datdba), 'encoding', pg_encoding_to_char((all_of_it ->> 'encoding')::integer),
  'collate', all_of_it ->> 'datcollate', 'ctype', all_of_it ->> 'datctype',
  'provider', coalesce(all_of_it ->> 'datlocprovider', ''),
  'locale', coalesce(all_of_it ->> 'datlocale', all_of_it ->> 'daticulocale', ''),
  'rules', coalesce(all_of_it ->> 'daticurules', ''), 'connections', datconnlimit,
  'open', (all_of_it ->> 'datallowconn')::boolean, 'template', (all_of_it ->> 'datistemplate')::boolean,
  'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = dattablespace AND spcname <> 'pg_default'),
  'settings', (SELECT coalesce(json_agg(json_build_array(coalesce(r.rolname, ''), s.setconfig)), '[]')
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = d.oid),
  'acl', (SELECT coalesce(json_agg(json_build_array(role, option, rights)), '[]') FROM (
      SELECT coalesce(r.rolname, '') AS role, a.is_grantable AS option, json_agg(a.privilege_type) AS rights
      FROM aclexplode(datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee GROUP BY 1, 2) g),
  'has_acl', datacl IS NOT NULL, 'comment', shobj_description(d.oid, 'pg_database'),
  'labels', (SELECT coalesce(json_agg(DISTINCT provider), '[]') FROM pg_shseclabel
      WHERE objoid = d.oid AND classoid = 'pg_database'::regclass),
  'now', extract(epoch FROM clock_timestamp())::bigint,
  'me', current_user, 'super', r.rolsuper, 'createdb', r.rolcreatedb, 'owns', pg_has_role(datdba, 'USAGE'),
  'createrole', r.rolcreaterole, 'space', has_tablespace_privilege(dattablespace, 'CREATE'),
  'guarded', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE context LIKE 'superuser%'),
  'free', current_setting('max_connections')::integer
      - (SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid())
      - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::integer END,
  'own', CASE WHEN r.rolsuper OR r.rolconnlimit < 0 THEN NULL ELSE r.rolconnlimit
      - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()) END,
  'speed', (SELECT coalesce(json_object_agg(name, 'lz4' = ANY (enumvals)), '{{}}') FROM pg_settings
      WHERE name = 'max_parallel_maintenance_workers' OR (name = 'wal_compression' AND r.rolsuper)),
  'standby', pg_is_in_recovery(),
  'slots', (SELECT coalesce(json_agg(slot_name), '[]') FROM pg_replication_slots WHERE database = datname),
  'prepared', (SELECT coalesce(json_agg(gid), '[]') FROM pg_prepared_xacts WHERE database = datname),
  'subscriptions', (SELECT coalesce(json_agg(subname), '[]') FROM pg_subscription WHERE subdbid = d.oid),
  'folder', CASE WHEN r.rolsuper THEN current_setting('data_directory') ELSE '' END
) FROM d, pg_roles r WHERE r.rolname = current_user
"""
OTHERS_SQL = f"""SELECT json_agg(datname ORDER BY datname) FROM pg_database
WHERE NOT datistemplate AND datname <> '{MAINTENANCE}'"""


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
    standby: bool = False
    """The server follows another one."""
    free: int = 100
    """Connections that are left for us."""
    ahead_s: int = 0
    """How far the server's clock is ahead of ours; negative: behind it."""
    speed: tuple[str, ...] = ()
    """Settings by which this server lets us restore faster through several sessions: ``wal_compression=lz4``."""


def _speed(there: dict[str, bool | None]) -> tuple[str, ...]:
    """Measured: sessions that build indexes side by side only get in their parallel workers' way; and what an index
    writes into the log is mostly whole pages, which a busy disk takes faster when they are compressed."""
    workers = ("max_parallel_maintenance_workers=0",) if "max_parallel_maintenance_workers" in there else ()
    packed = (f"wal_compression={'lz4' if there['wal_compression'] else 'on'}",) if "wal_compression" in there else ()
    return (*workers, *packed)


def live_database(world: World, client: DatabaseClient, name: str) -> LiveDatabase:
    """Asked in the server's own database. Raises Refused where there is no such database, and what ``ask`` raises."""
    found = ask(world, client, MAINTENANCE, LIVE_SQL.format(name=literal(name)), admin=True)
    if not found:
        raise no_such_database(world, client, name)
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
        standby=bool(found["standby"]),
        speed=_speed(found["speed"]),
        ahead_s=int(found["now"]) - round(world.clock.now().timestamp()),
        free=min(int(one) for one in (found["free"], found["own"]) if one is not None),
    )


def no_such_database(world: World, client: DatabaseClient, name: str) -> Refused:
    """With the names of those that are there, which whoever mistyped one looks for."""
    there = ask(world, client, MAINTENANCE, OTHERS_SQL, admin=True) or ()
    known = f"there are: {_names(there)}" if there else "there is none but the server's own"
    return Refused(
        f"there is no database {sanitise(name)}", f"at {client.words or client.host}; {known}", "check database.name"
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
        settings=tuple(sorted(settings, key=lambda one: one.role)),
        grants=grants,
        has_grants=bool(found["has_acl"]),
        comment=_comment(found["comment"]),
    )


def _comment(text: str | None) -> str:
    """Words of somebody; of one of ours, the words that stand in it."""
    note = read_note(text)
    return note.comment if note is not None else sanitise(text or "", limit=LONGEST_COMMENT)


def _lacks(found: dict[str, Any]) -> tuple[str, ...]:
    if found["super"]:
        return ()
    keys = [row.partition("=")[0] for _, rows in found["settings"] for row in rows]
    guarded = sorted({key for key in keys if key in found["guarded"]})
    others = sorted({role for role, _ in found["settings"] if role not in ("", found["me"])})
    space = sanitise(found["tablespace"] or "", limit=80)
    return tuple(
        words
        for words, has in (
            ("may not make or rename databases (CREATEDB)", found["createdb"]),
            (f"does not own the database (its owner is {sanitise(found['owner'], limit=80)})", found["owns"]),
            (f"may not use its tablespace {space} (CREATE)", not space or found["space"]),
            (f"may not give it its settings {_names(guarded)} (superuser)", not guarded),
            (f"may not give it the settings of {_names(others)} (CREATEROLE)", not others or found["createrole"]),
        )
        if not has
    )


def _names(some: Sequence[object]) -> str:
    more = f" and {len(some) - SHOWN} more" if len(some) > SHOWN else ""
    return ", ".join(sanitise(str(one), limit=80) for one in some[:SHOWN]) + more


def _holds(found: dict[str, Any]) -> tuple[str, ...]:
    out = [
        (found["template"], "the database is a template"),
        (found["slots"], f"replication slots hang on it: {_names(found['slots'])}"),
        (found["prepared"], f"prepared transactions stand open in it: {_names(found['prepared'])}"),
        (found["subscriptions"], f"subscriptions write into it: {_names(found['subscriptions'])}"),
        (found["labels"], f"it has security labels, which would be lost (of {_names(found['labels'])})"),
    ]
    return tuple(words for holds, words in out if holds)


def check(live: LiveDatabase) -> None:
    """Raises Refused with everything that would forbid the swap, before anything is made for it."""
    if live.standby:
        raise Refused(
            f"the server of {sanitise(live.name)} is a standby: it takes no writes",
            "it follows another server, and no database can be made here",
            "let database.reach (or database.dsn) name the primary",
            code="database-standby",
        )
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


def connections(live: LiveDatabase, jobs: int) -> None:
    """Raises Refused where the server has too few of them left for a restore with so many workers."""
    if live.free < jobs + CONNECTIONS:
        raise Refused(
            f"{max(0, live.free)} connections are left for {live.me}: a restore takes {jobs + CONNECTIONS}",
            "",
            "end idle sessions, lower database.jobs, or set database.admin to a superuser",
            code="database-connections",
        )


def clocks(live: LiveDatabase) -> tuple[Note, ...]:
    """A note where server and cockpit disagree about the time: by it a backup is older than a deployment, or not."""
    if abs(live.ahead_s) <= CLOCK_S:
        return ()
    which = "ahead of" if live.ahead_s > 0 else "behind"
    words = f"the server's clock is {span(abs(live.ahead_s))} {which} this machine's: judge by hand what was when"
    return (NoteKind.CLOCKS_DIFFER.note(words),)


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
