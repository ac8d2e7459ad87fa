"""How a flight begins, as the command line says: by which way back, and at which step. Doing it is left to others."""

from __future__ import annotations

from collections.abc import Sequence

from actions.model.errors import BadInput
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class Begin:
    """What was wished; empty: as always."""

    option: str = ""
    """One of the configured ways back."""
    code: str = ""
    """The step to begin at, once a plan is drawn."""
    reason: str = ""
    """Why there."""

    def check(self, configured: Sequence[str]) -> None:
        """Raises BadInput for a way back that is not configured."""
        if self.option and self.option not in configured:
            raise BadInput(f"--option {self.option}: configured are {', '.join(configured) or 'none'}")


AS_ALWAYS = Begin()
"""Nothing was wished."""
