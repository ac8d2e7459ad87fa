"""The SQL that copies the live database beside itself, and what such a copy says of itself in its comment. Pure.

``CREATE DATABASE … TEMPLATE`` cannot be part of a transaction or a function, and wants nobody else in its source. But
it holds a lock on the source from its first moment, and whoever connects meanwhile waits for its end instead of
failing. So the source is never closed: once that lock is there, another session ends those who are inside, and the
copy begins. Whatever is killed, the live name lets everybody in again as soon as the server is done with it. Nothing is
dropped here.
"""

from __future__ import annotations

import json
from typing import Any

from actions.model.database_names import do_block, ident, literal
from actions.model.database_shape import DatabaseShape
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass

PATIENCE_S = 5
"""How long the server waits for the sessions of the source to go."""
KIND = "predeploy"


@dataclass(frozen=True)
class SnapshotNote:
    """The comment of a snapshot."""

    at: str
    """Stamp: the moment whose data it holds."""
    release: str
    """Identity of the release that ran; empty: it was not known."""


def note_json(note: SnapshotNote) -> str:
    """As it stands in the comment."""
    return json.dumps({"goaround": KIND, "at": note.at, "release": note.release}, separators=(",", ":"))


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
    return SnapshotNote(sanitise(at, limit=40), sanitise(release, limit=1000))


def copy_sql(live: str, snap: str, shape: DatabaseShape, application: str, *, file_copy: bool) -> str:
    """The copy, and before and after it one line each: milliseconds of the server's clock.

    ``application``: the name of the session, by which ``make_way_sql`` knows it.
    ``file_copy``: the server knows strategies (15 on); older ones copy files anyway.
    """
    strategy = " STRATEGY FILE_COPY" if file_copy else ""
    clock = "SELECT round(extract(epoch FROM clock_timestamp()) * 1000);\n"
    words = f"CREATE DATABASE {ident(snap)} OWNER {ident(shape.owner)} TEMPLATE {ident(live)}{strategy};\n"
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


SNAPSHOTS_SQL = """SELECT coalesce(json_agg(json_build_array(datname, shobj_description(oid, 'pg_database'),
    pg_database_size(oid)) ORDER BY datname), '[]') FROM pg_database WHERE datname ~ '_snap_'"""
