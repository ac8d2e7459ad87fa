"""The list of records: one row of each, and what of it is asked of its few telling events in the same question."""

from __future__ import annotations

from typing import Any

from actions.gateways.journal_events import event_from_line
from actions.model.quick_dataclass import dataclass, replace


@dataclass(frozen=True)
class IncidentSummary:
    """One row of the list of records."""

    number: int
    """Position in this store; newer is larger. For paging only."""
    id: str
    system: str
    environment: str
    mode: str
    title: str
    declared_at: str
    declared_by: str
    outcome: str
    """Empty while it is open."""
    closed_at: str
    target: str
    executed: str
    verified: str
    ticket: str = ""
    """Where the fix is followed, of what was fixed forward."""
    due: str = ""
    """When that fix is due: a stamp, or empty."""
    restricted: bool = False
    """Few may read it: somebody said that it is about a security hole."""
    parked: bool = False
    """How it ended is recorded, and it stays open for what is bent."""

    @property
    def state(self) -> str:
        """``open``, ``closed, not signed``, ``awaits verification``, ``signed off`` or ``PARKED``.

        Parked, what it lacks stands behind it: ``PARKED, awaits verification``.
        """
        if not self.outcome:
            return "open"
        if not self.executed:
            return "PARKED, not signed" if self.parked else "closed, not signed"
        if not self.verified:
            return "PARKED, awaits verification" if self.parked else "awaits verification"
        return "PARKED" if self.parked else "signed off"


CLOSING = (
    "CASE outcome WHEN 'forward' THEN (SELECT line FROM events WHERE events.incident=incidents.incident"
    " AND kind IN ('closed', 'parked') ORDER BY seq DESC LIMIT 1) END"
)
"""The event that says where the fix is followed; asked for only where there is one: the table stays as it is."""


RESTRICTED = (
    "EXISTS (SELECT 1 FROM events WHERE events.incident=incidents.incident AND kind='criterion.marked'"
    """ AND instr(line, '"branch":"security"') AND instr(line, '"met":true'))"""
)
"""Whether a criterion of that branch was ever met. No text of an event can pass for it: there, quotes are escaped."""
PARKED = (
    "EXISTS (SELECT 1 FROM events WHERE events.incident=incidents.incident AND kind='parked') AND"
    " NOT EXISTS (SELECT 1 FROM events WHERE events.incident=incidents.incident AND kind='closed')"
)
"""Whether a record is parked: few ever are, so the second is seldom asked."""
PARKED_INDEX = "CREATE INDEX IF NOT EXISTS events_parked ON events (incident) WHERE kind='parked'"
CRITERIA_INDEX = "CREATE INDEX IF NOT EXISTS events_criteria ON events (incident) WHERE kind='criterion.marked'"


def summary_of(row: tuple[Any, ...]) -> IncidentSummary:
    """The summary of a row: its columns in order, then ``RESTRICTED``, ``PARKED`` and ``CLOSING``."""
    *columns, restricted, parked, line = row
    summary = IncidentSummary(*columns)
    if restricted or parked:
        summary = replace(summary, restricted=bool(restricted), parked=bool(parked))
    if line is None:
        return summary
    data = event_from_line(line).data
    return replace(summary, ticket=str(data.get("ticket", "")), due=str(data.get("due", "")))
