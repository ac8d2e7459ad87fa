"""The SQL that copies the live database beside itself, and what such a copy says of itself in its comment. Pure.

``CREATE DATABASE … TEMPLATE`` cannot be part of a transaction or a function, and wants nobody else in its source. But
it holds a lock on the source from its first moment, and whoever connects meanwhile waits for its end instead of
failing. So the source is never closed: once that lock is there, another session ends those who are inside, and the
copy begins. Whatever is killed, the live name lets everybody in again as soon as the server is done with it. The copy
itself lets nobody in from its first moment on: it stays what it was. Nothing is dropped here.
"""

from __future__ import annotations

import json
from typing import Any

from actions.model.clock import parse_stamp
from actions.model.database_names import do_block, ident, literal
from actions.model.database_shape import DatabaseShape
from actions.model.manifest import Manifest
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass

PATIENCE_S = 5
"""How long the server waits for the sessions of the source to go."""
KIND = "predeploy"
LONGEST_NOTE = 200_000
"""Characters of a comment; of very many tables nothing is noted."""


@dataclass(frozen=True)
class SnapshotNote:
    """The comment of a snapshot."""

    at: str
    """Stamp: the moment whose data it holds."""
    release: str
    """Identity of the release that ran; empty: it was not known."""
    held: Manifest | None = None
    """What was counted in it before it was closed; None: nothing was."""


def note_json(note: SnapshotNote) -> str:
    """As it stands in the comment. What was counted is left out where it would be too long."""
    data = {"goaround": KIND, "at": note.at, "release": note.release}
    if note.held is not None:
        counted = json.dumps({**data, "held": note.held.to_json()}, separators=(",", ":"))
        if len(counted) <= LONGEST_NOTE:
            return counted
    return json.dumps(data, separators=(",", ":"))


def read_snapshot_note(text: str | None) -> SnapshotNote | None:
    """The comment of a database; None where it is no snapshot of ours, or was made live since."""
    try:
        data: Any = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("goaround") != KIND or data.get("live"):
        return None
    at, release = data.get("at"), data.get("release")
    if not isinstance(at, str) or not isinstance(release, str):
        return None
    try:
        parse_stamp(at)
    except ValueError:
        return None  # no words of ours
    try:
        held = Manifest.from_json(data["held"]) if "held" in data else None
    except ValueError:
        held = None  # of another version: the snapshot is one all the same
    return SnapshotNote(sanitise(at, limit=40), sanitise(release, limit=1000), held)


def copy_sql(live: str, snap: str, shape: DatabaseShape, application: str, *, file_copy: bool) -> str:
    """The copy, and before and after it one line each: milliseconds of the server's clock.

    ``application``: the name of the session, by which ``make_way_sql`` knows it.
    ``file_copy``: the server knows strategies (15 on); older ones copy files anyway.
    """
    strategy = " STRATEGY FILE_COPY" if file_copy else ""
    clock = "SELECT round(extract(epoch FROM clock_timestamp()) * 1000);\n"
    made = f"CREATE DATABASE {ident(snap)} OWNER {ident(shape.owner)} ALLOW_CONNECTIONS false"
    words = f"{made} TEMPLATE {ident(live)}{strategy};\n"
    session = f"SET application_name = {literal(application)};\nSET lock_timeout = '5s';\n"
    return f"{session}{clock}{words}{clock}"


def finish_sql(snap: str, shape: DatabaseShape, note: SnapshotNote) -> str:
    """What a copy does not take along: settings and rights; and what it is."""
    return f"COMMENT ON DATABASE {ident(snap)} IS {literal(note_json(note))};\n{shape.finish_sql(snap)}"


def make_way_sql(live: str, application: str) -> str:
    """Waits until the copy holds its lock on the source, then ends whoever else is inside.

    ``application``: the name of the session that copies. Nobody is ended where that never holds the lock, nor where it
    lets go of it at once: it failed. Gives the number of sessions that were told to end.
    """
    body = f"""DECLARE
  source CONSTANT oid := (SELECT oid FROM pg_database WHERE datname = {literal(live)});
  copier integer;
  looks integer := 0;
  ended integer := 0;
BEGIN
  FOR i IN 1..{PATIENCE_S * 500} LOOP
    PERFORM pg_stat_clear_snapshot();
    SELECT l.pid INTO copier FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass AND l.objid = source
        AND l.mode = 'ShareLock' AND l.granted AND a.application_name = {literal(application)};
    looks := CASE WHEN copier IS NULL THEN 0 ELSE looks + 1 END;
    EXIT WHEN looks = 3;
    PERFORM pg_sleep(0.002);
  END LOOP;
  IF looks = 3 THEN
    SELECT count(pg_terminate_backend(pid)) INTO ended FROM pg_stat_activity
      WHERE datid = source AND pid <> pg_backend_pid() AND pid <> copier;
  END IF;
  PERFORM set_config('goaround.ended', ended::text, false);
END
"""
    return do_block(body) + "SELECT current_setting('goaround.ended');\n"


SNAPSHOTS_SQL = """SELECT coalesce(json_agg(json_build_object(
    'name', datname, 'oid', oid::bigint, 'comment', shobj_description(oid, 'pg_database'), 'open', datallowconn,
    'mine', pg_has_role(datdba, 'USAGE'), 'owner', pg_get_userbyid(datdba), 'whole', datconnlimit <> -2,
    'size', CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
      THEN pg_database_size(oid) ELSE -1 END,
    'written', coalesce(pg_stat_get_db_tuples_inserted(oid) + pg_stat_get_db_tuples_updated(oid)
      + pg_stat_get_db_tuples_deleted(oid), 0),
    'seen', coalesce(pg_stat_get_db_xact_commit(oid), 0) > 0) ORDER BY datname), '[]')
  FROM pg_database WHERE datname ~ '_snap_'"""
"""Of every database that is named like one: what it says, whether it lets in, and what the server counted in it since
its counters began (a copy begins with none).
"""
