"""The step protocol: one unit of effect of an option.

A step is a frozen dataclass whose fields (its parameters) hold every value that was read or drawn when the plan was
made. From them alone follow its effects, so what is shown, hashed, stored and run is the same. The world is asked three
times: when the plan is drawn (outside the step), right before it runs (``moved``), and after a crash (``check``).
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Protocol

from actions.model.effect import Effect
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.ports import Reporter, World


class Risk(Enum):
    """What a step may cost; decides how it is armed."""

    READ = "read"
    """Changes nothing that runs: starts at once."""
    REVERSIBLE = "reversible"
    """Starts on Enter over its preview."""
    IRREVERSIBLE = "irreversible"
    """Wants the target's name typed."""


class Outcome(Enum):
    """How a run of a step ended."""

    DONE = "done"
    FAILED = "failed"
    MOVED = "moved"
    """Nothing ran: the world is no longer as it was when the plan was drawn."""
    TERMINATED = "terminated"
    """Ended by the operator; the summary says what it left behind."""
    UNKNOWN = "unknown"
    """It is not known whether it happened; the operator decides what next."""


class Happened(Enum):
    """The world's answer to: has this step's effect come about?"""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Checked:
    """The answer and what was seen, in one line."""

    happened: Happened
    detail: str
    facts: dict[str, str] = field(default_factory=dict)
    """Facts that the lost end would have told (``debt``, ``pays``), when it has happened."""


@dataclass(frozen=True)
class StepResult:
    """How a run ended, in one line, and facts that others may use (strings by name)."""

    outcome: Outcome
    summary: str
    facts: dict[str, str] = field(default_factory=dict)


class Step(Protocol):
    """One unit of effect. Implementations are frozen dataclasses registered in ``steps.catalog``."""

    step_id: ClassVar[str]
    """Stable name, such as ``compose.switch``."""
    risk: ClassVar[Risk]

    def title(self) -> str:
        """What the checklist row says."""

    def expected(self) -> str:
        """The state that counts as done, in words: ``3 containers run sha256:6e34…``."""

    def effects(self) -> tuple[Effect, ...]:
        """Everything it will do, in order."""

    def undo_effects(self) -> tuple[Effect, ...]:
        """Everything that puts the former state back; empty: there is no undo."""

    def leaves(self) -> str:
        """What stays behind when it is terminated in the middle, in one line."""

    def moved(self, world: World) -> str:
        """Why the effects no longer fit the world (one line), or empty. Reads only, and is quick."""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Perform exactly the effects."""

    def check(self, world: World) -> Checked:
        """Ask the world whether the effect has come about. Reads only."""

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Perform exactly the undo effects."""

    def check_undone(self, world: World) -> Checked:
        """Ask the world whether the former state is back. Reads only."""
