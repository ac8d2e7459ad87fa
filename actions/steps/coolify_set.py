"""The step that sets one field of a Coolify application and owes it, and the one that straightens it again.

Which field and which values were read when the plan was drawn; that they still stand there is asked before anything is
sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

from actions.model.codec import later
from actions.model.coolify import shown
from actions.model.effect import Effect
from actions.model.effect_coolify import CoolifyCall, SetApplication
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.git_releases import repository_of
from actions.steps.perform import perform
from actions.steps.perform_coolify import NOT_TOLD, coolify_of, value_of


@dataclass(frozen=True)
class SetField:
    """``coolify.set``: a field becomes another value."""

    step_id: ClassVar[str] = "coolify.set"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    base: str
    application: str
    key: str
    before: str
    """JSON of what stood there when this was drawn."""
    after: str
    """JSON of what shall stand there."""
    title_text: str
    debt: str = ""
    """What is owed once it is set; empty: this straightens what another step owes."""
    code: str = ""
    """Code under which the debt stands: of the step that bends it, also in the one that straightens it."""
    due: str = ""
    newer_than: str = ""
    """A version that must no longer be the newest of the branch before this is set: the bad one would come back."""
    also_bad: tuple[str, ...] = later(())
    """More of them, which earlier plans of the incident went back from."""
    branch: str = ""
    remote: str = ""
    """Of the ``[git]`` clone, which tells where the branch stands; empty: nobody can tell."""
    straight: str = later("")
    """JSON of what should stand there in the end; empty: what stood there before (unless an earlier plan bent it)."""

    def title(self) -> str:
        """The row."""
        return self.title_text

    def expected(self) -> str:
        """What counts as done."""
        return "; ".join((f"{self.key} is {self.after}, read from Coolify again", *self._condition()))

    def _condition(self) -> tuple[str, ...]:
        if not self.newer_than:
            return ()
        bad = " or ".join(map(shown, self._bad()))
        if self.remote:
            return (f"refused while {self.branch} on {self.remote} still ends with {bad}",)
        return (f"NOT known here whether anything newer than the bad {bad} is there: see for yourself first",)

    def _bad(self) -> tuple[str, ...]:
        return (self.newer_than, *self.also_bad)

    def effects(self) -> tuple[Effect, ...]:
        """One request."""
        return (self._setting(self.before, self.after),)

    def undo_effects(self) -> tuple[Effect, ...]:
        """The value that stood there before."""
        return (self._setting(self.after, self.before),)

    def _setting(self, before: str, after: str) -> SetApplication:
        path = f"/applications/{self.application}"
        call = CoolifyCall(self.base, "PATCH", path, {self.key: json.loads(after)})
        return SetApplication(call, self.application, self.key, before, after)

    def leaves(self) -> str:
        """A request in the middle."""
        return f"{self.key} is {self.before} or {self.after}; it is read again, and owed until it surely is as it was"

    def moved(self, world: World) -> str:
        """Whether it still holds what it held."""
        try:
            there = value_of(coolify_of(world).application(), self.key)
        except GoaroundError as error:
            return world.redact(f"Coolify could not be asked: {error.line()}")
        if there == NOT_TOLD:
            return f"Coolify does not tell {self.key}: look at it in its dashboard"
        if there not in (self.before, self.after):
            # Whoever set it knows what it should be; without a way out nothing would ever be paid.
            by_hand = (
                ""
                if self.debt
                else "; set it right in Coolify and run this again, or pay it by hand if it is right (D)"
            )
            return f"{self.key} is {there} now; it was {self.before}{by_hand}"
        return self._bad_is_newest(world) if there == self.before else ""

    def _bad_is_newest(self, world: World) -> str:
        """Why the bad version would come back; empty: it would not, or nobody can tell."""
        if not self.newer_than or not self.remote:
            return ""
        try:
            newest = repository_of(world).remote_refs(self.remote).get(f"refs/heads/{self.branch}", "")
        except GoaroundError as error:
            return world.redact(f"{self.remote} could not be asked what {self.branch} ends with: {error.line()}")
        if newest not in self._bad():
            return ""
        bad = shown(newest)
        return f"{self.branch} on {self.remote} still ends with the bad {bad}: it would come back; push the fix first"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Set it; what may stand there afterwards is owed, however the request ended."""
        return self._ended(perform(self.effects(), world, report).as_result(), world, self.after)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Set it back."""
        return self._ended(perform(self.undo_effects(), world, report).as_result(), world, self.before)

    def _ended(self, result: StepResult, world: World, wanted: str) -> StepResult:
        if result.outcome is Outcome.DONE:
            return StepResult(result.outcome, result.summary, {**result.facts, **self._facts(wanted)})
        if result.outcome is Outcome.UNKNOWN and self._bends(wanted):
            return StepResult(result.outcome, result.summary, {**result.facts, **self._doubt(wanted)})
        return result

    def _bends(self, value: str) -> bool:
        return (value == self.after) is bool(self.debt)

    def _facts(self, value: str) -> dict[str, str]:
        """What having this value means for the ledger."""
        if self._bends(value):
            return self._owed()
        # Short of straight, an undo pays what its own run has bent, which is the engine's to know.
        return {"pays": self.code} if self.code and self.straight in ("", value) else {}

    def _owed(self, doubt: str = "") -> dict[str, str]:
        text = self.debt or f"{self.key} is {self.before}"
        return {"debt": f"{doubt}{text}", "debt of": self.code, **({"due": self.due} if self.due else {})}

    def _doubt(self, wanted: str) -> dict[str, str]:
        """What is owed where nobody knows what stands there."""
        return self._owed("it is not known whether ") if self._bends(wanted) else {}

    def check(self, world: World) -> Checked:
        """Read it."""
        return self._read(world, self.after, self.before)

    def check_undone(self, world: World) -> Checked:
        """Read it, the other way round."""
        return self._read(world, self.before, self.after)

    def _read(self, world: World, wanted: str, other: str) -> Checked:
        try:
            there = value_of(coolify_of(world).application(), self.key)
        except GoaroundError as error:
            return Checked(Happened.UNKNOWN, world.redact(error.line()), self._doubt(wanted))
        if there == NOT_TOLD:
            return Checked(Happened.UNKNOWN, f"Coolify does not tell {self.key}", self._doubt(wanted))
        if there == wanted:
            return Checked(Happened.YES, f"{self.key} is {there}", self._facts(wanted))
        return Checked(Happened.NO if there == other else Happened.UNKNOWN, f"{self.key} is {there}")
