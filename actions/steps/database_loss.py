"""Counts what going back loses: the live database against the one beside it, and keeps the lost rows as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect
from actions.model.effect_sessions import AnalyzeTables
from actions.model.effect_side import MeasureLoss
from actions.model.ports import World
from actions.steps.reading import ReadingStep
from actions.steps.side_reading import note_of


@dataclass(frozen=True)
class CountLoss(ReadingStep):
    """Changes nothing; what it finds is what is approved."""

    step_id: ClassVar[str] = "database.loss"
    loss: MeasureLoss
    analyze: AnalyzeTables | None = None
    """The restored database gets the planner's numbers on this occasion: it needs them once it is live."""

    def title(self) -> str:
        """What the checklist row says."""
        again = " once more" if self.loss.at_most >= 0 else ""
        return f"Count{again} what is lost with {self.loss.side}"

    def expected(self) -> str:
        """The state that counts as done."""
        if self.loss.at_most >= 0:
            return f"not more than the {self.loss.at_most} rows that the plan says"
        return "the rows that are there now and not in the backup are counted, and kept as data"

    def effects(self) -> tuple[Effect, ...]:
        """The planner's numbers where they are missing, and the comparison."""
        return (*((self.analyze,) if self.analyze is not None else ()), self.loss)

    def moved(self, world: World) -> str:
        """Whether there is nothing to compare with."""
        _, note = note_of(world, self.loss.client, self.loss.side)
        ready = note is not None and note.goaround == self.loss.incident and note.verified and not note.live
        return "" if ready else f"{self.loss.side} is not a verified database of this incident"
