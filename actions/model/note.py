"""Notes: what an operator must know of a plan or a list, each with a code that stays the same whatever the text says.

A script tells notes apart by their codes, and people can name them on a call. The kinds of notes stand in
``note_kinds``, which is not loaded for the first screen. A reason to stop is no note but a ``GoaroundError`` with a
code of its own; how notes look is left to the widgets.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from actions.model.quick_dataclass import dataclass


class Level(Enum):
    """How much a note matters."""

    INFO = "info"
    """How it is done; a plan without any trouble has some of these."""
    WARNING = "warning"
    """Something is not as it should be, is not known, or is lost: to be weighed before the plan is flown."""


@dataclass(frozen=True)
class Note:
    """One note. ``str(note)`` is its text."""

    code: str
    """One of ``NoteKind``, or of a newer version; empty in a record from before notes had codes."""
    text: str
    """One line for the operator."""
    level: Level = Level.INFO

    def __post_init__(self) -> None:
        if not self.code and self.level is not Level.INFO:
            raise ValueError("a note without a code has no level")

    def __str__(self) -> str:
        return self.text

    @property
    def is_warning(self) -> bool:
        """Whether it is to be weighed."""
        return self.level is Level.WARNING

    def words(self) -> str:
        """For plain lines: the text; before that of a warning stands that it is one."""
        return f"! warning: {self.text}" if self.is_warning else self.text

    def to_json(self) -> str | dict[str, str]:
        """As it stands in a record. One from before notes had codes is its text alone: its plan's hash stays."""
        if not self.code:
            return self.text
        return {"code": self.code, "text": self.text, "level": self.level.value}


def note_fields(data: Any) -> Any:
    """A recorded note as the fields of ``Note``; a bare text is one from before notes had codes. Raises ValueError."""
    if isinstance(data, str):
        return {"code": "", "text": data, "level": Level.INFO.value}
    if isinstance(data, dict) and data.get("code") == "":
        raise ValueError("a note's code is empty")
    return data
