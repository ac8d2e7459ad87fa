"""Changes the record of migrations and nothing else (``--fake``), where a comparison of the tables proves that it lies.

Both ways: what is recorded and not there, and what is there and not recorded. Nobody does it alone
(``actions.model.second_person``), and right before it runs the comparison must prove it once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect_schema import RunMigrate
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Outcome, Risk, StepResult
from actions.steps.migration_reverse import ReverseMigrations
from actions.steps.perform import perform
from actions.steps.schema_reading import recorded
from actions.steps.schema_shapes import compare


def unproven(world: World, runs: tuple[RunMigrate, ...]) -> str:
    """Why the tables do not prove that this record is right, or empty: they do."""
    one = runs[0]
    try:
        rows = recorded(world, one.client, one.database) or ()
    except GoaroundError as error:
        return world.redact(f"{one.database} cannot be asked: {error.line()}")
    there = {row.migration for row in rows}
    moves = [m for run in runs for m in run.moves if (m in there) is not one.forward]
    if not moves:
        return ""
    found = compare(world, one.client, one.database, one.code, there, moves, forward=one.forward)
    return "" if found.proven else f"the tables do not prove it: {found.words()}"


@dataclass(frozen=True)
class FakeReversal(ReverseMigrations):
    """``migration.fake``: recorded, and not there any more: only the record is taken back."""

    step_id: ClassVar[str] = "migration.fake"
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE

    def title(self) -> str:
        """The row; it is not a thing for one person alone."""
        count = len(self.takes)
        return f"Record {count} migration{'' if count == 1 else 's'} as taken back (--fake; with a second person)"

    def moved(self, world: World) -> str:
        """The comparison must prove it still."""
        return super().moved(world) or unproven(world, self.back)


@dataclass(frozen=True)
class FakeForward(ReverseMigrations):
    """``migration.fake_forward``: there, and not recorded: only the record is made. ``back`` makes it."""

    step_id: ClassVar[str] = "migration.fake_forward"
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE

    def title(self) -> str:
        """The row; it is not a thing for one person alone."""
        count = len(self.takes)
        return f"Record {count} migration{'' if count == 1 else 's'} as applied (--fake; with a second person)"

    def expected(self) -> str:
        """What counts as done."""
        return f"{self.database} has recorded {', '.join(map(str, self.takes))}; no table is changed"

    def moved(self, world: World) -> str:
        """Nothing else may have been recorded meanwhile, and the comparison must prove it still."""
        return super().moved(world) or unproven(world, self.back)

    def run(self, world: World, report: Reporter) -> StepResult:
        """Record them."""
        done = perform(self.effects(), world, report)
        if done.ok:
            return StepResult(Outcome.DONE, f"{len(self.takes)} migrations are recorded", done.facts)
        return StepResult(done.outcome, f"{done.summary}; {self.check(world).detail}", done.facts)

    def check(self, world: World) -> Checked:
        """What is recorded now."""
        return self._seen(world, wanted=True)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Take the record back; no table is changed."""
        done = perform(self.undo_effects(), world, report)
        if done.ok:
            return StepResult(Outcome.DONE, f"{len(self.takes)} migrations are not recorded any more", done.facts)
        return StepResult(done.outcome, f"{done.summary}; {self.check_undone(world).detail}", done.facts)

    def check_undone(self, world: World) -> Checked:
        """What is recorded now, the other way round."""
        return self._seen(world, wanted=False)
