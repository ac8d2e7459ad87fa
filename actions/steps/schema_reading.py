"""Reads what the schema verdict stands on: the record of migrations, and what the code of a release holds.

Everything here reads. Which code it is, and how it is run, is told by ``schema_code``; the verdict itself is pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskSchema
from actions.model.errors import GoaroundError
from actions.model.migrations import Dropped, Inside, Known, Migration, Recorded, SchemaVerdict, strangers, verdict
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.release import Release
from actions.model.schema_state import Diagnosis, diagnose
from actions.model.system import Settings
from actions.steps.database_reading import ask
from actions.steps.django_script import LISTING, marked, script, sql_script
from actions.steps.perform_ground import host_of
from actions.steps.pipe_script import Pipe

READING_S = 180.0
"""Deadline for one container that tells its migrations: real projects take their time to set up."""
COUNTING_S = 300.0
_THERE = "SELECT json_build_array(to_regclass('django_migrations') IS NOT NULL)"
_RECORDED = """
SELECT coalesce(json_agg(json_build_array(app, name, to_char(applied AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
  ORDER BY id), '[]') FROM django_migrations
"""
_COUNTS = """
WITH wanted(t, c) AS (VALUES {values}), there AS (
  SELECT t, c, to_regclass(quote_ident(t)) AS r FROM wanted
)
SELECT coalesce(json_agg(json_build_array(t, c, (xpath('/row/n/text()', query_to_xml(
    format('SELECT count(%s) AS n FROM %s', CASE c WHEN '' THEN '*' ELSE quote_ident(c) END, r), false, true, ''
  )))[1]::text::bigint)), '[]')
FROM there WHERE r IS NOT NULL
  AND (c = '' OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = r AND attname = c AND NOT attisdropped))
"""
_SCHEMA = """
SELECT json_build_object(
  'columns', (SELECT coalesce(json_agg(json_build_array(c.relname, a.attname)), '[]')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND pg_table_is_visible(c.oid)),
  'invalid', (SELECT coalesce(json_agg(i.indexrelid::regclass::text ORDER BY 1), '[]')
    FROM pg_index i WHERE NOT i.indisvalid
      AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)))
"""
_FILE = re.compile(r"(?:^|/)(?P<app>[^/]+)/migrations/(?P<name>[^/_~][^/]*)\.py$")


def schema_verdict(settings: Settings, world: World, release: Release) -> SchemaVerdict:
    """Whether the code of this release can live with the present schema. Reads only; never raises what is expected."""
    from actions.steps.schema_code import question

    try:
        return ask_schema(world, question(settings, world, release)).verdict
    except GoaroundError as error:
        return verdict((), Inside(unknown=error.line()))


@dataclass(frozen=True)
class Answered:
    """A verdict, and the readings that it was made of."""

    verdict: SchemaVerdict
    target: Inside
    running: Inside | None = None
    rows: tuple[Recorded, ...] = ()


def ask_schema(world: World, question: AskSchema) -> Answered:
    """Reads and judges. Raises what the database's clients raise."""
    if question.target.unknown:
        unasked = Inside(unknown=question.target.unknown)
        return Answered(verdict((), unasked), unasked)
    rows = recorded(world, question.client, question.database)
    return answered(question, rows, lambda code: inside(world, code, rows or ()))


def answered(
    question: AskSchema, rows: tuple[Recorded, ...] | None, inside_of: Callable[[DjangoCode], Inside]
) -> Answered:
    """Judges these rows. ``inside_of`` reads code; what runs is read only where the target does not know them all."""
    named = question.names or question.database
    target = of_the_database(inside_of(question.target), named)
    running = None
    if rows and not target.unknown and (target.weak or strangers(rows, target)):
        running = of_the_database(inside_of(question.running), named)
    return Answered(verdict(rows, target, running), target, running, rows or ())


def of_the_database(found: Inside, database: str) -> Inside:
    """The reading, or that it is of no use where the code's settings name another database."""
    if not found.database or found.database == database:
        return found
    return Inside(unknown=f"its settings name the database {found.database}, the configuration {database}")


def recorded(world: World, client: DatabaseClient, database: str) -> tuple[Recorded, ...] | None:
    """The rows of ``django_migrations``, in the order they were applied; None where there is no such table."""
    if ask(world, client, database, _THERE) != [True]:
        return None
    return tuple(Recorded(_migration(row), _text(row[2])) for row in ask(world, client, database, _RECORDED))


def counts(world: World, client: DatabaseClient, database: str, drops: Iterable[Dropped]) -> dict[Dropped, int]:
    """How many rows (of a table) or values that are not NULL (of a column) there are; what is not there is left out."""
    every = tuple(drops)
    if not every:
        return {}
    values = ", ".join(f"({literal(drop.table)}, {literal(drop.column)})" for drop in every)
    rows = ask(world, client, database, _COUNTS.format(values=values), s=COUNTING_S)
    return {Dropped(_text(row[0]), _text(row[1])): int(row[2]) for row in rows}


def inside(world: World, code: DjangoCode, rows: tuple[Recorded, ...] = ()) -> Inside:
    """The migrations that the code holds, asked of Django itself, else by their files; ``rows``: what is recorded."""
    if code.unknown:
        return Inside(unknown=code.unknown)
    try:
        return _inside(world, code, [[row.migration.app, row.migration.name] for row in rows])
    except GoaroundError as error:
        return Inside(unknown=error.line())


def _inside(world: World, code: DjangoCode, rows: list[list[str]]) -> Inside:
    if code.commit:
        if world.repository is None:
            return Inside(unknown="no clone is configured")
        return _listed(world.repository.paths(code.commit), "a list of files of the commit")
    why = ""
    for read_only in (True, False) if code.image else (False,):
        ended = run_code(world, code, "shell", "-v", "0", "-c", script(code.database, rows), read_only=read_only)
        if ended.ok and (found := _told(ended.out)) is not None:
            return found
        why = ended.words
    listing = run_code(world, code, "-c", LISTING, program=("sh",))
    if not listing.ok:
        return Inside(unknown=why or listing.words)
    found = _listed(listing.out.splitlines(), f"Django cannot be set up there ({why})")
    return found if found.migrations else Inside(unknown=why)


def diagnosis(world: World, client: DatabaseClient, database: str, code: DjangoCode) -> Diagnosis:
    """Where record and schema do not agree, by what the code says its migrations make. Raises what ``ask`` raises."""
    rows = recorded(world, client, database) or ()
    return diagnosis_of(world, client, database, inside(world, code, rows), rows)


def diagnosis_of(
    world: World, client: DatabaseClient, database: str, code: Inside, rows: tuple[Recorded, ...]
) -> Diagnosis:
    """The same of a reading that is there already."""
    found = ask(world, client, database, _SCHEMA)
    tables = {Dropped(_text(row[0]), _text(row[1])) for row in found["columns"]}
    tables |= {Dropped(one.table) for one in tables}
    return diagnose(code, rows, tables, tuple(_text(one) for one in found["invalid"]))


def backwards_sql(world: World, code: DjangoCode, migrations: Iterable[Migration]) -> dict[Migration, str]:
    """What ``sqlmigrate --backwards`` tells for each; one that it does not tell is left out."""
    wanted = [[m.app, m.name] for m in migrations]
    ended = run_code(world, code, "shell", "-v", "0", "-c", sql_script(code.database, wanted))
    line = marked(ended.out)
    try:
        rows = json.loads(line) if line else []
        return {_migration(row): _sql(world, str(row[2])) for row in rows if row[2]}
    except (ValueError, TypeError, IndexError):  # what stands there was not written by us
        return {}


def _sql(world: World, text: str) -> str:
    return "\n".join(world.redact(line) for line in sanitise(text, keep_newlines=True).splitlines())


@dataclass(frozen=True)
class CodeEnded:
    """How a program of a release ended."""

    ok: bool
    out: str
    """Its output, raw but for its encoding."""
    words: str
    """The last line of what it complained about; sanitised, redacted."""


def run_code(
    world: World,
    code: DjangoCode,
    *words: str,
    read_only: bool = False,
    program: tuple[str, ...] = (),
    s: float = READING_S,
) -> CodeEnded:
    """Run ``manage.py`` (or another program) of a release with these words. Raises what the host raises."""
    pipe = Pipe(code.stages(*words, read_only=read_only, program=program))
    result = host_of(world, code.host).run(
        pipe.argv,
        cwd=code.cwd,
        env={key: world.resolve(value) for key, value in code.env.items()} or None,
        timeout_s=s,
    )
    ends, told = pipe.ends(result.stderr)
    lines = [line for line in told.decode("utf-8", "replace").splitlines() if line.strip(" \t0123456789")]
    last = sanitise(world.redact(sanitise(lines[-1].strip())), limit=300) if lines else ""
    if result.timed_out:
        last = f"it did not answer within {round(s)} s"
    ok = not result.timed_out and ends[-1] == 0
    return CodeEnded(ok, result.stdout.decode("utf-8", "replace"), last or f"it ended with {ends[-1]}")


def _told(out: str) -> Inside | None:
    try:
        data = json.loads(marked(out))
        rows = tuple(_known(row) for row in data["migrations"])
        own = tuple(_text(one) for one in data["own"])
        return Inside(rows, own=own, database=_text(data["database"]), django=_text(data["django"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):  # what stands there was not written by us
        return None


def _known(row: dict[str, Any]) -> Known:
    return Known(
        migration=_migration((row["app"], row["name"])),
        parents=tuple(_migration(one) for one in row["parents"]),
        replaces=tuple(_migration(one) for one in row["replaces"]),
        atomic=row["atomic"] is True,
        one_way=tuple(_text(one) for one in row["one_way"]),
        noops=tuple(_text(one) for one in row["noops"]),
        drops=tuple(Dropped(_text(one[0]), _text(one[1])) for one in row["drops"]),
        unseen=tuple(_text(one) for one in row["unseen"]),
    )


def _migration(row: Any) -> Migration:
    return Migration(_text(row[0]), _text(row[1]))


def _text(value: Any) -> str:
    return sanitise(str(value), limit=200)


def _listed(paths: Iterable[str], weak: str) -> Inside:
    found = (_FILE.search(path.strip()) for path in paths)
    pairs = {Migration(_text(hit["app"]), _text(hit["name"])) for hit in found if hit is not None}
    rows = sorted(pairs, key=lambda one: (one.app, one.name))
    return Inside(tuple(map(Known, rows)), weak=weak, own=tuple(sorted({one.app for one in rows})))
