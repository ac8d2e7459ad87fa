"""Takes migrations back with the code that brought them, in one-off containers of it, before the code is switched.

Each migration is one transaction unless it says otherwise, so a failure leaves some taken back and others not: what
stands is read again and told. Whether it may be done was decided by the verdict; the plan is read again before it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.effect import Effect
from actions.model.effect_schema import RunMigrate
from actions.model.errors import GoaroundError
from actions.model.migrations import Migration
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform
from actions.steps.schema_reading import diagnosis, recorded


@dataclass(frozen=True)
class ReverseMigrations:
    """``migration.reverse``: what the target does not know is taken back; nothing of value is dropped by it."""

    step_id: ClassVar[str] = "migration.reverse"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    client: DatabaseClient
    database: str
    target: str
    """The release for which it is done."""
    back: tuple[RunMigrate, ...]
    again: tuple[RunMigrate, ...]
    """What applies them anew."""
    recorded: tuple[Migration, ...]
    """Everything that was recorded when this was drawn."""
    lost: dict[str, int] = field(default_factory=dict)
    """``column shop_order.total`` -> values (of a table: rows) that are there, and go."""
    not_atomic: tuple[Migration, ...] = ()

    @property
    def takes(self) -> tuple[Migration, ...]:
        """All that is taken back."""
        return tuple(m for one in self.back for m in one.moves)

    def title(self) -> str:
        """The row."""
        count = len(self.takes)
        return f"Take {count} migration{'' if count == 1 else 's'} back for {self.target}"

    def expected(self) -> str:
        """What counts as done, and what is lost with it."""
        gone = [f"{count} {'rows' if what.startswith('table') else 'values'} of {what}" for what, count in self._gone()]
        lost = f"; gone for good: {', '.join(gone)}" if gone else "; no value that is there now is dropped"
        return f"{self.database} has recorded none of {', '.join(map(str, self.takes))}{lost}"

    def _gone(self) -> list[tuple[str, int]]:
        return [(what, count) for what, count in sorted(self.lost.items()) if count]

    def effects(self) -> tuple[Effect, ...]:
        """The reversals, one app after the other."""
        return self.back

    def undo_effects(self) -> tuple[Effect, ...]:
        """Apply them again; values that were dropped do not come back."""
        return self.again

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        half = f"; not atomic, so may be half done: {', '.join(map(str, self.not_atomic))}" if self.not_atomic else ""
        return (
            "Some migrations may be taken back and others not, each whole; a container may go on for a while"
            f" (docker ps, goaround-migrate-…){half}; look at django_migrations before anything else"
        )

    def moved(self, world: World) -> str:
        """Whether the record of migrations is no longer as it was drawn, but for what a run of this has done."""
        try:
            rows = recorded(world, self.client, self.database)
        except GoaroundError as error:
            return world.redact(f"{self.database} cannot be asked: {error.line()}")
        found = {row.migration for row in rows or ()}
        ours = set(self.takes)
        if new := sorted(map(str, found - set(self.recorded))):
            return f"other migrations are recorded now: {', '.join(new[:5])}"
        if gone := sorted(map(str, set(self.recorded) - found - ours)):
            return f"others are not recorded any more: {', '.join(gone[:5])}"
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Take them back; when that ends in the middle, say what stands."""
        done = perform(self.effects(), world, report)
        if done.ok:
            return StepResult(Outcome.DONE, f"{len(self.takes)} migrations are taken back", done.facts)
        seen = self.check(world)
        return StepResult(done.outcome, f"{done.summary}; {seen.detail}", {**done.facts, **seen.facts})

    def check(self, world: World) -> Checked:
        """What is recorded now."""
        return self._seen(world, wanted=False)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Apply them again."""
        if not self.again:
            return StepResult(Outcome.FAILED, "there is no undo: nothing was drawn that applies them again")
        done = perform(self.undo_effects(), world, report)
        if done.ok and (half := self._half(world)):
            return StepResult(Outcome.FAILED, f"they are recorded as applied, and are not: {half}", done.facts)
        if done.ok:
            gone = self._gone()
            words = f"; values do not come back: {', '.join(what for what, _ in gone)}" if gone else ""
            return StepResult(Outcome.DONE, f"{len(self.takes)} migrations are applied again{words}", done.facts)
        return StepResult(done.outcome, f"{done.summary}; {self.check_undone(world).detail}", done.facts)

    def check_undone(self, world: World) -> Checked:
        """What is recorded now, the other way round."""
        return self._seen(world, wanted=True)

    def _seen(self, world: World, *, wanted: bool) -> Checked:
        try:
            rows = recorded(world, self.client, self.database)
        except GoaroundError as error:
            return Checked(Happened.UNKNOWN, world.redact(f"{self.database} cannot be asked: {error.line()}"))
        found = {row.migration for row in rows or ()}
        there = [m for m in self.takes if m in found]
        gone = [m for m in self.takes if m not in found]
        done, left = (there, gone) if wanted else (gone, there)
        names = f": {', '.join(map(str, there))}" if there else ""
        detail = f"{len(there)} of {len(self.takes)} are recorded{names}"
        happened = Happened.YES if not left else Happened.NO if not done else Happened.UNKNOWN
        # Its record changes last: what it had done before that, nobody can tell from the record.
        half = ", ".join(str(m) for m in self.not_atomic if m in left)
        if half:
            happened, detail = Happened.UNKNOWN, f"{detail}; not atomic, may be half done: {half}"
        elif wanted and happened is Happened.YES and (lost := self._half(world)):
            happened, detail = Happened.UNKNOWN, f"{detail}, and the schema is without them: {lost}"
        return Checked(happened, detail, {"recorded": str(len(there))})

    def _half(self, world: World) -> str:
        """What the schema lacks of those that are not atomic and are recorded; empty: nothing that can be seen."""
        if not self.not_atomic:
            return ""
        try:
            code = (self.again or self.back)[0].code
            found = diagnosis(world, self.client, self.database, code)
        except GoaroundError as error:
            return world.redact(f"whether the schema is so cannot be asked: {error.line()}")
        return "; ".join(one.words() for one in found.findings if one.migration in self.not_atomic)


@dataclass(frozen=True)
class ReverseWithLoss(ReverseMigrations):
    """``migration.reverse_with_loss``: the same where values that are there now go for good."""

    step_id: ClassVar[str] = "migration.reverse_with_loss"
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE
