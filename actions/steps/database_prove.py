"""Proves that the restored database is live: asked which it is, read and written as the application, and probed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.database_names import ident
from actions.model.effect import Effect, ObserveCommit, ObserveImages, ProbeHttp
from actions.model.effect_database import RunSql
from actions.model.effect_side import ObserveDatabase
from actions.model.ports import Reporter, World
from actions.model.rights_sql import rights_sql
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
    code: ObserveImages | ObserveCommit | None = None
    """The code that must run over it; None: nobody can tell which does."""
    lacking: tuple[str, ...] = ()
    """Tables and sequences that the application's role could not fully use before, either."""
    rights: bool = False
    """All others must be the application's to read and write."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Prove that {self.live} is back, from {self.backup}"

    def expected(self) -> str:
        """The state that counts as done."""
        count = len(self.probes)
        probes = f"; {count} probe{'s pass' if count > 1 else ' passes'}" if count else ""
        rights = ", with the rights it had" if self.rights else ""
        code = "; the code that is for it runs" if self.code is not None else ""
        return f"{self.live} holds the backup, and is read and written as the application does{rights}{code}{probes}"

    def effects(self) -> tuple[Effect, ...]:
        """First which database it is: a probe proves nothing while the wrong one answers."""
        client = self.client
        argv = client.psql(self.live)
        answers = RunSql(client.host, argv, self._sql(), self.live, cwd=client.cwd, env=dict(client.env), timeout_s=60)
        code = (self.code,) if self.code is not None else ()
        return (ObserveDatabase(client, self.live, self.identity), answers, *code, *self.probes)

    def _sql(self) -> str:
        """A write that is taken back: a database that only reads, or refuses the application's role, is not back."""
        rights = rights_sql(self.lacking) if self.rights else ""
        if len(self.table) != 3:
            return f"{PATIENCE}{rights}BEGIN; CREATE TEMPORARY TABLE goaround_try (id integer); ROLLBACK;\n"
        table, column = f"{ident(self.table[0])}.{ident(self.table[1])}", ident(self.table[2])
        one = f"(SELECT ctid FROM {table} LIMIT 1)"
        return f"{PATIENCE}{rights}BEGIN;\nUPDATE {table} SET {column} = {column} WHERE ctid = {one};\nROLLBACK;\n"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Look, write, probe."""
        performed = perform(self.effects(), world, report)
        ended = performed.failed_at - 1 if performed.failed_at else len(self.effects())
        passed = max(0, ended - (len(self.effects()) - len(self.probes)))
        facts = self._facts(performed.facts, performed.failed_at) | {"probes": f"{passed} of {len(self.probes)}"}
        if not performed.ok:
            return StepResult(performed.outcome, performed.summary, facts)
        probes = f"{facts['probes']} probes passed" if self.probes else "no probe is configured"
        code = f", {facts['code running']} runs over it" if facts.get("code running") else ""
        words = f"{self.live} holds {self.backup} and is written to{code}; {probes}"
        return StepResult(performed.outcome, words, facts)

    def _facts(self, facts: dict[str, str], failed_at: int) -> dict[str, str]:
        """Both looks tell what runs: the backup is what this goes back to, the code has a name of its own."""
        if self.code is None or failed_at in (1, 2) or "running" not in facts:
            return facts
        return {**facts, "running": self.identity, "code running": facts["running"]}
