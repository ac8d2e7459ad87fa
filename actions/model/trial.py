"""A trial: who restores a backup into a scratch database, as the comment of that database tells it. Pure.

It names the process, so that a later run can tell a database that was left from one that is being filled.
"""

from __future__ import annotations

import re

from actions.model.database_names import side_name
from actions.model.quick_dataclass import dataclass

_FORM = re.compile(
    r"trial (?P<mark>[a-z0-9_]{1,24}) (?P<node>[A-Za-z0-9._-]{1,64})/(?P<space>\d+) (?P<boot>\S{1,16})"
    r" (?P<pid>\d{1,10}) (?P<started>\d{1,20})"
)


@dataclass(frozen=True)
class Trial:
    """One run of ``goaround ready --restore``."""

    mark: str
    node: str
    """Name of the machine (of the container)."""
    space: int
    """Its space of process numbers: containers of one machine have each their own."""
    boot: str
    pid: int
    started: int
    """Clock ticks since boot: with it the number proves which process it is."""

    @property
    def incident(self) -> str:
        """What stands in the comment as the one who made it."""
        return f"trial {self.mark} {self.node}/{self.space} {self.boot} {self.pid} {self.started}"

    def scratch(self, database: str) -> str:
        """The database that is filled."""
        return side_name(database, "try", self.mark)


def read_trial(incident: str) -> Trial | None:
    """The trial that a comment names; None where it names something else."""
    found = _FORM.fullmatch(incident)
    if found is None:
        return None
    return Trial(
        found["mark"], found["node"], int(found["space"]), found["boot"], int(found["pid"]), int(found["started"])
    )
