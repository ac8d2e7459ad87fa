"""Counts what going back to a restored database would lose: both are read, table by table; nothing is changed.

Numbers of rows, largest keys and newest times are asked for at once; only tables that may differ are merged by their
keys. How rows are matched is left to ``model.loss``; where the report goes, to the step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.database_names import ident, literal
from actions.model.errors import GoaroundError
from actions.model.loss import Compared, LossReport, TableLoss, compare_keys
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.steps.database_reading import ask
from actions.steps.key_stream import CopyStream

COUNT_S = 3600.0
LARGEST_EXACT = 2 * 1024**3
"""Bytes of a table (without indexes) up to which its rows are compared by their hashes."""
KEYS_AT_ONCE = 2000
"""Keys in one statement that fetches lost rows."""
_NUMBERS = ("smallint", "integer", "bigint")

SHAPE_SQL = """
WITH tables AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                    AND d.classid = 'pg_class'::regclass)
), columns AS (
  SELECT a.attrelid AS oid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.atttypid
  FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped
), keys AS (
  SELECT i.indrelid AS oid, array_agg(a.attname ORDER BY k.place) AS names
  FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indisprimary GROUP BY i.indrelid
), times AS (
  SELECT oid, string_agg(format('max(%I) FILTER (WHERE %I <= now())', attname, attname), ', ' ORDER BY attnum) AS newest
  FROM columns WHERE atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype) GROUP BY oid
), asked AS (
  SELECT t.*, keys.names AS key, query_to_xml(format(
      'SELECT count(*) AS n, %s AS k, to_char(greatest(NULL::timestamptz%s) AT TIME ZONE ''UTC'',
      ''YYYY-MM-DD"T"HH24:MI:SS"Z"'') AS t FROM ONLY %I.%I',
      CASE WHEN cardinality(keys.names) = 1 AND first.atttypid IN (
                'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'text'::regtype,
                'varchar'::regtype, 'timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
           THEN format('max(%I)::text', keys.names[1]) ELSE 'NULL' END,
      coalesce(', ' || times.newest, ''), t.schema, t.name), false, true, '') AS x
  FROM tables t LEFT JOIN keys USING (oid) LEFT JOIN times USING (oid)
  LEFT JOIN columns first ON first.oid = t.oid AND first.attname = keys.names[1]
)
SELECT coalesce(json_agg(json_build_object(
  'schema', schema, 'name', name, 'key', coalesce(to_json(key), '[]'), 'size', pg_table_size(oid),
  'columns', (SELECT coalesce(json_object_agg(c.attname, c.type), '{}') FROM columns c WHERE c.oid = asked.oid),
  'rows', (xpath('/row/n/text()', x))[1]::text::bigint,
  'largest', coalesce((xpath('/row/k/text()', x))[1]::text, ''),
  'newest', coalesce((xpath('/row/t/text()', x))[1]::text, ''))), '[]') FROM asked
"""
"""One JSON value: every table with its columns, key, size, rows, largest key and newest time; one snapshot."""


@dataclass(frozen=True)
class TableShape:
    """One table as ``SHAPE_SQL`` tells of it. Names are as they are: for SQL, not for the eye."""

    schema: str
    name: str
    key: tuple[str, ...]
    size: int
    columns: dict[str, str]
    rows: int
    largest: str
    newest: str

    @property
    def shown(self) -> str:
        """Its name for the eye and for the report."""
        return sanitise(f"{self.schema}.{self.name}", limit=200)

    @property
    def quoted(self) -> str:
        """Its name in SQL."""
        return f"{ident(self.schema)}.{ident(self.name)}"

    @property
    def count(self) -> str:
        """Rows and largest key, in one word each."""
        return f"{self.rows} {sanitise(self.largest, limit=100)}"


@dataclass(frozen=True)
class LostRows:
    """What of a table can be exported: the condition that finds it, for each of some keys at a time."""

    table: TableShape
    expression: str
    """What is compared with a key; empty: all rows are lost."""
    lost: tuple[int | str, ...]
    changed: tuple[int | str, ...]

    def copies(self, keys: tuple[int | str, ...]) -> str:
        """Statements that print these rows as CSV, the header first."""
        if not self.expression:
            return f"COPY (SELECT * FROM ONLY {self.table.quoted}) TO STDOUT (FORMAT csv, HEADER true);\n"
        out, header = [], "true"
        for start in range(0, len(keys), KEYS_AT_ONCE):
            wanted = ", ".join(literal(str(key)) for key in keys[start : start + KEYS_AT_ONCE])
            where = f"WHERE {self.expression} IN ({wanted})" if wanted else ""
            out.append(
                f"COPY (SELECT * FROM ONLY {self.table.quoted} t {where}) TO STDOUT (FORMAT csv, HEADER {header});\n"
            )
            header = "false"
        return "".join(out)


def shapes(world: World, client: DatabaseClient, database: str) -> dict[tuple[str, str], TableShape]:
    """Every table of a database, by schema and name. Raises what ``ask`` raises."""
    found = ask(world, client, database, SHAPE_SQL, admin=True, s=COUNT_S)
    out = {}
    for one in found:
        table = TableShape(**{**one, "key": tuple(one["key"])})
        out[table.schema, table.name] = table
    return out


def measure(
    world: World,
    client: DatabaseClient,
    live: str,
    side: str,
    *,
    since: str,
    changes: bool,
    progress: Callable[[str], None] = lambda line: None,
    stopping: Callable[[], bool] = lambda: False,
) -> tuple[LossReport, tuple[LostRows, ...]]:
    """The report, and what can be exported of it. ``changes``: rows that are in both are compared as well.

    Raises what psql's end means. A table that cannot be compared is in the report as not known.
    """
    at = stamp(world.clock.now())
    ours, theirs = shapes(world, client, live), shapes(world, client, side)
    tables: dict[str, TableLoss] = {}
    lost: list[LostRows] = []
    for number, (name, table) in enumerate(sorted(ours.items()), start=1):
        if stopping():
            raise GoaroundError("stopped by the operator", "the loss is not counted to its end", "")
        other = theirs.get(name)
        found = _one(world, client, (live, side), table, other, changes)
        if found is None:
            continue
        loss, rows = found
        if loss.lost or loss.back or loss.changed:
            tables[table.shown] = loss
            progress(f"{number} of {len(ours)} tables: {LossReport(at, tables={table.shown: loss}).lines()[0]}")
        if rows is not None:
            lost.append(rows)
    for name in sorted(theirs.keys() - ours.keys()):
        if theirs[name].rows:
            tables[theirs[name].shown] = TableLoss(0, 0, theirs[name].rows)
    counted = {table.shown: table.count for table in ours.values()}
    return LossReport(at, since, tables, counted), tuple(lost)


def counts(world: World, client: DatabaseClient, live: str) -> dict[str, str]:
    """Of every table of a database: rows and largest key, as a report holds them."""
    return {table.shown: table.count for table in shapes(world, client, live).values()}


def _one(
    world: World,
    client: DatabaseClient,
    databases: tuple[str, str],
    table: TableShape,
    other: TableShape | None,
    changes: bool,
) -> tuple[TableLoss, LostRows | None] | None:
    if other is None:
        rows = LostRows(table, "", ("all",), ()) if table.rows else None
        return TableLoss(table.rows, 0, 0, table.newest), rows
    if not table.rows and not other.rows:
        return None
    common = [name for name, kind in table.columns.items() if other.columns.get(name) == kind]
    by_key = bool(table.key) and table.key == other.key and set(table.key) <= set(common)
    small = max(table.size, other.size) <= LARGEST_EXACT
    compared = changes and small
    same_count = table.rows == other.rows and table.largest == other.largest
    if same_count and not compared and (table.largest or not small):
        return TableLoss(0, -1, 0, table.newest), None
    if not by_key and not small:
        least = max(0, table.rows - other.rows)
        return TableLoss(least, -1, max(0, other.rows - table.rows), table.newest, least=True), None
    expression, numbers, sql = _keys_sql(table, common, by_key, compared)
    found = _merged(world, client, databases, sql, numbers=numbers)
    # Without a key a changed row is one that is gone and one that is new: it is told as lost, and it is.
    changed = found.changed if compared else 0 if not by_key else -1
    loss = TableLoss(found.lost, changed, found.back, table.newest)
    return loss, LostRows(table, expression, found.lost_keys, found.changed_keys)


def _keys_sql(table: TableShape, common: list[str], by_key: bool, compared: bool) -> tuple[str, bool, str]:
    """What a key is compared with, whether it is a number, and the statement that streams them in order."""
    columns = ", ".join(f"t.{ident(name)}" for name in common)
    mark = f"hashtextextended(ROW({columns})::text, 0)" if columns else "0"
    if by_key and len(table.key) == 1 and table.columns[table.key[0]] in _NUMBERS:
        key, numbers, order = f"t.{ident(table.key[0])}", True, f"t.{ident(table.key[0])}"
    elif by_key:
        keys = ", ".join(f"t.{ident(name)}" for name in table.key)
        # The bytes of the text, so that both servers and we have the same order.
        key, numbers = f"encode(convert_to(ROW({keys})::text, 'UTF8'), 'hex')", False
        order = f'{key} COLLATE "C"'
    else:
        key, numbers, order = mark, True, mark
    shown = f"{key}, {mark}" if by_key and compared else key
    return key, numbers, f"COPY (SELECT {shown} FROM ONLY {table.quoted} t ORDER BY {order}) TO STDOUT;\n"


def _merged(world: World, client: DatabaseClient, databases: tuple[str, str], sql: str, *, numbers: bool) -> Compared:
    with contextlib.ExitStack() as stack:
        rows: list[Iterator[tuple[int | str, str]]] = [
            stack.enter_context(CopyStream(world, client, database, sql, s=COUNT_S)).rows(numbers=numbers)
            for database in databases
        ]
        return compare_keys(rows[0], rows[1])
