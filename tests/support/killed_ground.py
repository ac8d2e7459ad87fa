"""The live database, a backup of it, and programs that end at a named statement: what a sweep of kills stands on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from database_ground import INCIDENT, LIVE, WRITTEN_SINCE, Ground, make_ground, told
from forked_worker import ForkedWorker
from killed_programs import LOCK, KillingPrograms
from planned_steps import step_of
from postgres_server import OWNER, PostgresServer

from actions.engine.planner import draw, releases
from actions.model.backup_file import Format
from actions.model.plan import Plan
from actions.model.step import Outcome, StepResult

SUMS = """
SELECT coalesce(md5(string_agg(format('%s.%s %s', n.nspname, c.relname, md5(query_to_xml(
    format('SELECT * FROM %I.%I t ORDER BY t::text', n.nspname, c.relname), true, false, '')::text)), ' '
  ORDER BY n.nspname, c.relname)), 'nothing')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
"""One sum over every row of every table."""


@dataclass
class KilledGround:
    """A ground whose configured programs can be told to end."""

    ground: Ground
    programs: KillingPrograms
    old: str
    """The sum of the live database as it is when a plan is drawn."""
    new: str
    """The sum of what the backup holds."""

    @property
    def server(self) -> PostgresServer:
        return self.ground.server

    def drawn(self) -> Plan:
        """The plan over the newest backup."""
        found, _ = releases(self.ground.settings, "database", self.ground.world)
        backup = next(one for one in found if one.source == "backup")
        return draw(self.ground.settings, "database", backup, self.ground.world, INCIDENT)

    def sums(self, database: str = LIVE) -> str:
        """Of everything that a database holds."""
        return self.server.sql(SUMS, database)

    def answers(self) -> str:
        """What the live name answers: all of the `old`, or all of the `new`; anything else fails."""
        return {self.old: "old", self.new: "new"}[self.sums()]

    def fly(self, plan: Plan, *codes: str) -> None:
        """These steps, undisturbed."""
        for code in codes:
            step = step_of(plan, code)
            assert step.moved(self.ground.world) == "", code
            result = step.run(self.ground.world, told())
            assert result.outcome is Outcome.DONE, (code, result.summary)

    def worker(self, call: Callable[..., StepResult], **environment: str) -> ForkedWorker:
        """A worker that runs a step, or undoes it."""
        return ForkedWorker(lambda: call(self.ground.world, told()), **environment)

    def killed(self, call: Callable[..., StepResult], how: str, program: str = "psql", **where: Any) -> StepResult:
        """Run it, and end `how` (`killed_programs.LINES`) there; the server runs again. None-like where the worker
        died: UNKNOWN.
        """
        self.programs.at(how, program, **where)
        result = self.worker(call).end()
        assert self.programs.waiting() == [], "the named point was not passed"
        if how == "server":
            self.server.restart()
        assert (result is None) is (how in ("worker", "both")), (how, where)
        return result or StepResult(Outcome.UNKNOWN, "the worker died")

    def clients(self) -> list[int]:
        """Every psql that is at work on this server: the worker waits for them, questions of the test have ended."""
        return [int(one) for one in os.listdir("/proc") if one.isdigit() and self._is_ours(Path("/proc", one))]

    def _is_ours(self, process: Path) -> bool:
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            return (
                words[0] == os.fsencode(self.server.programs / "psql")
                and os.fsencode(self.server.folder) in (process / "environ").read_bytes()
            )
        except OSError:
            return False  # it ended meanwhile

    def held(self, call: Callable[..., StepResult], before: str) -> tuple[ForkedWorker, int, psycopg.Connection[Any]]:
        """The worker, the server process that waits before that text, and the session that lets it go when closed."""
        keeper = psycopg.connect(host=str(self.server.folder), user=OWNER, dbname="postgres", autocommit=True)
        keeper.execute(f"SELECT pg_advisory_lock({LOCK})")
        self.programs.at("hold", before=before)
        worker = self.worker(call)
        waiting = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND NOT granted"
        while (row := keeper.execute(waiting).fetchone()) is None:
            assert worker.alive(), (before, worker.end())
            time.sleep(0.01)
        return worker, int(row[0]), keeper


@contextmanager
def standing(server: PostgresServer, folder: Path) -> Iterator[KilledGround]:
    """A ground for all tests of a module: each leaves it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGHOST", str(server.folder))
        server.wipe()
        yield killed_ground(server, folder)
        server.wipe()


def killed_ground(server: PostgresServer, folder: Path, form: Format = Format.CUSTOM) -> KilledGround:
    """A live database that was written to since its backup."""
    programs = KillingPrograms(folder / "bin", server.programs, server.data)
    ground = make_ground(server, folder)
    table = ground.settings.database
    assert table is not None
    ground.settings = replace(ground.settings, database=replace(table, bin=str(programs.folder)))
    new = server.sql(SUMS, LIVE)
    ground.dump(form)
    server.sql(WRITTEN_SINCE, LIVE)
    return KilledGround(ground, programs, server.sql(SUMS, LIVE), new)
