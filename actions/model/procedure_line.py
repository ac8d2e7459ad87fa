"""What the page of a procedure is made of: lines with a look, and the facts of the moment. Pure.

Which lines there are is left to ``procedure_sheet``; painting them to the widgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any

from actions.model.incident import Incident
from actions.model.matrix import DEFAULT_AUTHORITY, Authority
from actions.model.measured import Measured
from actions.model.phases import decide_or_back_by
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.readiness import Card

NO_PROCEDURE = "this record is from before procedures were kept with it: the built-in lists hold, and there is no more"


class Look(Enum):
    """How a line is to look; every look but the quiet ones is told by its words, too."""

    TITLE = "title"
    HEADING = "heading"
    NAME = "name"
    """What the lines beneath it, one deeper, are about."""
    PLAIN = "plain"
    QUIET = "quiet"
    NOW = "now"
    """It holds at this moment."""
    WARNING = "warning"
    READY = "ready"
    GAP = "gap"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Line:
    """One line of the page."""

    text: str
    look: Look = Look.PLAIN
    depth: int = 0


@dataclass(frozen=True)
class Around:
    """What the page tells beside the document."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """The configuration as JSON."""
    people: Mapping[str, Any] = field(default_factory=dict)
    """Login -> ``{"name", "roles"}``."""
    rules: tuple[Authority, ...] = DEFAULT_AUTHORITY
    elapsed_s: int | None = None
    """Since the declaration; None: nothing is declared, or it is over."""
    deadline_s: int | None = None
    """Since the declaration, by which it must be decided or back; None: no deadline holds."""
    overdue: str = ""
    """Since when the document's review is overdue; empty: it is not."""
    measured: Mapping[str, Measured] = field(default_factory=dict)
    """Option -> how long it took here."""
    cards: tuple[Card, ...] = ()
    """The readiness of the release that runs, then of the target; empty: nobody has looked."""
    reading: str = ""
    """What is said while they are looked at."""


def around(incident: Incident, rules: Sequence[Authority], elapsed_ms: int) -> Around:
    """The facts of a declared incident at this moment of it."""
    declared = incident.declared
    due, _ = decide_or_back_by(incident)
    return Around(
        settings=declared.settings if declared else {},
        people=declared.people if declared else {},
        rules=tuple(rules),
        elapsed_s=None if incident.closed is not None or declared is None else elapsed_ms // 1000,
        deadline_s=due,
        overdue=incident.procedure_overdue,
    )


def as_text(lines: Iterable[Line]) -> Iterator[str]:
    """The page for whoever sees no colours: indented lines, headings between dashes, ``!`` before a warning."""
    for line in lines:
        if line.look is Look.HEADING:
            yield f"-- {line.text} --"
        else:
            yield f"{'  ' * line.depth}{'! ' if line.look is Look.WARNING else ''}{line.text}"
