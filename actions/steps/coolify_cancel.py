"""The step that cancels the deployments which stand in the way of the one that goes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actions.model.coolify import Deployment, DeploymentState
from actions.model.effect import Effect
from actions.model.effect_coolify import CancelDeployment, CoolifyCall
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform
from actions.steps.perform_coolify import coolify_of


@dataclass(frozen=True)
class CancelStuck:
    """``coolify.cancel``."""

    step_id: ClassVar[str] = "coolify.cancel"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    base: str
    deployments: tuple[str, ...]
    """UUIDs, newest first: those that wait are cancelled before the one at work, or they would begin after it."""
    what: str
    """What they deploy and since when, for people."""

    def title(self) -> str:
        """The row."""
        count = len(self.deployments)
        return f"Cancel {'the deployment' if count == 1 else f'{count} deployments'} in the way: {self.what}"

    def expected(self) -> str:
        """What counts as done."""
        return f"{_all(self.deployments)} over; Coolify works at one at a time, so nothing goes back before"

    def effects(self) -> tuple[Effect, ...]:
        """One request each."""
        return tuple(
            CancelDeployment(CoolifyCall(self.base, "POST", f"/deployments/{uuid}/cancel"), uuid)
            for uuid in self.deployments
        )

    def undo_effects(self) -> tuple[Effect, ...]:
        """None: it can be deployed again, which is another deployment."""
        return ()

    def leaves(self) -> str:
        """A request in the middle."""
        return "what was to be cancelled is cancelled, or goes on; nothing else was changed"

    def moved(self, world: World) -> str:
        """Whether one of them came to its end as finished: then something else runs than when this was drawn."""
        try:
            rows = self._rows(world)
        except GoaroundError as error:
            return world.redact(f"Coolify could not be asked: {error.line()}")
        done = next((row for row in rows if row.state is DeploymentState.FINISHED), None)
        return f"{done.uuid} is finished by now, so another version may run: draw the plan again" if done else ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Cancel them."""
        return perform(self.effects(), world, report).as_result()

    def check(self, world: World) -> Checked:
        """Whether they are over."""
        try:
            rows = self._rows(world)
        except GoaroundError as error:
            return Checked(Happened.UNKNOWN, world.redact(error.line()))
        left = next((row for row in rows if not row.over), None)
        if left is not None:
            return Checked(Happened.NO, f"{left.uuid} is {left.shown_state}")
        return Checked(Happened.YES, f"{_all(self.deployments)} over")

    def _rows(self, world: World) -> list[Deployment]:
        return [coolify_of(world).deployment(uuid) for uuid in self.deployments]

    def undo(self, world: World, report: Reporter) -> StepResult:
        """There is none."""
        return StepResult(Outcome.FAILED, "a cancelled deployment is not put back; it can be deployed again")

    def check_undone(self, world: World) -> Checked:
        """There is none."""
        return Checked(Happened.NO, "a cancelled deployment is not put back")


def _all(deployments: tuple[str, ...]) -> str:
    return f"{deployments[0]} is" if len(deployments) == 1 else f"{', '.join(deployments)} are"
