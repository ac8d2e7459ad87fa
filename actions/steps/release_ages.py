"""How old a backup or a snapshot is, in words: against the deployment that is gone back from, where one is known."""

from __future__ import annotations

from actions.model.clock import parse_stamp, span
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class Ages:
    """What an age is told against; ``deployed`` and ``name`` are empty where nobody recorded a deployment."""

    deployed: str
    name: str
    now: str

    def words(self, at: str) -> str:
        """``2 h before the deployment of v43``."""
        if not at:
            return "of unknown age"
        if not self.deployed:
            return f"{_between(at, self.now)} old"
        side = "before" if at <= self.deployed else "after"
        return f"{_between(*sorted((at, self.deployed)))} {side} the deployment of {self.name}"


def _between(early: str, late: str) -> str:
    return span(round((parse_stamp(late) - parse_stamp(early)).total_seconds()))
