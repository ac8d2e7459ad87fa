"""The SQL by which a snapshot becomes this incident's side database, and a snapshot again. Pure.

It is never copied for that: it is swapped in itself, and until then it can be given back as it was, its own comment
with it. Every statement looks on the server whether it still is what the plan says, by its oid and its comment; the
first thing each does is to write the database's row, so that of two at the same time one fails. Nothing is dropped.
"""

from __future__ import annotations

from actions.model.canonical import sha256_hex
from actions.model.database_names import do_block, literal
from actions.model.quick_dataclass import dataclass
from actions.model.side_note import SideNote, note_json

WRITTEN_SQL = """SELECT json_build_object(
  'rows', coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0),
  'tables', coalesce(json_agg(s.schemaname || '.' || s.relname ORDER BY s.schemaname, s.relname), '[]'))
FROM pg_stat_all_tables s JOIN pg_class c ON c.oid = s.relid
WHERE NOT c.relisshared AND s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
  AND c.oid NOT IN (SELECT unnest(ARRAY[p.oid, p.reltoastrelid]) FROM pg_class p
    WHERE p.relname ~ '^pg_statistic' AND p.relnamespace = 'pg_catalog'::regnamespace)"""
"""What was written in this database since the server's counters began, the planner's numbers apart."""


@dataclass(frozen=True)
class Held:
    """A snapshot as it was seen when a plan was drawn. ``name`` is exact: for SQL."""

    name: str
    oid: int
    comment_sha256: str
    """Of its comment: that of a snapshot, or that of another incident that has adopted it."""


def comment_sha256(comment: str) -> str:
    """By which ``Held`` knows it."""
    return sha256_hex(comment.encode())


def open_sql(one: Held, incident: str) -> str:
    """Lets connections in, to count."""
    return _block(one, incident, "true", "")


def adopt_sql(one: Held, incident: str, note: SideNote) -> str:
    """Makes it a verified side database of the incident; its own comment is kept within the new one."""
    kept = "jsonb_build_object('snapshot', coalesce(note ->> 'snapshot', said))"
    return _block(one, incident, "true", f"({literal(note_json(note))}::jsonb || {kept})::text")


def close_sql(one: Held, whose: str, comment: str) -> str:
    """Lets nobody in any more, and gives it this comment."""
    return _block(one, whose, "false", literal(comment))


def give_back_sql(one: Held, incident: str) -> str:
    """A snapshot again, closed, with its own comment. One that another incident has adopted is left as it is."""
    own = "CASE WHEN mine THEN note ->> 'snapshot' ELSE said END"
    body = "  IF theirs THEN\n    EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', snap);\n  END IF;\n"
    return _block(one, incident, "false", own, body)


def _block(one: Held, incident: str, allow: str, comment: str, more: str = "") -> str:
    said = f"  EXECUTE format('COMMENT ON DATABASE %I IS %L', snap, {comment});\n" if comment else ""
    return do_block(f"""DECLARE
  snap CONSTANT text := {literal(one.name)};
  said text;
  note jsonb;
  mine boolean;
  theirs boolean;
BEGIN
  EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS {allow}', snap);
  SELECT shobj_description(oid, 'pg_database') INTO said FROM pg_database WHERE datname = snap AND oid = {one.oid:d};
  IF said IS NULL OR said NOT LIKE '{{%' THEN
    RAISE EXCEPTION 'the snapshot % is not the one that was drawn', snap;
  END IF;
  note := said::jsonb;
  mine := coalesce(note ->> 'goaround' = {literal(incident)} AND note ->> 'snapshot' <> '', false);
  theirs := NOT mine AND coalesce(note ->> 'snapshot', '') <> '';
  IF coalesce(note ->> 'live', '') <> '' THEN
    RAISE EXCEPTION 'the database % was live: it is no snapshot any more', snap;
  END IF;
  IF NOT mine AND encode(sha256(convert_to(said, 'UTF8')), 'hex') <> {literal(one.comment_sha256)} THEN
    RAISE EXCEPTION 'the snapshot % is not as it was when it was drawn', snap;
  END IF;
{said}{more}END
""")
