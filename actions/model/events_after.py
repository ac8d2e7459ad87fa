"""Bodies of events about what outlives the rollback: follow-ups, what is parked, the watch of a day, handing over."""

from __future__ import annotations

from typing import ClassVar

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class DebtAssigned:
    """Somebody owns a debt, until when, and where it is followed. What is empty stays as it was."""

    kind: ClassVar[str] = "debt.assigned"
    debt: str
    owner: str = ""
    due: str = ""
    """A stamp."""
    ticket: str = ""


@dataclass(frozen=True)
class IncidentParked:
    """How it ended is recorded as by ``Closed``, and nobody flies any more; the record stays open for what is bent."""

    kind: ClassVar[str] = "parked"
    outcome: str
    """As of ``Closed``."""
    text: str = ""
    target: str = ""
    running: str = ""
    ticket: str = ""
    due: str = ""
    """When the fix is due, of what goes forward: a stamp, or empty."""
    owed: tuple[str, ...] = ()
    """Names of the debts that keep it open."""


@dataclass(frozen=True)
class WatchBegun:
    """Somebody lets the system be watched for a while, also after the incident is closed."""

    kind: ClassVar[str] = "watch.begun"
    until: str
    """A stamp."""
    every_s: int
    rules: tuple[str, ...] = ()
    """What is looked for again, in words: pinned lines, configured patterns."""
    of_s: int = 0
    """Seconds that the whole watch lasts."""
    resumed: bool = False
    """It goes on where one broke off: the watch began earlier than this."""


@dataclass(frozen=True)
class WatchEnded:
    """The watch is over."""

    kind: ClassVar[str] = "watch.ended"
    words: str
    """What it came to."""
    ok: bool = True
    complete: bool = True
    """It ran until its time was over."""


@dataclass(frozen=True)
class HandoverOffered:
    """Who flies offers the controls to somebody, with what must be known."""

    kind: ClassVar[str] = "handover.offered"
    to: str
    """A login; empty: the offer is taken back."""
    brief: tuple[str, ...] = ()
    """At most ten lines."""
