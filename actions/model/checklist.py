"""The checklist: items with codes, their kinds and states, and the built-in list around the steps of a plan.

The list is data; its state is in the incident. An item's code is the same on screen and on paper.
"""

from __future__ import annotations

from enum import Enum

from actions.model.quick_dataclass import dataclass


class Kind(Enum):
    """Who ticks an item."""

    SENSED = "sensed"
    MANUAL = "manual"
    STEP = "step"


class State(Enum):
    """Where an item stands. None of them can be erased: a change is one more event."""

    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    OVERRIDDEN = "overridden"
    NOT_APPLICABLE = "not applicable"
    DEFERRED = "deferred"

    @property
    def settled(self) -> bool:
        """Nothing more is asked of it now (a deferred item comes back before its phase closes)."""
        return self in (State.DONE, State.OVERRIDDEN, State.NOT_APPLICABLE)


MARKABLE = (State.OPEN, State.DONE, State.FAILED, State.OVERRIDDEN, State.NOT_APPLICABLE, State.DEFERRED)
"""States that a person may give by hand; failed: to a workflow that was tried."""
NEEDS_REASON = (State.FAILED, State.OVERRIDDEN, State.NOT_APPLICABLE, State.DEFERRED)


WORKFLOWS = "critical.workflows"
"""The sensor of the item over all ``[[workflow]]`` tables."""


class Phase(Enum):
    """The parts of the list, in order."""

    BEFORE = "before"
    CARRY_OUT = "carry out"
    AFTER = "after"
    """Within half an hour."""
    AFTER_24H = "after 24 h"
    PREVENTION = "prevention"


@dataclass(frozen=True)
class Item:
    """One line of the list."""

    code: str
    text: str
    kind: Kind
    phase: Phase
    sensor: str = ""
    """For sensed items: a name of ``procedure.SENSORS``."""
    gate: bool = False
    """Nothing that changes the system may be armed while it is open; overriding it takes a second person."""
    depth: int = 0
    """0 for the outermost items of a list."""
    part: str = ""
    """The name of the document's list that it stands in."""
    parent: str = ""
    """The code of the item that it is a workflow of; empty: it is none."""
    how: str = ""
    """What a person does to try it."""
    named: str = ""
    """The code of the document's item that a step stands for: what was said of that one counts for the step."""
    affirms: bool = False
    """Ticked only with the name of who affirms it, and only as long as its text stays the same."""


BEFORE: tuple[Item, ...] = (
    Item("A1", "caused by the deployment, not by something outside", Kind.MANUAL, Phase.BEFORE),
    Item("A2", "problem written down: messages, pages, reports", Kind.MANUAL, Phase.BEFORE),
    Item("A3", "errors, response times and database load looked at", Kind.MANUAL, Phase.BEFORE),
    Item("D1", "decision made", Kind.SENSED, Phase.BEFORE, "decision"),
    Item("D2", "release to go back to chosen", Kind.SENSED, Phase.BEFORE, "target"),
    Item("C1", "management, developers and support told", Kind.MANUAL, Phase.BEFORE),
)
AFTER: tuple[Item, ...] = (
    Item("S1", "critical workflows tested", Kind.MANUAL, Phase.AFTER),
    Item("S2", "users told that it is solved", Kind.MANUAL, Phase.AFTER),
    Item("S3", "incident report begun", Kind.MANUAL, Phase.AFTER),
    Item("S4", "root-cause analysis scheduled", Kind.MANUAL, Phase.AFTER),
    Item("S5", "forward fix planned", Kind.MANUAL, Phase.AFTER),
)
