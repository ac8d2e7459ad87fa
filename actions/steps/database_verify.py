"""Verifies the database beside the live one against what its backup held; the drawer knows what that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect
from actions.model.effect_side import VerifySide
from actions.model.ports import World
from actions.model.step import Checked, Happened
from actions.steps.reading import ReadingStep
from actions.steps.side_reading import note_of


@dataclass(frozen=True)
class VerifyRestored(ReadingStep):
    """Counts every table of the side database."""

    step_id: ClassVar[str] = "database.verify"
    verify: VerifySide

    def title(self) -> str:
        """What the checklist row says."""
        return f"Verify {self.verify.side}"

    def expected(self) -> str:
        """The state that counts as done."""
        if self.verify.manifest or self.verify.rows:
            return "every table holds the rows that the backup held; indexes, constraints and sequences are sound"
        return "tables are there; indexes, constraints and sequences are sound (how many rows there were is not known)"

    def effects(self) -> tuple[Effect, ...]:
        """The comparison."""
        return (self.verify,)

    def moved(self, world: World) -> str:
        """Whether there is nothing to verify."""
        _, note = note_of(world, self.verify.client, self.verify.side)
        ready = note is not None and note.goaround == self.verify.incident and note.state == "restored"
        return "" if ready else f"{self.verify.side} is not restored yet"

    def check(self, world: World) -> Checked:
        """What its comment says."""
        _, note = note_of(world, self.verify.client, self.verify.side)
        if note is not None and note.goaround == self.verify.incident and note.verified:
            return Checked(Happened.YES, note.verified)
        return Checked(Happened.NO, f"{self.verify.side} is not verified")
