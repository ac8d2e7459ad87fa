"""The parts of one ``goaround predeploy``: one that fails becomes a gap, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from actions.model.errors import BadInput, GoaroundError
from actions.model.predeploy import Gap
from app.command_lines import Lines

T = TypeVar("T")


class Parts:
    """Does the parts of one run; one that fails becomes a gap, and the others go on."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.gaps: list[Gap] = []

    def gap(self, code: str, words: str, *, blocks: bool = True, move: str = "") -> None:
        """Something is missing."""
        clean = self.lines.redact(words)
        self.gaps.append(Gap(code, clean, blocks, move))

    def part(self, name: str, code: str, do: Callable[[], tuple[T, str]], *, blocks: bool = True) -> T | None:
        """Do one; None where it failed. Raises BadInput."""
        try:
            return self.lines.stage(name, do)
        except BadInput:
            raise
        except GoaroundError as error:
            self.gap(code, error.line(), blocks=blocks)
            return None
