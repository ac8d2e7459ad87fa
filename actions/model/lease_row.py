"""A lease as a value, apart from ``ports``: opening the cockpit needs it and none of the protocols."""

from __future__ import annotations

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class LeaseRow:
    """Who holds a system, as recorded."""

    holder: str
    host: str
    boot: str
    pid: int
    pid_start: int
    tty: str
    since: str
    fence: int
    held: bool
