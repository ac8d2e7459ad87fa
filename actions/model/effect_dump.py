"""The effect that keeps a database as it is: a dump, and the number of rows of every table in the same snapshot."""

from __future__ import annotations

import shlex
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.database_names import conninfo, literal
from actions.model.effect_keeping import KeepsFile
from actions.model.effect_words import place, with_env
from actions.model.quick_dataclass import dataclass

SNAPSHOT = "SNAPSHOT"
"""Stands in the shown command for the name that the server gives when it is run."""

WAIT_S = 120
"""How long the snapshot is held for a dump that does not come."""
_COUNT = """\
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
{wait}{manifest};
COMMIT;
"""
# The dump has taken the snapshot over when it has locked a table of somebody's: what it asks before it takes none but
# the server's own, whose numbers are below 16384. Where there is no such table, the wait ends when the dump has ended.
_WAIT = """\
DO $goaround$
BEGIN
  FOR i IN 1..{turns} LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN EXISTS (SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.application_name = {name}
      AND a.backend_start > now() AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384)
      OR EXISTS (SELECT FROM pg_stat_activity WHERE application_name = {over});
    PERFORM pg_sleep(0.01);
  END LOOP;
END
$goaround$;
"""
# Cancelling the wait instead might hit the count, which follows it at once: it is told, and ends by itself.
_OVER = """\
SET application_name = {over};
DO $goaround$
BEGIN
  FOR i IN 1..{turns} LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = {name}
      AND (query LIKE 'DO %' OR query LIKE 'SELECT pg_export%'));
    PERFORM pg_sleep(0.01);
  END LOOP;
END
$goaround$;
"""


@dataclass(frozen=True)
class KeepDump(KeepsFile):
    """A dump under a temporary name, checked, and only then given its own, with its manifest beside it.

    Whatever is killed at whatever moment: a file of this name is whole, and its manifest is there.
    """

    kind: ClassVar[str] = "dump"
    client: DatabaseClient
    database: str
    path: str
    """Where it will lie, on the client's host: a new file, mode 0600."""
    mark: str
    """By which the sessions of this dump are found on the server."""
    incident: str
    sql: str
    """One statement whose only value is the manifest as JSON."""
    need: int
    """Bytes that must be free."""
    last: int = 0
    """Bytes of the last backup of this database that was made so; 0: there is none."""
    command: tuple[str, ...] = ()
    """Another command than pg_dump, on the same host; its rows are counted in a snapshot of their own."""

    @property
    def host(self) -> str:
        """Where it is run and kept."""
        return self.client.host

    @property
    def folder(self) -> str:
        """Where it lies."""
        return self.path.rpartition("/")[0] or "/"

    @property
    def dump_name(self) -> str:
        """``application_name`` of the session that dumps."""
        return f"goaround dump {self.mark}"

    @property
    def count_name(self) -> str:
        """``application_name`` of the session that holds the snapshot and counts."""
        return f"goaround count {self.mark}"

    @property
    def over_name(self) -> str:
        """``application_name`` of a session that tells that the dump has ended."""
        return f"goaround over {self.mark}"

    def dump_argv(self, snapshot: str) -> tuple[str, ...]:
        """The program that dumps, with the name of the snapshot."""
        if self.command:
            return self.command
        argv = self.client.pg_dump(self.database, "--format=custom", f"--snapshot={snapshot}")
        return (*argv[:-1], self._dbname(self.dump_name))

    def count_argv(self) -> tuple[str, ...]:
        """psql that holds the snapshot and counts."""
        argv = self.client.psql(self.database, admin=True)
        return (*argv[:-1], f"{argv[-1]} application_name={_value(self.count_name)}")

    def count_sql(self) -> str:
        """What psql is given: the name of a snapshot, a wait until the dump has it, the manifest."""
        names = {"name": literal(self.dump_name), "over": literal(self.over_name)}
        wait = "" if self.command else _WAIT.format(**names, turns=round(WAIT_S / 0.01))
        return _COUNT.format(wait=wait, manifest=self.sql.strip().rstrip(";"))

    def over_sql(self) -> str:
        """Tells the session that counts that the dump has ended, until it waits no more. Gives no value."""
        names = {"name": literal(self.count_name), "over": literal(self.over_name)}
        return _OVER.format(**names, turns=round(WAIT_S / 0.01))

    def list_argv(self) -> tuple[str, ...]:
        """Reads the table of contents of the dump, which comes in through its input."""
        return self.client.pg_restore("", "--list")

    def _dbname(self, application: str) -> str:
        return f"--dbname={conninfo(self.database)} application_name={_value(application)}"

    def lines(self) -> tuple[str, ...]:
        from actions.model.sensor_rules import size_words

        need = f", which must have {size_words(self.need)} free" if self.need else ""
        env = self.client.env
        return (
            place(self.host, self.client.cwd),
            f"  dump   {self.database} to {self.path}",
            f"         into {self.folder} (made for its owner alone when it is missing){need}",
            f"  sql    {with_env(env, shlex.join(self.count_argv()))}",
            *(f"         {line}" for line in self.count_sql().strip().splitlines()),
            f"  run    {with_env(env, shlex.join(self.dump_argv(SNAPSHOT)))} > {shlex.quote(self.partial)}",
            "         (it must end with 0, the file must be new)",
            f"  check  {shlex.join(self.list_argv())} < {shlex.quote(self.partial)}, its end, sha256, size",
            f"  write  {self.manifest}, then rename {self.partial} to {self.path}",
        )


def _value(text: str) -> str:
    """A text as the value of an option of the connection."""
    return conninfo(text).partition("=")[2]
