"""Waits until the switched services are up, healthy and steady; a crash loop ends it, with its newest lines.

What is waited for is an effect like any other; this file adds only what an operator asks when it fails: why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.effect import Effect, WaitHealthy
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Container, Reporter, World
from actions.model.step import Checked, Happened, StepResult
from actions.steps.compose_facts import engine, without_leftovers
from actions.steps.perform import perform
from actions.steps.reading import ReadingStep

TAIL_LINES = 15
TAIL_S = 10
"""Deadline for reading the newest lines."""


@dataclass(frozen=True)
class AwaitHealthy(ReadingStep):
    """Changes nothing: watches."""

    step_id: ClassVar[str] = "compose.wait"
    host: str
    project: str
    target: dict[str, str]
    """Service -> image id that is waited for."""
    deadline_s: int
    steady_s: int

    def title(self) -> str:
        """What the checklist row says."""
        return f"Wait until {', '.join(sorted(self.target))} are healthy"

    def expected(self) -> str:
        """The state that counts as done."""
        return f"all run, are healthy where they have a health check, and do not restart for {self.steady_s} s"

    def effects(self) -> tuple[Effect, ...]:
        """The wait."""
        services = tuple(sorted(self.target))
        return (WaitHealthy(self.host, self.project, services, self.deadline_s, self.steady_s),)

    def moved(self, world: World) -> str:
        """Whether there is nothing to wait for: a service is not on the target."""
        containers = without_leftovers(engine(world).states(self.project))
        for service, image in sorted(self.target.items()):
            if not any(c.image_id == image for c in containers if c.service == service):
                return f"{service} does not run the target: switch it first"
        return ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Watch; on a failure, also tell the newest log lines of the containers that are not up."""
        result = perform(self.effects(), world, report)
        if not result.ok and not result.stopped:
            self._tell_why(world, report)
        return result.as_result()

    def _tell_why(self, world: World, report: Reporter) -> None:
        try:
            containers = without_leftovers(engine(world).containers(self.project))
            for container in containers:
                if container.service in self.target and _ails(container):
                    _tell_newest_lines(container, world, report)
        except GoaroundError as error:
            report.line(f"the newest log lines cannot be read: {error.line()}")

    def check(self, world: World) -> Checked:
        """Whether all are up and healthy at this moment."""
        containers = without_leftovers(engine(world).containers(self.project))
        for service in sorted(self.target):
            own = [c for c in containers if c.service == service]
            ailing = next((c for c in own if _ails(c)), None)
            if ailing is not None or not own:
                state = f"{ailing.name} is {ailing.health or ailing.state}" if ailing else f"{service} has no container"
                return Checked(Happened.NO, state)
        return Checked(Happened.YES, f"{', '.join(sorted(self.target))} are up")


def _ails(container: Container) -> bool:
    return container.state != "running" or container.health not in ("", "healthy") or container.restarts > 0


def _tell_newest_lines(container: Container, world: World, report: Reporter) -> None:
    argv = ("docker", "logs", "--tail", str(TAIL_LINES), container.id)
    result = world.host.run(argv, timeout_s=TAIL_S)
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()][-TAIL_LINES:]
    report.line(f"newest log lines of {container.name} (exit code {container.exit_code}):")
    for line in lines or [b"(none)"]:
        report.line("  " + world.redact(sanitise(line)))
