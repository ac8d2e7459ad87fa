"""Reads who is in the way of a change of tables: sessions that hold locks on them, or sit in an open transaction."""

from __future__ import annotations

from dataclasses import dataclass

from actions.model.database_client import APPLICATION, DatabaseClient
from actions.model.database_names import literal
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.steps.database_reading import ask

_SQL = """
WITH wanted AS (SELECT to_regclass(quote_ident(t)) AS r FROM unnest(ARRAY[{tables}]::text[]) t), held AS (
  SELECT l.pid, array_agg(DISTINCT l.relation::regclass::text) AS tables
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND (NOT EXISTS (SELECT FROM wanted) OR l.relation IN (SELECT r FROM wanted))
  GROUP BY l.pid
)
SELECT coalesce(json_agg(json_build_array(a.pid, coalesce(a.usename, ''), a.application_name, a.state,
  extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, left(a.query, 200), array_to_json(h.tables))
  ORDER BY a.xact_start), '[]')
FROM pg_stat_activity a JOIN held h USING (pid)
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name NOT LIKE {ours}
  AND (a.state LIKE 'idle in transaction%' OR clock_timestamp() - a.xact_start > interval '{longer} seconds')
"""


@dataclass(frozen=True)
class Blocker:
    """A session in the way. Texts are sanitised and redacted."""

    pid: int
    role: str
    program: str
    state: str
    seconds: int
    """Age of its transaction."""
    query: str
    tables: tuple[str, ...]

    def words(self) -> str:
        """For the eye."""
        who = ", ".join(part for part in (self.role, self.program, self.state) if part)
        return f"pid {self.pid} ({who} for {self.seconds} s) holds {', '.join(self.tables)}: {self.query}"


def blockers(
    world: World, client: DatabaseClient, database: str, tables: tuple[str, ...] = (), longer_s: int = 30
) -> tuple[Blocker, ...]:
    """Sessions that hold locks on these tables (of any, when none is named) and sit idle in a transaction, or have
    one that is older than ``longer_s``; the oldest first. Raises what ``ask`` raises.
    """
    sql = _SQL.format(tables=", ".join(map(literal, tables)), ours=literal(f"{APPLICATION}%"), longer=int(longer_s))

    def text(value: object) -> str:
        return sanitise(world.redact(sanitise(str(value))), limit=120)

    return tuple(
        Blocker(int(r[0]), text(r[1]), text(r[2]), text(r[3]), int(r[4] or 0), text(r[5]), tuple(map(text, r[6])))
        for r in ask(world, client, database, sql, admin=True)
    )
