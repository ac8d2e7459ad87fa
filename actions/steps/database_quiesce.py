"""Stops those who write to the database, and starts the same again; migrations are never started with them.

Which services these are was found out by the drawer, from who is connected. ``compose start`` is not used: it also
starts what a service depends on, and so would run a one-shot ``migrate`` again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from actions.model.compose_command import compose_argv
from actions.model.database_client import DatabaseClient
from actions.model.effect import Effect, RunCommand
from actions.model.effect_database import RunSql
from actions.model.effect_queue import AskQueue
from actions.model.effect_side import AwaitNoSessions
from actions.model.ports import ComposeTool, Reporter, World
from actions.model.side_note import add_note_sql
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.compose_facts import engine, without_leftovers
from actions.steps.compose_state import UP
from actions.steps.perform import perform
from actions.steps.reading import ReadingStep
from actions.steps.side_reading import MAINTENANCE, note_of


@dataclass(frozen=True)
class ComposeServices:
    """Services of a Compose project, and how they are stopped and started."""

    host: str
    directory: str
    files: tuple[str, ...]
    project: str
    tool: ComposeTool
    services: tuple[str, ...]
    scale: dict[str, int] = field(default_factory=dict)
    """Those that run in another number than the files say."""

    def stop(self) -> RunCommand:
        """Stop them."""
        return self._command("stop", *self.services)

    def start(self) -> RunCommand:
        """Start their containers as they are: nothing is built, made anew, or started beside them."""
        scale = [word for s, n in sorted(self.scale.items()) if s in self.services for word in ("--scale", f"{s}={n}")]
        return self._command("up", "-d", "--no-deps", "--no-build", "--no-recreate", *scale, *self.services)

    def _command(self, *words: str) -> RunCommand:
        argv = compose_argv(self.tool, self.directory, self.files, self.project, *words)
        return RunCommand(self.host, argv, cwd=self.directory)

    def up(self, world: World) -> tuple[str, ...]:
        """Those of which a container runs."""
        containers = without_leftovers(engine(world).states(self.project))
        return tuple(s for s in self.services if any(c.service == s and c.state in UP for c in containers))


@dataclass(frozen=True)
class StopWriters:
    """Stops the services that are connected, and waits until nobody is."""

    step_id: ClassVar[str] = "database.quiesce"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    client: DatabaseClient
    incident: str
    live: str
    side: str
    compose: ComposeServices
    remembered: tuple[str, ...]
    """What the side database's comment says of stopped services from then on: those of earlier plans, too."""
    deadline_s: int = 30
    before: AskQueue | None = None
    """How many tasks wait is asked first, and once more when the workers are stopped; None: nothing has a queue."""
    after: AskQueue | None = None
    replaced: bool = False
    """The code of these does not fit the restored database: they are not started again while that one is live."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Stop {', '.join(self.compose.services)}"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"they are stopped, and nobody is connected to {self.live}"

    def effects(self) -> tuple[Effect, ...]:
        """First it is written down what is stopped, so that the next plan knows what to start."""
        client = self.client
        noted = add_note_sql(self.side, self.incident, {"stopped": list(self.remembered)})
        argv = client.psql(MAINTENANCE, admin=True)
        return (
            RunSql(client.host, argv, noted, self.side, cwd=client.cwd, env=dict(client.env)),
            *((self.before,) if self.before is not None else ()),
            self.compose.stop(),
            AwaitNoSessions(client, self.live, self.deadline_s),
            *((self.after,) if self.after is not None else ()),
        )

    def undo_effects(self) -> tuple[Effect, ...]:
        """Start exactly these."""
        return (self.compose.start(),)

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return f"some of {', '.join(self.compose.services)} may be stopped; undo starts them"

    def moved(self, world: World) -> str:
        """Stopping what is stopped already does no harm."""
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Stop, and wait."""
        return perform(self.effects(), world, report).as_result()

    def check(self, world: World) -> Checked:
        """Whether none of them runs."""
        up = self.compose.up(world)
        if not up:
            return Checked(Happened.YES, f"{', '.join(self.compose.services)} are stopped")
        if len(up) == len(self.compose.services):
            return Checked(Happened.NO, f"{', '.join(up)} run")
        return Checked(Happened.UNKNOWN, f"{', '.join(up)} still run")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Start them again; never over a database that their code is not for."""
        if self.replaced and not note_of(world, self.client, self.side)[0]:
            words = f"{self.live} is the restored database, and the code of these does not fit it"
            return StepResult(Outcome.FAILED, f"nothing was started: {words}; undo the swap, which starts them again")
        return perform(self.undo_effects(), world, report).as_result()

    def check_undone(self, world: World) -> Checked:
        """Whether all of them run."""
        down = sorted(set(self.compose.services) - set(self.compose.up(world)))
        return Checked(Happened.NO, f"{', '.join(down)} do not run") if down else Checked(Happened.YES, "all run")


@dataclass(frozen=True)
class AwaitQuiet(ReadingStep):
    """Where nothing can be stopped from here: tells who is connected."""

    step_id: ClassVar[str] = "database.sessions"
    wait: AwaitNoSessions
    queue: AskQueue | None = None
    """How many tasks wait is asked, too; None: nothing has a queue."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Stop what writes to {self.wait.database}; see who is connected"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"nobody is connected to {self.wait.database}; who is, is named, and ended by the swap"

    def effects(self) -> tuple[Effect, ...]:
        """The look."""
        return (self.wait, self.queue) if self.queue is not None else (self.wait,)


@dataclass(frozen=True)
class StartServices:
    """Starts what was stopped, with migrations held back."""

    step_id: ClassVar[str] = "database.start"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    compose: ComposeServices
    held: tuple[str, ...] = ()
    """Jobs that migrate, and are not started."""

    def title(self) -> str:
        """What the checklist row says."""
        held = f"; {', '.join(self.held)} held back" if self.held else ""
        return f"Start {', '.join(self.compose.services)}{held}"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"{', '.join(self.compose.services)} run, with the images that they had; nothing migrates"

    def effects(self) -> tuple[Effect, ...]:
        """Start them."""
        return (self.compose.start(),)

    def undo_effects(self) -> tuple[Effect, ...]:
        """Stop them: before the names are swapped back."""
        return (self.compose.stop(),)

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return f"some of {', '.join(self.compose.services)} may not run yet; run it again"

    def moved(self, world: World) -> str:
        """Starting what runs already does no harm."""
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Start."""
        return perform(self.effects(), world, report).as_result()

    def check(self, world: World) -> Checked:
        """Whether all of them run."""
        down = sorted(set(self.compose.services) - set(self.compose.up(world)))
        return Checked(Happened.NO, f"{', '.join(down)} do not run") if down else Checked(Happened.YES, "all run")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Stop them."""
        return perform(self.undo_effects(), world, report).as_result()

    def check_undone(self, world: World) -> Checked:
        """Whether none of them runs."""
        up = self.compose.up(world)
        return Checked(Happened.NO, f"{', '.join(up)} run") if up else Checked(Happened.YES, "all are stopped")
