"""The step that sets variables back to what the target ran with, and owes a look through them; names alone are shown.

Which variables, and which file holds their values, was read when the plan was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect
from actions.model.effect_coolify import CollectCoolify, SetVariables
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform
from actions.steps.perform_coolify_environment import others, seen_now


@dataclass(frozen=True)
class SetEnvironment:
    """``coolify.environment``: what stands there is kept, then the variables are set by one request."""

    step_id: ClassVar[str] = "coolify.environment"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    keep: CollectCoolify
    sets: SetVariables
    target: str
    """Name of the release, for people."""
    code: str
    """Under which the debt stands."""
    due: str = ""

    def title(self) -> str:
        """The row."""
        return f"Set {_variables(len(self.sets.after))} back to what {self.target} ran with"

    def expected(self) -> str:
        """What counts as done."""
        names = ", ".join(sorted(self.sets.after))
        return f"{names}: as kept while {self.target} ran, read from Coolify again; the next deployment takes them"

    def effects(self) -> tuple[Effect, ...]:
        """What stands there is kept first: the undo needs it."""
        return (self.keep, self.sets)

    def undo_effects(self) -> tuple[Effect, ...]:
        """The values that stood there; a variable that was made stays, as nothing is ever deleted."""
        back = self.sets.back()
        return (back,) if back is not None else ()

    def leaves(self) -> str:
        """A request in the middle."""
        return "Coolify sets them one by one: each is what it was or what it shall be; it is owed until that is known"

    def moved(self, world: World) -> str:
        """Whether each is still what it was, or already what it shall be."""
        try:
            third = others(seen_now(self.sets, world), self.sets.was, self.sets.shall)
        except GoaroundError as error:
            return world.redact(f"the environment could not be read: {error.line()}")
        return f"{', '.join(third)}: another value or flag than when this was drawn" if third else ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Keep, then set; what may stand there afterwards is owed, however the request ended."""
        result = perform(self.effects(), world, report).as_result()
        if result.outcome is Outcome.DONE:
            return StepResult(result.outcome, result.summary, {**result.facts, **self._owed()})
        return self._perhaps(result, world)

    def _perhaps(self, result: StepResult, world: World) -> StepResult:
        """One that failed may have set some: Coolify takes them one after the other."""
        try:
            untouched = not others(seen_now(self.sets, world), self.sets.was)
        except GoaroundError:
            untouched = result.outcome is Outcome.FAILED
        owed = {} if untouched else self._owed("it is not known how much of this is so: ")
        return StepResult(result.outcome, result.summary, {**result.facts, **owed})

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Put back what stood there."""
        if not self.undo_effects():
            return StepResult(Outcome.FAILED, "there is no undo: what was made is removed by hand in Coolify")
        result = perform(self.undo_effects(), world, report).as_result()
        if result.outcome is not Outcome.DONE:
            return result
        return StepResult(result.outcome, result.summary, {**result.facts, **self._left()})

    def _owed(self, doubt: str = "") -> dict[str, str]:
        names = ", ".join(sorted(self.sets.after))
        text = f"environment of {_variables(len(self.sets.after))} set back to what it was with {self.target}"
        thing = f"{text}: look through them ({names})"
        told = {
            "debt": f"{doubt}{thing}",
            "debt of": self.code,
            "debt about": thing,  # other variables, set by another plan, are another thing
            "due": self.due,
            "by hand": "look through them in Coolify, and say that it is well",
        }
        return {name: value for name, value in told.items() if value}

    def _left(self) -> dict[str, str]:
        """What the undo did not take away."""
        made = self.sets.made
        if not made:
            return {}
        names = ", ".join(made)
        return {
            "debt": f"{_variables(len(made))} made by {self.code} stay: {names}",
            "undo": f"remove by hand in Coolify, with its twin for previews: {names}",
            **({"due": self.due} if self.due else {}),
        }

    def check(self, world: World) -> Checked:
        """Read them."""
        seen = _looked(world, self.sets)
        if seen.happened is Happened.NO:
            return seen
        doubt = "" if seen.happened is Happened.YES else "it is not known how much of this is so: "
        return Checked(seen.happened, seen.detail, self._owed(doubt))

    def check_undone(self, world: World) -> Checked:
        """Read them, the other way round."""
        back = self.sets.back()
        if back is None:
            return Checked(Happened.NO, "there is no undo")
        seen = _looked(world, back)
        return Checked(seen.happened, seen.detail, self._left() if seen.happened is Happened.YES else {})


def _looked(world: World, sets: SetVariables) -> Checked:
    count = _variables(len(sets.after))
    try:
        there = seen_now(sets, world)
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, world.redact(error.line()))
    wrong = others(there, sets.shall)
    if not wrong:
        return Checked(Happened.YES, f"{count} read as they shall be")
    if not others(there, sets.was):
        return Checked(Happened.NO, f"{count} read as they were")
    return Checked(Happened.UNKNOWN, f"not as they shall be: {', '.join(wrong)}")


def _variables(count: int) -> str:
    return f"{count} variable{'' if count == 1 else 's'}"
