"""The steps that start the right code over the restored database, and the way back of code and database together.

The order is one in which no code ever writes into a schema that is not its own. There: what writes is stopped, the
names are swapped, the code that fits is started, and nothing migrates. Back, in one: the code is stopped, the names are
swapped, and only then the former code is started again. Which code fits was found out by the drawer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.effect import Effect, ObserveCommit, RemoveFile
from actions.model.effect_schema import AskSchema
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.compose_state import answer
from actions.steps.compose_switch import DEBT, SwitchImages
from actions.steps.database_quiesce import ComposeServices
from actions.steps.perform import perform
from actions.steps.reading import ReadingStep
from actions.steps.side_reading import note_of


@dataclass(frozen=True)
class CheckFit(ReadingStep):
    """``database.fits``: before anything is stopped, the code that will be started is asked once more."""

    step_id: ClassVar[str] = "database.fits"
    question: AskSchema
    drawn: str
    """The answer when this was drawn: ``DOES NOT FIT``."""

    def title(self) -> str:
        """The row, with the answer as it was when it was drawn."""
        return f"Code {self.question.target.release} over the backup's schema (when drawn: {self.drawn})"

    def expected(self) -> str:
        """What counts as done."""
        name = self.question.target.release
        return f"FITS: {name} knows every migration that {self.question.database} has recorded, and holds no other"

    def effects(self) -> tuple[Effect, ...]:
        """The question."""
        return (self.question,)


@dataclass(frozen=True)
class FormerCode:
    """What the way back does with the code: before the names are swapped back, and after."""

    services: ComposeServices
    """All that may run by then: stopped first."""
    switch: SwitchImages | None
    """Puts the former images in place; None: one of them is not on the engine any more, so nothing is started."""
    others: ComposeServices | None = None
    """Started again as they are."""
    remove: RemoveFile | None = None
    """The override of the code that is left."""

    def before(self) -> tuple[Effect, ...]:
        """Stop."""
        return (self.services.stop(),)

    def after(self) -> tuple[Effect, ...]:
        """Start the former code."""
        removed = (self.remove,) if self.remove is not None else ()
        if self.switch is None:
            return removed
        others = (self.others.start(),) if self.others is not None else ()
        return (*removed, *self.switch.effects(), *others)

    def judged(self, seen: Checked, world: World) -> Checked:
        """The answer about the names, and about the code where those are back."""
        if seen.happened is not Happened.YES:
            return seen
        if self.switch is None:
            words = "its former image is gone, and nothing was started"
            return replace(seen, happened=Happened.UNKNOWN, detail=f"{seen.detail}; {words}")
        one = self.switch
        runs = answer(world, one.project, one.target, one.former, one.counts)
        if runs.happened is Happened.YES:
            return replace(seen, detail=f"{seen.detail}; {one.target_name} runs again")
        words = f"the former code does not run yet ({runs.detail}): undo once more"
        return replace(seen, happened=Happened.UNKNOWN, detail=f"{seen.detail}; {words}")


@dataclass(frozen=True)
class SwitchCode:
    """Starts what was stopped, with the images of the release that fits; nothing migrates."""

    step_id: ClassVar[str] = "database.code"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    client: DatabaseClient
    live: str
    backup: str
    """Identity of the backup that must be live before this code may start."""
    switch: SwitchImages
    services: ComposeServices
    """All that are started: those that are switched, and the others."""
    others: ComposeServices | None = None
    held: tuple[str, ...] = ()
    """Jobs that migrate, and are not started."""
    owed: str = ""
    """What is owed until the pin stands in the project's own file."""

    def title(self) -> str:
        """What the checklist row says."""
        held = f"; {', '.join(self.held)} held back" if self.held else ""
        return f"Start {', '.join(self.services.services)} with {self.switch.target_name}{held}"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"{self.switch.expected()}; nothing migrates"

    def effects(self) -> tuple[Effect, ...]:
        """The override, the switch, a look at what runs; then what is no part of the release, as it is."""
        return (*self.switch.effects(), *((self.others.start(),) if self.others is not None else ()))

    def undo_effects(self) -> tuple[Effect, ...]:
        """Stop them. The former code is started by the undo of the swap: here it would meet a schema not its own."""
        return (self.services.stop(),)

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return self.switch.leaves()

    def moved(self, world: World) -> str:
        """Whether the restored database is not live, or what is switched is no longer as it was drawn."""
        _, note = note_of(world, self.client, self.live)
        if note is None or not note.live or note.backup != self.backup:
            return f"{self.live} is not the restored database: {self.switch.target_name} must not write into it"
        return self.switch.moved(world)

    def run(self, world: World, report: Reporter) -> StepResult:
        """Switch and start. Until the pin is committed there is a debt, also where it went half way."""
        result = perform(self.effects(), world, report).as_result()
        owed = {"debt": self.owed} if result.outcome is Outcome.DONE else self._half(world)
        return replace(result, facts={**result.facts, **owed})

    def _half(self, world: World) -> dict[str, str]:
        """What is owed of a switch that has not come about: nothing where no container runs the release."""
        found = self.switch.half(world)
        return {"debt": found["debt"].replace(DEBT, self.owed), "debt of": ""} if found and self.owed else {}

    def check(self, world: World) -> Checked:
        """Whether every container runs the release, and the others run."""
        one = self.switch
        seen = answer(world, one.project, one.target, one.former, one.counts)
        if seen.happened is not Happened.YES:
            up = self.services.up(world)
            if not up and seen.happened is not Happened.NO:
                seen = Checked(Happened.NO, "they are stopped")
            return seen if seen.happened is Happened.NO else replace(seen, facts=self._half(world))
        down = sorted(set(self.services.services) - set(self.services.up(world)))
        if down:
            return Checked(Happened.UNKNOWN, f"{', '.join(down)} do not run", self._half(world))
        return replace(seen, facts={"debt": self.owed})

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Stop them."""
        return perform(self.undo_effects(), world, report).as_result()

    def check_undone(self, world: World) -> Checked:
        """Whether none of them runs."""
        up = self.services.up(world)
        return Checked(Happened.NO, f"{', '.join(up)} run") if up else Checked(Happened.YES, "all are stopped")


@dataclass(frozen=True)
class AwaitCode(ReadingStep):
    """Where no images are switched: a person deploys the commit that fits, and this looks whether it runs."""

    step_id: ClassVar[str] = "database.await_code"
    release: str
    commit: str
    observe: ObserveCommit | None = None
    """None: nobody can tell which commit runs."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Deploy {self.release} ({self.commit[:10]}) by hand, without its migrations; see that it runs"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"the commit {self.commit} runs, and nothing has migrated"

    def effects(self) -> tuple[Effect, ...]:
        """The look."""
        return (self.observe,) if self.observe is not None else ()

    def run(self, world: World, report: Reporter) -> StepResult:
        """Look; where nobody can tell, somebody has to vouch for it."""
        if self.observe is None:
            words = "git.running is not configured, so nobody can tell which commit runs"
            return StepResult(Outcome.FAILED, f"{words}: deploy {self.commit}, then override this with who has seen it")
        return perform(self.effects(), world, report).as_result()
