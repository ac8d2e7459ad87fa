"""Whether a database does its work: the question that is asked of it, and what the answer means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.model.outside_text import sanitise
from actions.model.sensor_rules import Looked

SENSOR = "database.answers"
EXPECTED = "its role logs in, reads and writes"
LONG_S = 60
"""A query that runs longer is told."""
WAITS_S = 5
"""Who waits for a lock longer is told."""

WAITING = f"""a.datname = current_database() AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted)
              AND coalesce(a.state_change, '-infinity') < clock_timestamp() - interval '{WAITS_S} s'"""

TRY_SQL = r"""DO $goaround$
DECLARE one record;
BEGIN
  UPDATE goaround_looks SET tables = (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema');
  SELECT c.oid::regclass::text AS name, quote_ident(a.attname) AS col INTO one
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN LATERAL (
      SELECT attname FROM pg_attribute att WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        AND coalesce(to_jsonb(att) ->> 'attgenerated', '') = '' AND attidentity <> 'a'
      ORDER BY attnum LIMIT 1) a ON true
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT c.relhasrules
      AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
      AND has_table_privilege(c.oid, 'UPDATE')
    ORDER BY c.relname = 'django_migrations' DESC, c.reltuples > 0 DESC, c.reltuples, c.relname LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE goaround_looks SET named = one.name;
  BEGIN
    EXECUTE format('UPDATE %1$s SET %2$s = %2$s WHERE ctid IN (SELECT ctid FROM %1$s LIMIT 1 FOR UPDATE SKIP LOCKED)',
      one.name, one.col);
  EXCEPTION WHEN lock_not_available THEN UPDATE goaround_looks SET trouble = 'locked';
  END;
END $goaround$;
"""

ANSWERS_SQL = f"""BEGIN;
SET LOCAL statement_timeout = '5s';
SET LOCAL lock_timeout = '2s';
CREATE TEMPORARY TABLE goaround_looks (written int, tables int, named text, trouble text) ON COMMIT DROP;
INSERT INTO goaround_looks VALUES (1);
{TRY_SQL}SELECT json_build_object(
  'role', current_user,
  'read', (SELECT count(*) FROM pg_class) > 0,
  'written', (SELECT sum(written) FROM goaround_looks),
  'tables', (SELECT max(tables) FROM goaround_looks),
  'table', (SELECT max(named) FROM goaround_looks),
  'trouble', (SELECT max(trouble) FROM goaround_looks),
  'long', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
           AND pid <> pg_backend_pid() AND query_start < clock_timestamp() - interval '{LONG_S} s'),
  'waiting', (SELECT count(*) FROM pg_stat_activity a WHERE {WAITING}),
  'holder', (SELECT json_build_array(h.pid, h.usename, h.application_name, h.state) FROM pg_stat_activity a
             CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b (pid) JOIN pg_stat_activity h ON h.pid = b.pid
             WHERE {WAITING} ORDER BY cardinality(pg_blocking_pids(h.pid)), h.pid LIMIT 1),
  'hidden', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND backend_type = 'client backend' AND state IS NULL),
  'idle', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
           AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '{LONG_S} s'));
ROLLBACK;
"""
"""Reads and writes a row of the application's own, as its role, in a transaction that is taken back; every part of it
has a deadline. Who waits is told by pg_locks, which tells also of sessions of other roles.
"""


def answered(found: Mapping[str, Any]) -> Looked:
    """What the answer says."""
    role = str(found.get("role", "?"))
    if not found.get("read") or found.get("written") != 1:
        return Looked(False, f"{role} logs in, but cannot read or write", EXPECTED)
    if found.get("tables") == 0:
        return Looked(False, f"{role} logs in, but there is no table in the database", EXPECTED)
    if found.get("tables") and not found.get("table"):
        return Looked(False, f"{role} logs in, but may read and write none of its tables", EXPECTED)
    if found.get("trouble"):
        name = sanitise(str(found.get("table")), limit=80)
        return Looked(False, f"{role} logs in, but {name} is locked{_holder(found)}", EXPECTED)
    troubles = []
    for key, one, more in (
        ("long", f"runs for over {LONG_S} s", f"run for over {LONG_S} s"),
        ("waiting", "waits for a lock", "wait for a lock"),
        ("idle", "is idle in a transaction", "are idle in a transaction"),
    ):
        count = int(found.get(key) or 0)
        if count:
            held = _holder(found) if key == "waiting" else ""
            troubles.append((f"1 session {one}" if count == 1 else f"{count} sessions {more}") + held)
    hidden = int(found.get("hidden") or 0)
    if hidden:
        troubles.append(f"what {hidden} session{'' if hidden == 1 else 's'} of other roles do is not visible to it")
    told = f"; {', '.join(troubles)}" if troubles else ""
    return Looked(True, f"{role} reads and writes{told}", EXPECTED)


def _holder(found: Mapping[str, Any]) -> str:
    """`` that pid 812 (obcms, psql, idle in transaction) holds``, where it is known."""
    holder = found.get("holder")
    if not holder:
        return ""
    who = ", ".join(sanitise(str(one), limit=60) for one in holder[1:] if one)
    return f" that pid {int(holder[0])} ({who or 'not visible'}) holds"


def refused(words: str) -> Looked:
    """It was asked, and did not answer as it should."""
    return Looked(False, words, EXPECTED)
