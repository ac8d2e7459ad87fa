"""What all steps have in common that only look: nothing to undo, nothing that moved, nothing left behind.

After a crash such a step has to look again: a reading of which the end was lost proves nothing.
"""

from __future__ import annotations

from typing import ClassVar

from actions.model.effect import Effect
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform


class ReadingStep:
    """The parts of the step protocol that are the same for every step that changes nothing."""

    risk: ClassVar[Risk] = Risk.READ

    def effects(self) -> tuple[Effect, ...]:
        """How it looks."""
        raise NotImplementedError

    def undo_effects(self) -> tuple[Effect, ...]:
        """None: nothing is changed."""
        return ()

    def leaves(self) -> str:
        """What stays behind when it is terminated in the middle."""
        return "Nothing was changed; run it again."

    def moved(self, world: World) -> str:
        """Looking at a world that moved is what it is for."""
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Look, and nothing else: it has failed when a reading has."""
        return perform(self.effects(), world, report).as_result()

    def check(self, world: World) -> Checked:
        """A lost reading is taken again."""
        return Checked(Happened.NO, "the reading was lost; it has to be taken again")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Nothing to undo; says so."""
        return StepResult(Outcome.FAILED, "nothing was changed, so there is nothing to undo")

    def check_undone(self, world: World) -> Checked:
        """The former state never was another one."""
        return Checked(Happened.YES, "nothing was changed")
