"""Events about how an incident is flown: by which of several ways back. What each leads to is left to the fold."""

from __future__ import annotations

from typing import ClassVar

from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class OptionChosen:
    """Another of the configured ways back is to be gone; the plan that is drawn stays until another is."""

    kind: ClassVar[str] = "option.chosen"
    option: str
    before: str
    """The one in use until now."""
    text: str = ""
    """What was known when it was chosen: how long it takes, that it cannot be done in time."""
