"""The step that has Coolify deploy a version, exactly once; ``finished`` is no proof, which is the next step's."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import ClassVar

from actions.model.coolify import Deployment, DeploymentState, shown
from actions.model.coolify_rows import fits, whose
from actions.model.effect import Effect
from actions.model.effect_coolify import QueueDeployment, SetApplication
from actions.model.errors import GoaroundError
from actions.model.ports import Reporter, World
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform
from actions.steps.perform_coolify import NOT_TOLD, coolify_of, value_of
from actions.steps.perform_coolify_queue import AT_WORK, asked_last, queued_since, since


@dataclass(frozen=True)
class DeployByCoolify:
    """``coolify.deploy``: one deployment is queued and followed."""

    step_id: ClassVar[str] = "coolify.deploy"
    risk: ClassVar[Risk] = Risk.REVERSIBLE

    queue: QueueDeployment
    target: str
    """Name of the release, for people."""
    back: QueueDeployment | None = None
    """The deployment of what ran before; None: that is not known, so there is no undo."""
    pin: SetApplication | None = None
    """Where only the configured reference can be deployed, it is set first; that is owed."""
    code: str = ""
    """Under which that stands: not the step's own, as a pin is straightened while the deployment stands."""
    straight: str = ""
    """JSON of what should stand there in the end; empty: what stood there before (unless an earlier plan bent it)."""
    owed_undo: str = ""
    """What straightens it, for people: ``u on X3, or Z2 Un-pin: …``."""
    due: str = ""

    def title(self) -> str:
        """The row."""
        return f"Have Coolify deploy {self.target}"

    def expected(self) -> str:
        """What counts as done, and what does not yet."""
        version = shown(self.queue.commit) if self.queue.commit else self.target
        return f"Coolify says finished; that {version} runs is proven after it"

    def effects(self) -> tuple[Effect, ...]:
        """One request, and following what comes of it; before it the pin, where there must be one."""
        return (*((self.pin,) if self.pin is not None else ()), self.queue)

    def undo_effects(self) -> tuple[Effect, ...]:
        """The same for what ran before; a pin stands on that while it is deployed, and then as it stood."""
        if self.back is None:
            return ()
        if self.pin is None:
            return (self.back,)
        former = json.dumps(self.back.commit)
        if former == self.pin.before:
            return (self.pin.to(self.pin.after, former), self.back)
        return (self.pin.to(self.pin.after, former), self.back, self.pin.to(former, self.pin.before))

    def leaves(self) -> str:
        """A deployment goes on without us."""
        return "the deployment goes on at Coolify by itself; cancel it there, or look again and see how it ended"

    def moved(self, world: World) -> str:
        """Whether somebody else's deployment is at work, or came since this was drawn."""
        try:
            _, others = queued_since(self.queue, coolify_of(world), asked_last(world))
        except GoaroundError as error:
            return world.redact(f"Coolify could not be asked: {error.line()}")
        if not others:
            return ""
        state = others[0].shown_state
        if others[0].state in AT_WORK:
            move = "cancel it first (a plan drawn now has the step for it)"
            return f"{whose(others[0])} is {state}: it would hold this one up; {move}"
        return f"{whose(others[0])} came since this was drawn and is {state}: draw the plan again"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Queue and follow it; a pin is owed however that ends."""
        result = perform(self.effects(), world, report).as_result()
        return dataclasses.replace(result, facts={**result.facts, **self._pinned(world)})

    def _pinned(self, world: World) -> dict[str, str]:
        """What is owed of the pin, as it stands now."""
        if self.pin is None:
            return {}
        key, straight = self.pin.key, self.straight or self.pin.before
        try:
            there = value_of(coolify_of(world).application(), key)
        except GoaroundError:
            there = NOT_TOLD
        if there == straight:
            return {"pays": self.code}
        text = f"{key} is pinned to {there}; it was {straight}"
        if there == NOT_TOLD:
            text = f"it is not known whether {key} is pinned to {self.pin.after}; it was {straight}"
        told = {"debt": text, "debt of": self.code, "debt about": key, "undo": self.owed_undo, "due": self.due}
        return {name: value for name, value in told.items() if value}

    def check(self, world: World) -> Checked:
        """What became of the one that was queued."""
        found = _seen(world, self.queue)
        return dataclasses.replace(found, facts={**found.facts, **self._pinned(world)})

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Deploy what ran before."""
        if self.back is None:
            return StepResult(Outcome.FAILED, "there is no undo: what ran before is not known")
        result = perform(self.undo_effects(), world, report).as_result()
        return dataclasses.replace(result, facts={**result.facts, **self._pinned(world)})

    def check_undone(self, world: World) -> Checked:
        """What became of the one that was queued for the undo."""
        if self.back is None:
            return Checked(Happened.NO, "there is no undo")
        # It came after the one of the step itself, which is told apart by what it deploys.
        found = _seen(world, dataclasses.replace(self.back, newest=self.queue.newest))
        if found.happened is Happened.YES:
            found = self._pin_back(world, found)
        return dataclasses.replace(found, facts={**found.facts, **self._pinned(world)})

    def _pin_back(self, world: World, found: Checked) -> Checked:
        """Deployed is not all of it: the pin comes back after it, and may be what was lost."""
        if self.pin is None:
            return found
        try:
            there = value_of(coolify_of(world).application(), self.pin.key)
        except GoaroundError as error:
            return Checked(Happened.UNKNOWN, world.redact(f"{found.detail}; {error.line()}"), found.facts)
        if there == self.pin.before:
            return found
        half = f"{self.pin.key} is {there}, not {self.pin.before} yet: undo it again (u)"
        return Checked(Happened.UNKNOWN, f"{found.detail}; {half}", found.facts)


def _seen(world: World, queued: QueueDeployment) -> Checked:
    asked = asked_last(world)
    newest = queued.newest
    if asked is not None and asked.newest >= newest:
        if asked.commit != queued.commit:
            return Checked(Happened.NO, "Coolify was not asked for it: nothing was queued")
        newest = asked.newest
    try:
        rows = since(coolify_of(world), newest)
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, world.redact(error.line()))
    ours = [row for row in rows if fits(row, queued.commit, pulled=queued.pulled)]
    if not ours and asked is not None and not asked.refused and asked.newest >= queued.newest:
        words = "it was asked for, and Coolify lists nothing of it (yet): look again; run once more, it is waited for"
        return Checked(Happened.UNKNOWN, words)
    if not ours:
        return Checked(Happened.NO, "Coolify lists no such deployment: nothing was queued")
    return _standing(ours[0])


def _standing(row: Deployment) -> Checked:
    facts = {"deployment": row.uuid, "coolify": row.state.value}
    if row.state is DeploymentState.FINISHED:
        return Checked(Happened.YES, f"{row.uuid} is finished; what runs is proven next", facts)
    if row.state.over:
        return Checked(Happened.NO, f"{row.uuid} is {row.state.value}", facts)
    if row.over:
        return Checked(Happened.UNKNOWN, f"{row.uuid} is over and {row.shown_state}: see what runs", facts)
    return Checked(Happened.UNKNOWN, f"{row.uuid} is {row.shown_state}: it goes on; look again", facts)
