"""Says every few seconds how far a restore has come, as the server sees it, whatever program fills the database.

What the programs say of themselves is passed on elsewhere. Nothing that goes wrong here disturbs a restore.
"""

from __future__ import annotations

import threading
from types import TracebackType

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.sensor_rules import size_words
from actions.steps.database_reading import MAINTENANCE, ask
from actions.steps.perform_ground import one_line

EVERY_S = 5.0
PROGRESS_SQL = """
WITH busy AS (
  SELECT substring(query FROM
      '^\\s*((?:COPY|CREATE (?:UNIQUE )?INDEX|ALTER TABLE(?: ONLY)?|ANALYZE)\\s+[^\\s(;]+)') AS what
  FROM pg_stat_activity WHERE datname = {name} AND state = 'active' AND backend_type = 'client backend'
), copied AS (
  SELECT 'SELECT sum(tuples_processed) AS n FROM pg_catalog.pg_stat_progress_copy WHERE datname = ' AS sql
  WHERE to_regclass('pg_catalog.pg_stat_progress_copy') IS NOT NULL
)
SELECT json_build_object(
  'size', (SELECT pg_database_size(oid) FROM pg_database WHERE datname = {name}),
  'rows', (SELECT coalesce((xpath('/row/n/text()',
    query_to_xml(sql || quote_literal({name}), false, true, '')))[1]::text::bigint, 0) FROM copied),
  'now', (SELECT coalesce(json_agg(what ORDER BY what), '[]') FROM busy WHERE what IS NOT NULL)
)"""
"""Of a statement no more is read than its first words and a name: in the rest may stand somebody's data."""


class RestoreProgress:
    """A context: while it is open, the report gets a line now and then."""

    def __init__(self, world: World, client: DatabaseClient, database: str, report: Reporter) -> None:
        self._world, self._client, self._database, self._report = world, client, database, report
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="restore progress", daemon=True)

    def __enter__(self) -> RestoreProgress:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(EVERY_S):
            words = progress(self._world, self._client, self._database)
            if words and not self._ending.is_set():
                self._report.line(words)


def progress(world: World, client: DatabaseClient, database: str) -> str:
    """``obcms_rb: 143 MB; COPY public.visit, 120000 rows``; empty: the server does not tell."""
    try:
        found = ask(world, client, MAINTENANCE, PROGRESS_SQL.format(name=literal(database)), admin=True, s=10)
    except GoaroundError:
        return ""
    if not found or found["size"] is None:
        return ""
    now = "; ".join(" ".join(str(one).split()) for one in found["now"])
    rows = f", {found['rows']} rows of it" if found["rows"] else ""
    return one_line(world, f"{database}: {size_words(int(found['size']))} on disk{f'; {now}{rows}' if now else ''}")
