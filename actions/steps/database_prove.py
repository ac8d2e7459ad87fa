"""Proves that the restored database is live: asked which it is, read and written as the application, and probed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.database_names import ident
from actions.model.effect import Effect, ProbeHttp
from actions.model.effect_database import RunSql
from actions.model.effect_side import ObserveDatabase
from actions.model.ports import Reporter, World
from actions.model.step import StepResult
from actions.steps.perform import perform
from actions.steps.reading import ReadingStep

PATIENCE = "SET lock_timeout = '5s'; SET statement_timeout = '30s';\n"


@dataclass(frozen=True)
class ProveDatabase(ReadingStep):
    """What makes the database option green. Facts: ``running``, the identity of the backup, and ``probes``."""

    step_id: ClassVar[str] = "database.prove"
    client: DatabaseClient
    live: str
    backup: str
    """Its name, for people."""
    identity: str
    table: tuple[str, ...] = ()
    """Schema, table and column that the application reads and writes."""
    probes: tuple[ProbeHttp, ...] = ()

    def title(self) -> str:
        """What the checklist row says."""
        return f"Prove that {self.live} is back, from {self.backup}"

    def expected(self) -> str:
        """The state that counts as done."""
        count = len(self.probes)
        probes = f"; {count} probe{'s pass' if count > 1 else ' passes'}" if count else ""
        return f"{self.live} holds the backup, and is read and written as the application does{probes}"

    def effects(self) -> tuple[Effect, ...]:
        """First which database it is: a probe proves nothing while the wrong one answers."""
        client = self.client
        argv = client.psql(self.live)
        answers = RunSql(client.host, argv, self._sql(), self.live, cwd=client.cwd, env=dict(client.env), timeout_s=60)
        return (ObserveDatabase(client, self.live, self.identity), answers, *self.probes)

    def _sql(self) -> str:
        """A write that is taken back: a database that only reads, or refuses the application's role, is not back."""
        if len(self.table) != 3:
            return PATIENCE + "BEGIN; CREATE TEMPORARY TABLE goaround_try (id integer); ROLLBACK;\n"
        table, column = f"{ident(self.table[0])}.{ident(self.table[1])}", ident(self.table[2])
        one = f"(SELECT ctid FROM {table} LIMIT 1)"
        return f"{PATIENCE}BEGIN;\nUPDATE {table} SET {column} = {column} WHERE ctid = {one};\nROLLBACK;\n"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Look, write, probe."""
        performed = perform(self.effects(), world, report)
        ended = performed.failed_at - 1 if performed.failed_at else len(self.effects())
        passed = max(0, ended - (len(self.effects()) - len(self.probes)))
        facts = performed.facts | {"probes": f"{passed} of {len(self.probes)}"}
        if not performed.ok:
            return StepResult(performed.outcome, performed.summary, facts)
        probes = f"{facts['probes']} probes passed" if self.probes else "no probe is configured"
        return StepResult(performed.outcome, f"{self.live} holds {self.backup} and is written to; {probes}", facts)
