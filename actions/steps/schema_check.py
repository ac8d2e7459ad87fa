"""The gate before any change of code: the schema verdict is asked for anew when it runs, and must be SAFE.

Going around it takes a reason and a second person, as with every gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect
from actions.model.effect_schema import AskLocks, AskSchema
from actions.steps.reading import ReadingStep


@dataclass(frozen=True)
class CheckSchema(ReadingStep):
    """``schema.check``: everything the database has recorded must be known to the target."""

    step_id: ClassVar[str] = "schema.check"
    question: AskSchema
    drawn: str
    """The verdict when this was drawn: ``REVERSE FIRST``."""

    def title(self) -> str:
        """The row, with the verdict as it was when it was drawn."""
        return f"Schema verdict for {self.question.target.release} (when drawn: {self.drawn})"

    def expected(self) -> str:
        """What counts as done."""
        return f"SAFE: {self.question.target.release} knows every migration that {self.question.database} has recorded"

    def effects(self) -> tuple[Effect, ...]:
        """The question."""
        return (self.question,)


@dataclass(frozen=True)
class CheckLocks(ReadingStep):
    """``migration.locks``: nobody is in the way of the tables that will change."""

    step_id: ClassVar[str] = "migration.locks"
    asked: AskLocks

    def title(self) -> str:
        """The row."""
        return "Look for sessions in the way"

    def expected(self) -> str:
        """What counts as done."""
        return "nobody holds a lock on what is changed, or sits in an old transaction"

    def effects(self) -> tuple[Effect, ...]:
        """The question."""
        return (self.asked,)
