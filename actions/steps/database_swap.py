"""Swaps the names of the live database and the one beside it: in one statement of the server, undone by the same.

Nothing is dropped. Who is connected was dealt with before, and is ended by the statement; what the SQL is, and how the
names stand, is told by ``model.swap_sql``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.database_names import ident, literal
from actions.model.effect import Effect
from actions.model.effect_database import RunSql
from actions.model.errors import GoaroundError
from actions.model.loss import LossReport
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.model.swap_sql import PATIENCE_S, Standing, SwapNames, open_sql, standing, standing_sql, swap_sql
from actions.steps.database_code_switch import FormerCode
from actions.steps.database_reading import ask
from actions.steps.loss_reading import counts
from actions.steps.perform import perform
from actions.steps.side_debt import gone_facts
from actions.steps.side_reading import MAINTENANCE, note_of

SETTLE_S = PATIENCE_S + 5
"""How long a swap whose psql is gone is waited for."""


@dataclass(frozen=True)
class SwapDatabases:
    """The side database takes the live name; the live one is kept under another."""

    step_id: ClassVar[str] = "database.swap"
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
    """It can be undone; what the application writes from then on cannot be kept by the undo."""
    client: DatabaseClient
    incident: str
    names: SwapNames
    loss: str
    """What is lost, in the words that are approved."""
    counted: dict[str, str]
    """Rows and largest key of each table of the live database when the plan was drawn."""
    drawn: str
    """When that was."""
    size: str = ""
    """Of the database that is kept: ``1.2 GB``."""
    due: str = ""
    """When it is to be looked at whether it still must be kept."""
    code: FormerCode | None = None
    """Where other code is started over the restored database: what becomes of it before and after the swap back."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Swap: {self.names.side} becomes {self.names.live} (lost: {self.loss})"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"{self.names.live} is the restored database; the former one is kept, closed, as {self.names.kept}"

    def effects(self) -> tuple[Effect, ...]:
        """The one statement."""
        return (self._sql(swap_sql(self.names, self._marked())),)

    def undo_effects(self) -> tuple[Effect, ...]:
        """The swap back; where no name was changed, the live name is opened. Code that is not for the former schema
        is stopped before, and what ran before is started after it."""
        live, kept = self.names.live, self.names.kept
        text = (
            f"SELECT EXISTS (SELECT FROM pg_database WHERE datname = {literal(kept)}) AS swapped \\gset\n"
            f"\\if :swapped\n{swap_sql(self.names.back)}\\else\n"
            f"ALTER DATABASE {ident(live)} ALLOW_CONNECTIONS true;\n\\endif\n"
        )
        if self.code is None:
            return (self._sql(text),)
        return (*self.code.before(), self._sql(text), *self.code.after())

    def _marked(self) -> str:
        """From now on the comment says that it was live: nothing drops it any more."""
        mark = literal(json.dumps({"live": self.drawn}))
        return f"""    EXECUTE format('COMMENT ON DATABASE %I IS %L', live,
      (SELECT (shobj_description(oid, 'pg_database')::jsonb || {mark}::jsonb)::text
       FROM pg_database WHERE datname = live));
"""

    def _sql(self, text: str) -> RunSql:
        client = self.client
        argv = client.psql(MAINTENANCE, admin=True)
        return RunSql(client.host, argv, text, self.names.live, cwd=client.cwd, env=dict(client.env))

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return (
            f"the server carries the swap to its end or takes it back; {self.names.live} is all of the one or all "
            "of the other. Look again; undo opens it should it let nobody in."
        )

    def moved(self, world: World) -> str:
        """Whether names, the side database or the live data are not what the plan says."""
        stands = self._stands(world)
        if stands.swapped is not False:
            return stands.words
        _, note = note_of(world, self.client, self.names.side)
        if note is None or note.goaround != self.incident or not note.usable:
            return f"{self.names.side} is not a verified database of this incident"
        if not stands.open:  # a swap was cut off by the end of the server: nobody has written since
            return ""
        more = LossReport(self.drawn, counted=self.counted).more_since(counts(world, self.client, self.names.live))
        if more:
            return f"{more} row{'' if more == 1 else 's'} more than the plan says were written: draw the plan again"
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Swap; what psql could not tell is asked of the server."""
        result = perform(self.effects(), world, report).as_result()
        if result.outcome is Outcome.DONE:
            seen = self._looked(world, report, wanted=True)
            words = seen.detail if seen.happened is Happened.YES else f"{result.summary}. Now: {seen.detail}"
            return replace(result, summary=words, facts={**result.facts, **self._owed()})
        seen = self._looked(world, report, wanted=True)
        if seen.happened is Happened.YES:
            return StepResult(Outcome.DONE, f"{seen.detail} (psql: {result.summary})", {**result.facts, **seen.facts})
        outcome = Outcome.FAILED if seen.happened is Happened.NO else result.outcome
        return StepResult(outcome, f"{result.summary}. Now: {seen.detail}", result.facts)

    def _owed(self) -> dict[str, str]:
        size = f" ({self.size})" if self.size else ""
        kept = self.names.kept
        owed = {"debt": f"the former database is kept as {kept}{size}", "debt about": kept, "due": self.due}
        return {**owed, **gone_facts(self.names.side)}  # the side database is the live one now

    def check(self, world: World) -> Checked:
        """How the names stand."""
        return self._settled(world, wanted=True)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Swap back."""
        result = perform(self.undo_effects(), world, report).as_result()
        seen = self._with_code(self._looked(world, report, wanted=False), world)
        outcome = Outcome.DONE if seen.happened is Happened.YES else result.outcome
        if outcome is Outcome.DONE and seen.happened is not Happened.YES:
            outcome = Outcome.UNKNOWN
        return StepResult(outcome, f"{result.summary}. Now: {seen.detail}", {**result.facts, **seen.facts})

    def check_undone(self, world: World) -> Checked:
        """How the names stand, and whether the former code runs where another one was started."""
        return self._with_code(self._settled(world, wanted=False), world)

    def _with_code(self, seen: Checked, world: World) -> Checked:
        return self.code.judged(seen, world) if self.code is not None else seen

    def _looked(self, world: World, report: Reporter, *, wanted: bool) -> Checked:
        """How the names stand after a try. Whoever ended the statement's session on the server has left the live name
        closed: it is opened at once. A server that does not answer leaves it unknown, and no failure.
        """
        try:
            seen = self._settled(world, wanted=wanted)
            stands = self._stands(world)
            if stands.open or stands.swapped is None or self._under_way(world):
                return seen
            report.line(f"{self.names.live} lets nobody in: it is opened again")
            perform((self._sql(open_sql(self.names.live)),), world, report)
            return self._settled(world, wanted=wanted)
        except GoaroundError as error:
            return Checked(Happened.UNKNOWN, error.line())

    def _settled(self, world: World, *, wanted: bool) -> Checked:
        end = world.clock.monotonic_ms() + SETTLE_S * 1000
        while self._under_way(world):
            if world.clock.monotonic_ms() >= end:
                return Checked(Happened.UNKNOWN, "the swap is still under way on the server")
            world.clock.sleep(0.2)
        stands = self._stands(world)
        if stands.swapped is None or not stands.open:
            how = "undo opens it" if stands.swapped is not None else "look at the names by hand"
            return Checked(Happened.UNKNOWN, f"{stands.words}: {how}")
        if stands.swapped is not wanted:
            return Checked(Happened.NO, stands.words)
        if wanted:
            return Checked(Happened.YES, stands.words, self._owed())
        back = f"the restored database is kept as {self.names.side}: it was live"
        by_hand = f"once nobody needs it, by hand: a person drops {self.names.side}"
        _, note = note_of(world, self.client, self.names.side)
        owed = {"debt": back, "due": self.due, "undo": by_hand} if note is not None and note.live else {}
        return Checked(Happened.YES, stands.words, {**owed, **gone_facts(self.names.kept)})

    def _under_way(self, world: World) -> bool:
        sql = f"""SELECT to_json(count(*)) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid()
          AND query LIKE 'DO $goaround%' AND position({literal(literal(self.names.kept))} IN query) > 0"""
        return bool(ask(world, self.client, MAINTENANCE, sql, admin=True))

    def _stands(self, world: World) -> Standing:
        try:
            found = ask(world, self.client, MAINTENANCE, standing_sql(self.names), admin=True)
        except GoaroundError as error:
            raise GoaroundError("how the names stand cannot be asked", error.line(), "start the server") from error
        return standing(self.names, found)
