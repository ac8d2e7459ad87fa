"""Bodies of events about the procedure: the document itself, its criteria, phases and time boxes."""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar

from actions.model.codec import later
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class ProcedurePinned:
    """The document that this incident follows, as it was understood at its declaration."""

    kind: ClassVar[str] = "procedure.pinned"
    title: str
    path: str
    """Where it was read; empty: the built-in one."""
    sha256: str
    """Of the document's bytes, which are kept beside the journal."""
    procedure: dict[str, Any] = field(default_factory=dict)
    """``procedure.Procedure`` as JSON."""
    matrix: tuple[dict[str, Any], ...] = ()
    """``matrix.Row`` as JSON, worst first, as the document was understood then; empty: the built-in rows hold."""
    overdue: str = ""
    """Since when its review was overdue then: ``January 2026``; empty: it was not, or the record is older than this."""


@dataclass(frozen=True)
class CriterionMarked:
    """A reason to act was found to hold, or not to hold any more."""

    kind: ClassVar[str] = "criterion.marked"
    code: str
    """``Y1``, ``Y2`` … in the order of the document."""
    level: str
    text: str
    met: bool
    seen: str = later("")
    """What its sensor saw at that moment; empty: nothing is sensed of it, or nothing had been read yet."""
    expected: str = later("")
    sensed: str = later("")
    """``met`` or ``not met``, as the sensor said; empty: it said nothing."""
    branch: str = later("")
    """The part of the procedure that it opens."""


@dataclass(frozen=True)
class PhaseClosed:
    """A part of the list was ended by saying its line aloud."""

    kind: ClassVar[str] = "phase.closed"
    phase: str
    words: str
    """What was said: ``Before: 11 of 11, one overridden``."""


@dataclass(frozen=True)
class TimeBoxExtended:
    """A time box was over, and somebody gave it more time."""

    kind: ClassVar[str] = "timebox.extended"
    phase: str
    seconds: int
    reason: str
