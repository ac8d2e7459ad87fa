"""The steps that show a maintenance notice by a configured command, and that take it down again.

Showing it bends something: the debt is open until the notice is down, by the second step, by the undo of the first, or
by hand. Whether it is shown is asked of the configured command that looks; without one it is said that nobody can.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect, ObserveCommand, RunCommand
from actions.model.plan import PlannedStep
from actions.model.ports import Reporter, World
from actions.model.quick_dataclass import replace
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.model.system import Settings
from actions.model.system_watch import MaintenanceTable
from actions.steps.perform import perform
from actions.steps.perform_look import look
from actions.steps.planned import planned

ON, OFF = "N1", "N2"
"""Codes in every plan: no option has an N, and a document's lists are given none."""
WHAT = "maintenance notice"
NOTICE = "the maintenance notice"
DEBT = f"{NOTICE} is shown"
MAYBE = f"{NOTICE} may be shown: it is not known how far its command came"
DOWN = {"pays": ON, "straightens": NOTICE}
"""The facts of a notice that is down: whichever record of the system owes it owes it no more."""
NOBODY = "nobody can look: no command that tells whether the notice is shown is configured ([maintenance] shown)"


@dataclass(frozen=True)
class Notice:
    """The configured commands, as they stand in a plan."""

    host: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    shown: tuple[str, ...] = ()
    """Exit status 0 while it is shown; empty: nobody can look."""
    cwd: str = ""
    timeout_s: int = 60

    @staticmethod
    def of(table: MaintenanceTable, system_host: str) -> Notice:
        """Those of the configuration."""
        host = system_host if table.where == "host" or system_host == "local" else "jump host"
        return Notice(host, table.on, table.off, table.shown, table.directory, table.deadline)

    def showing(self) -> tuple[Effect, ...]:
        """The command that shows it, and the look whether it is."""
        return (self._run(self.on), *self._look(True))

    def hiding(self) -> tuple[Effect, ...]:
        """The command that takes it down, and the look whether it is."""
        return (self._run(self.off), *self._look(False))

    def _run(self, argv: tuple[str, ...]) -> RunCommand:
        return RunCommand(self.host, argv, self.cwd, timeout_s=self.timeout_s)

    def _look(self, wanted: bool) -> tuple[ObserveCommand, ...]:
        if not self.shown:
            return ()
        seen = ObserveCommand(self.host, self.shown, WHAT, "shown", "not shown", wanted, self.cwd, self.timeout_s)
        return (seen,)

    def is_shown(self, world: World) -> tuple[bool | None, str]:
        """Whether it is shown now (None: not known), and what was seen."""
        found = self._look(True)
        return look(found[0], world) if found else (None, NOBODY)

    def counts(self, on: bool) -> str:
        """What counts as done, in words."""
        if self.shown:
            return f"`{shlex.join(self.shown)}` {'ends' if on else 'does not end'} with 0"
        return f"`{shlex.join(self.on if on else self.off)}` ends with 0; {NOBODY}"

    def show(self, world: World, report: Reporter) -> StepResult:
        """Show it. What is or may be shown afterwards is owed, however the command ended."""
        done = perform(self.showing(), world, report)
        if done.ok:
            return StepResult(Outcome.DONE, done.summary, {**done.facts, **_owed(DEBT)})
        if done.failed_at == 1 and done.stopped:
            return done.as_result()  # nothing was begun
        seen, words = self.is_shown(world)
        if seen is False:
            return StepResult(done.outcome, f"{done.summary}; {words}", done.facts)
        owed = _owed(DEBT if seen else MAYBE)
        return StepResult(done.outcome, f"{done.summary}; {words}", {**done.facts, **owed})

    def hide(self, world: World, report: Reporter) -> StepResult:
        """Take it down; nothing is paid unless that came about."""
        done = perform(self.hiding(), world, report)
        if done.ok:
            return StepResult(Outcome.DONE, done.summary, {**done.facts, **DOWN})
        return StepResult(done.outcome, f"{done.summary}; {self.is_shown(world)[1]}", done.facts)

    def check_shown(self, world: World) -> Checked:
        """Ask whether it is shown; what nobody can know is owed, too."""
        seen, words = self.is_shown(world)
        if seen is None:
            return Checked(Happened.UNKNOWN, words, _owed(MAYBE))
        return Checked(Happened.YES, words, _owed(DEBT)) if seen else Checked(Happened.NO, words)

    def check_hidden(self, world: World) -> Checked:
        """Ask whether it is down."""
        seen, words = self.is_shown(world)
        if seen is None:
            return Checked(Happened.UNKNOWN, words)
        return Checked(Happened.NO, words) if seen else Checked(Happened.YES, words, DOWN)


def _owed(text: str) -> dict[str, str]:
    """The facts of a debt that stands under the code of the step that shows it, whoever has."""
    return {"debt": text, "debt of": ON}


@dataclass(frozen=True)
class MaintenanceOn:
    """``maintenance.on``: users are told that the system is being maintained."""

    step_id: ClassVar[str] = "maintenance.on"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    notice: Notice

    def title(self) -> str:
        """The row."""
        return "Show the maintenance notice, if users need one"

    def expected(self) -> str:
        """What counts as done."""
        return f"the notice is shown: {self.notice.counts(True)}"

    def effects(self) -> tuple[Effect, ...]:
        """The command, and the look."""
        return self.notice.showing()

    def undo_effects(self) -> tuple[Effect, ...]:
        """The command that takes it down."""
        return self.notice.hiding()

    def leaves(self) -> str:
        """A command in the middle."""
        return "the notice may be shown, or not; it is looked at, and owed until it is surely down"

    def moved(self, world: World) -> str:
        """Nothing of the system can make it unfit."""
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Show it."""
        return self.notice.show(world, report)

    def check(self, world: World) -> Checked:
        """Whether it is shown."""
        return self.notice.check_shown(world)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Take it down."""
        return self.notice.hide(world, report)

    def check_undone(self, world: World) -> Checked:
        """Whether it is down."""
        return self.notice.check_hidden(world)


@dataclass(frozen=True)
class MaintenanceOff:
    """``maintenance.off``: the notice is taken down."""

    step_id: ClassVar[str] = "maintenance.off"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    notice: Notice

    def title(self) -> str:
        """The row."""
        return "Take the maintenance notice down"

    def expected(self) -> str:
        """What counts as done."""
        return f"the notice is down: {self.notice.counts(False)}"

    def effects(self) -> tuple[Effect, ...]:
        """The command, and the look."""
        return self.notice.hiding()

    def undo_effects(self) -> tuple[Effect, ...]:
        """The command that shows it again."""
        return self.notice.showing()

    def leaves(self) -> str:
        """A command in the middle."""
        return "the notice may still be shown; it stays owed until it is surely down"

    def moved(self, world: World) -> str:
        """Nothing of the system can make it unfit."""
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Take it down."""
        return self.notice.hide(world, report)

    def check(self, world: World) -> Checked:
        """Whether it is down."""
        return self.notice.check_hidden(world)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Show it again: owed again."""
        return self.notice.show(world, report)

    def check_undone(self, world: World) -> Checked:
        """Whether it is shown again."""
        return self.notice.check_shown(world)


def with_notice(steps: tuple[PlannedStep, ...], settings: Settings) -> tuple[PlannedStep, ...]:
    """The steps of any option, with the notice's around them where ``[maintenance]`` is configured.

    The first of all and the first of the phase After: an item of the document that names one of them takes every step
    before it along.
    """
    table = settings.maintenance
    if table is None:
        return steps
    notice = Notice.of(table, settings.system.host)
    quiet = table.deadline + 10
    on = planned(MaintenanceOn(notice), code=ON, phase="before", about_s=5, silent_s=quiet)
    off = planned(MaintenanceOff(notice), code=OFF, phase="after", about_s=5, silent_s=quiet)
    at = next((at for at, step in enumerate(steps) if step.phase == "after"), len(steps))
    return (on, *steps[:at], replace(off, pays=ON), *steps[at:])
