"""Takes the manifest of a database: one statement that counts every table in one snapshot.

Partitions are counted as tables of their own, the partitioned table above them is not: its rows are theirs. What an
extension owns is left out, as pg_dump leaves it out.
"""

from __future__ import annotations

from actions.model.database_client import DatabaseClient
from actions.model.manifest import Manifest, TableCount
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.steps.database_reading import ask

COUNT_S = 3600.0
"""Deadline for counting a large database."""

MANIFEST_SQL = """
WITH owned AS (
  SELECT objid FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_class'::regclass
), tables AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND c.oid NOT IN (SELECT objid FROM owned)
), keys AS (
  SELECT i.indrelid AS oid, min(a.attname) AS column
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  WHERE i.indisprimary AND i.indnkeyatts = 1
    AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'text'::regtype, 'varchar'::regtype,
                       'timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype, 'numeric'::regtype)
  GROUP BY i.indrelid
), counted AS (
  SELECT t.schema || '.' || t.name AS name,
    query_to_xml(format('SELECT count(*) AS n, %s AS k FROM ONLY %I.%I',
      coalesce('max(' || quote_ident(k.column) || ')::text', 'NULL'), t.schema, t.name), false, true, '') AS x
  FROM tables t LEFT JOIN keys k USING (oid)
)
SELECT json_build_object(
  'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'server_version', split_part(current_setting('server_version'), ' ', 1),
  'size', pg_database_size(current_database()),
  'encoding', (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),
  'collate', (SELECT datcollate FROM pg_database WHERE datname = current_database()),
  'ctype', (SELECT datctype FROM pg_database WHERE datname = current_database()),
  'tables', (SELECT coalesce(json_object_agg(name, json_build_array(
      (xpath('/row/n/text()', x))[1]::text::bigint, coalesce((xpath('/row/k/text()', x))[1]::text, ''))), '{}')
      FROM counted),
  'sequences', (SELECT coalesce(json_object_agg(schemaname || '.' || sequencename, coalesce(last_value, -1)), '{}')
      FROM pg_sequences),
  'extensions', (SELECT coalesce(json_object_agg(extname, extversion), '{}') FROM pg_extension),
  'invalid', (SELECT coalesce(json_agg(i.indexrelid::regclass::text ORDER BY 1), '[]')
      FROM pg_index i WHERE NOT i.indisvalid),
  'unvalidated', (SELECT coalesce(json_agg(c.conrelid::regclass || '.' || c.conname ORDER BY 1), '[]')
      FROM pg_constraint c WHERE NOT c.convalidated),
  'migrations', CASE WHEN to_regclass('public.django_migrations') IS NULL THEN '[]'::json ELSE
      (SELECT coalesce(json_agg(m ORDER BY o), '[]') FROM (
        SELECT unnest(xpath('/table/row/m/text()', y))::text AS m,
               generate_series(1, coalesce(array_length(xpath('/table/row/m/text()', y), 1), 0)) AS o
        FROM query_to_xml('SELECT app || ''.'' || name AS m FROM public.django_migrations ORDER BY id',
                          false, false, '') y) z)
      END
)"""
"""One row, one column: JSON. Reads only; counts with the rights of the role that asks."""

OWNED_SQL = """
SELECT coalesce(json_object_agg(sn.nspname || '.' || s.relname, tn.nspname || '.' || t.relname), '{}')
FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
"""
"""Sequence -> the table whose column it feeds."""


def read_manifest(world: World, client: DatabaseClient, database: str, *, s: float = COUNT_S) -> Manifest:
    """The manifest of a database now. Raises what ``ask`` raises."""
    return manifest_of(ask(world, client, database, MANIFEST_SQL, admin=True, s=s), database)


def owned_sequences(world: World, client: DatabaseClient, database: str) -> dict[str, str]:
    """Sequence -> ``schema.table`` that it feeds."""
    found = ask(world, client, database, OWNED_SQL, admin=True)
    return {str(sequence): str(table) for sequence, table in (found or {}).items()}


def manifest_of(data: dict[str, object], database: str) -> Manifest:
    """What ``MANIFEST_SQL`` answered, with every name made harmless.

    ``database``: its name; what it says itself is read in its own encoding, which may not be the one it was made in.
    """
    tables: dict[str, list[object]] = data["tables"]  # type: ignore[assignment]  # our own statement's shape
    sequences: dict[str, int] = data["sequences"]  # type: ignore[assignment]
    extensions: dict[str, str] = data["extensions"]  # type: ignore[assignment]
    return Manifest(
        database=_safe(database),
        at=_safe(data["at"]),
        server_version=_safe(data["server_version"]),
        tables={_safe(name): TableCount(int(str(row[0])), _safe(row[1])) for name, row in sorted(tables.items())},
        sequences={_safe(name): int(value) for name, value in sorted(sequences.items())},
        migrations=tuple(_safe(one) for one in data["migrations"]),  # type: ignore[attr-defined]
        extensions={_safe(name): _safe(version) for name, version in sorted(extensions.items())},
        invalid_indexes=tuple(_safe(one) for one in data["invalid"]),  # type: ignore[attr-defined]
        unvalidated=tuple(_safe(one) for one in data["unvalidated"]),  # type: ignore[attr-defined]
        size=int(str(data["size"])),
        encoding=_safe(data["encoding"]),
        collate=_safe(data["collate"]),
        ctype=_safe(data["ctype"]),
    )


def _safe(value: object) -> str:
    return sanitise(str(value), limit=200)
