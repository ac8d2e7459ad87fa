"""The step that puts a Coolify application on the pushed branch and has it deployed, once.

The branch stands there until somebody sets it back, and is owed. What runs is proven by the next step.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import ClassVar

from actions.model.coolify import shown
from actions.model.effect import Effect
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Risk, StepResult
from actions.steps.coolify_deploy import DeployByCoolify
from actions.steps.git_branch import DEADLINE_S, Clone, branch_on_remote, push
from actions.steps.git_owed import LeftBranch, also, left_facts


@dataclass(frozen=True)
class DeployBranch(DeployByCoolify):
    """``git.coolify``: ``pin`` sets ``git_branch``, ``queue`` deploys what it ends with."""

    step_id: ClassVar[str] = "git.coolify"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    clone: Clone | None = None
    branch: str = ""
    undo_branch: str = ""
    """Name under which the former commit is pushed for the undo."""
    left: LeftBranch | None = None
    """How that branch is owed."""

    def title(self) -> str:
        """The row."""
        return f"Put Coolify on {self.branch} and have it deployed"

    def expected(self) -> str:
        """What counts as done, and what does not yet."""
        return f"Coolify says finished; that {shown(self.queue.commit)} runs is proven after it"

    def undo_effects(self) -> tuple[Effect, ...]:
        """The former commit under a branch of its own is deployed, then the application is on its own branch again."""
        if self.back is None or self.clone is None or self.pin is None:
            return ()
        undo = json.dumps(self.undo_branch)
        return (
            push(self.clone, self.back.commit, self.undo_branch, DEADLINE_S),
            self.pin.to(self.pin.after, undo),
            self.back,
            self.pin.to(undo, self.pin.before),
        )

    def leaves(self) -> str:
        """Two things may stand half done."""
        return f"Coolify may be on {self.branch}, and the deployment goes on by itself; look again and see how it ended"

    def moved(self, world: World) -> str:
        """Whether the branch is there as it was pushed, and nobody else deploys."""
        if self.clone is not None:
            seen = branch_on_remote(self.clone.remote, self.branch, self.queue.commit, world)
            if seen.happened is not Happened.YES:
                return seen.detail
        return super().moved(world)

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Deploy what ran before; the branch that it took is owed, however that ended."""
        result = super().undo(world, report)
        return dataclasses.replace(result, facts={**result.facts, **self._undo_debt(world)})

    def check_undone(self, world: World) -> Checked:
        """What became of the deployment, and whether the branch for it is there."""
        seen = super().check_undone(world)
        return dataclasses.replace(seen, facts={**seen.facts, **self._undo_debt(world)})

    def _undo_debt(self, world: World) -> dict[str, str]:
        if self.clone is None or self.back is None:
            return {}
        # Beside what is owed of the branch that Coolify is on, which is the step's own.
        return also(left_facts(world, self.clone.remote, self.undo_branch, self.back.commit, self.left))
