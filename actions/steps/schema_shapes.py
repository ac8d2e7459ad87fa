"""Compares the tables that the models want with those that are there, for a record that shall be changed without them.

Django tells the statements with which it would make the tables; the server makes them as temporary ones, in a
transaction that is rolled back, and tells both shapes in the same words. No lock is taken on any table that stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.django_code import DjangoCode
from actions.model.errors import GoaroundError
from actions.model.migrations import Migration
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.schema_shape import Compared, Shape, changed, differences, shape_of
from actions.steps.database_reading import run_psql
from actions.steps.django_script import marked
from actions.steps.schema_reading import run_code
from actions.steps.shape_script import shapes_script

COMPARING_S = 60.0
_LOOK = """
SELECT coalesce(json_object_agg(w.t, json_build_object(
  'columns', (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END,
      CASE WHEN a.attcollation <> t.typcollation THEN 'COLLATE ' || l.collname ELSE '' END,
      CASE a.attgenerated WHEN '' THEN '' ELSE 'GENERATED ' END ||
      CASE WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' OR d.adbin IS NULL THEN ''
        ELSE 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END)), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = w.r AND a.attnum > 0 AND NOT a.attisdropped),
  'parts', (SELECT coalesce(json_agg(json_build_array(name, told)), '[]') FROM (
    SELECT c.relname AS name,
        pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END AS told
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = w.r
    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE conrelid = w.r AND contype IN ('p', 'u', 'c', 'x')
    UNION ALL SELECT k.conname, format('FOREIGN KEY (%s) REFERENCES %s(%s)',
        (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
          WHERE attrelid = k.conrelid AND attnum = ANY (k.conkey)),
        (SELECT relname FROM pg_class WHERE oid = k.confrelid),
        (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
          WHERE attrelid = k.confrelid AND attnum = ANY (k.confkey)))
        || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END
      FROM pg_constraint k WHERE k.conrelid = w.r AND k.contype = 'f') parts)
  )), '{{}}')
FROM (SELECT t, to_regclass(quote_ident(t)) AS r FROM unnest(ARRAY[{tables}]::text[]) t) w WHERE w.r IS NOT NULL;
"""
_BEGIN = """
BEGIN;
DO $$ BEGIN PERFORM set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true); END $$;
"""


def compare(
    world: World,
    client: DatabaseClient,
    database: str,
    code: DjangoCode,
    recorded: Iterable[Migration],
    moves: Iterable[Migration],
    *,
    forward: bool,
) -> Compared:
    """Whether the tables are as after these migrations (``forward``), or as before. Expected errors become words."""
    try:
        return _compare(world, client, database, code, list(recorded), list(moves), forward)
    except GoaroundError as error:
        return Compared(unknown=world.redact(error.line()))
    except (ValueError, KeyError, TypeError, IndexError) as error:  # what was told was not written by us
        return Compared(unknown=sanitise(f"what was told is not understood: {error}", limit=200))


def _compare(
    world: World,
    client: DatabaseClient,
    database: str,
    code: DjangoCode,
    recorded: list[Migration],
    moves: list[Migration],
    forward: bool,
) -> Compared:
    program = shapes_script(code.database, _pairs(recorded), _pairs(moves))
    ended = run_code(world, code, "shell", "-v", "0", "-c", program, read_only=bool(code.image))
    line = marked(ended.out)
    if not ended.ok or not line:
        return Compared(unknown=ended.words or "the code does not tell its tables")
    told = json.loads(line)
    after, before = told["with"], told["without"]
    if unseen := tuple(sanitise(str(one), limit=200) for one in told["unseen"]):
        return Compared(unseen=unseen)
    tables = changed(after, before)
    if not tables:
        return Compared()
    there, first, last = _shapes(world, client, database, tables, after, before)
    shown = changed(first, last)
    wanted, other = (first, last) if forward else (last, first)
    # A name that Django made up for the with and the without alike is no declared one.
    declared = {name for side in (after, before) for table in tables for name in (side.get(table) or [0, 0, []])[2]}
    lines = differences(wanted, other, there, declared, tables)
    return Compared(tuple(_safe(world, one) for one in shown), tuple(_safe(world, one) for one in lines))


def _shapes(
    world: World, client: DatabaseClient, database: str, tables: tuple[str, ...], *sides: dict[str, Any]
) -> tuple[Shape, Shape, Shape]:
    look = _LOOK.format(tables=", ".join(map(literal, tables)))
    text = f"SET statement_timeout = '{round(COMPARING_S * 1000)}'; SET lock_timeout = '2s';\n" + look
    for side in sides:
        makes = [statement for table in tables for statement in (side.get(table) or [[]])[0]]
        made = "".join(f"{str(one).rstrip().rstrip(';')};\n" for one in makes)
        # Only names of tables that were made just now are looked up: others would be those that stay.
        kept = ", ".join(literal(table) for table in tables if table in side)
        text += f"{_BEGIN}{made}{_LOOK.format(tables=kept)}ROLLBACK;\n"
    result = run_psql(world, client, database, text, s=COMPARING_S + 10)
    if result.exit_status != 0:
        words = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(world.redact(words[0]) if words else f"psql ended with {result.exit_status}")
    rows = [json.loads(line) for line in result.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    there, first, last = rows
    return shape_of(there), *(_with_keys(shape, side) for shape, side in zip((first, last), sides, strict=True))  # type: ignore[return-value]


def _with_keys(shape: dict[str, Any], side: dict[str, Any]) -> Shape:
    for table, found in shape.items():
        found["parts"] += [["", f"FOREIGN KEY ({c}) REFERENCES {other}({to})"] for c, other, to in side[table][1]]
    return shape_of(shape)


def _pairs(migrations: list[Migration]) -> list[list[str]]:
    return [[one.app, one.name] for one in migrations]


def _safe(world: World, text: str) -> str:
    return world.redact(sanitise(text, limit=200))
