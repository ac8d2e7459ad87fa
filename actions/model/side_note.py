"""What a database beside the live one says of itself, in its COMMENT; and the only SQL that drops a database. Pure.

The comment stays with the database whatever its name becomes: it tells who made it, from which backup, what was
verified, what is lost with it, and whether it ever was live. Only what an incident made beside, and what never was
live, may be dropped; the server itself looks, in the statement that drops.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from actions.model.codec import from_json, later, to_json
from actions.model.database_names import do_block, ident, literal
from actions.model.loss import LossReport
from actions.model.quick_dataclass import dataclass

BESIDE = "_(rb|try)_"
"""Stands in the name of every database that may be dropped."""


@dataclass(frozen=True)
class SideNote:
    """The comment of a database that was made beside the live one."""

    goaround: str
    """The incident that made it."""
    backup: str = ""
    """Identity of the backup that was restored into it."""
    path: str = ""
    at: str = ""
    """When the backup was made."""
    state: str = ""
    """``restoring`` or ``restored``."""
    verified: str = ""
    """What was verified, and when; empty: not yet."""
    loss: LossReport | None = None
    stopped: tuple[str, ...] = ()
    """Services that were stopped for the swap."""
    live: str = ""
    """When it was made ready to take the live name; empty: it never was live."""
    comment: str = ""
    """What the comment of the live database said when this one was made beside it: words of somebody."""
    snapshot: str = later("")
    """The whole comment of the snapshot that this one was; empty: it was restored from a backup."""

    @property
    def usable(self) -> bool:
        """Restored, verified, its loss counted, and nobody ever wrote into it."""
        return bool(self.state == "restored" and self.verified and self.loss is not None and not self.live)


def read_note(text: str | None) -> SideNote | None:
    """The comment of a database; None where it is not one of ours."""
    if not text or not text.startswith("{"):
        return None
    try:
        return from_json(SideNote, json.loads(text), "comment")
    except ValueError:
        return None


def note_json(note: SideNote) -> str:
    """As it stands in the comment."""
    return json.dumps(to_json(note), ensure_ascii=True, separators=(",", ":"))


def birth_limit(name: str, incident: str) -> int:
    """The limit of connections with which this incident makes this database, until it has its comment.

    A database is made by one statement and gets its comment by the next; whoever is killed between the two leaves one
    without. This number, which nobody else gives, tells whose it is. It limits nothing: no server has so many.
    """
    return 1_000_000_000 + zlib.crc32(f"{incident} {name}".encode()) % 1_000_000_000


def born_sql(name: str, incident: str) -> str:
    """Ends a ``CREATE DATABASE`` statement, so that the database is known as this incident's from its first moment."""
    return f" CONNECTION LIMIT {birth_limit(name, incident)}"


def set_note_sql(name: str, note: SideNote) -> str:
    """The whole comment of a new database."""
    return f"COMMENT ON DATABASE {ident(name)} IS {literal(note_json(note))};\n"


def add_note_sql(name: str, incident: str, more: dict[str, Any]) -> str:
    """Adds to the comment of a database of this incident; fails where it is not of this incident."""
    words = json.dumps(to_json(more), ensure_ascii=True, separators=(",", ":"))
    body = f"""DECLARE
  side CONSTANT text := {literal(name)};
  note jsonb;
BEGIN
  SELECT shobj_description(oid, 'pg_database')::jsonb INTO note FROM pg_database WHERE datname = side;
  IF note ->> 'goaround' IS DISTINCT FROM {literal(incident)} THEN
    RAISE EXCEPTION 'the database % is not of this incident', side;
  END IF;
  EXECUTE format('COMMENT ON DATABASE %I IS %L', side, (note || {literal(words)}::jsonb)::text);
END
"""
    return do_block(body)


def drop_side_sql(name: str, incident: str) -> str:
    """Drops a database that this incident made beside the live one and that never was live; anything else stays, and
    is an error. One that is not there is fine. For psql: the server names what ``\\gexec`` runs.
    """
    born = f"""SELECT format('COMMENT ON DATABASE %I IS %L', datname, {literal(note_json(SideNote(incident)))})
  FROM pg_database WHERE datname = {literal(name)} AND datname ~ '{BESIDE}'
    AND shobj_description(oid, 'pg_database') IS NULL AND datconnlimit = {birth_limit(name, incident)}
\\gexec
"""
    # -2: to be dropped, and the server went down in the middle; nothing but its drop is allowed then.
    mine = f"""FROM (
    SELECT datname, datconnlimit, shobj_description(oid, 'pg_database') AS note FROM pg_database
    WHERE datname = {literal(name)} AND datname ~ '{BESIDE}'
  ) AS beside
  WHERE CASE WHEN note LIKE '{{%' THEN note::jsonb ->> 'goaround' = {literal(incident)}
                  AND coalesce(note::jsonb ->> 'live', '') = '' AND coalesce(note::jsonb ->> 'snapshot', '') = '' END"""
    still = f"""BEGIN
  IF EXISTS (SELECT FROM pg_database WHERE datname = {literal(name)}) THEN
    RAISE EXCEPTION 'the database % is not of this incident, or was live: it is left as it is', {literal(name)};
  END IF;
END
"""
    return (
        f"{born}SELECT format('ALTER DATABASE %I CONNECTION LIMIT 0', datname) {mine} AND datconnlimit <> -2\n\\gexec\n"
        f"SELECT 'ended ' || count(pg_terminate_backend(pid)) FROM pg_stat_activity\n"
        f"  WHERE pid <> pg_backend_pid() AND datname IN (SELECT datname {mine});\n"
        f"SELECT format('DROP DATABASE %I', datname) {mine}\n\\gexec\n" + do_block(still)
    )
