"""Who answers in plain mode, and how lines are said: numbered, with the incident's clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from actions.model.clock import t_plus
from app.session import Session


class Operator(Protocol):
    """Who answers: a person at a terminal, or the demo playing by itself."""

    def say(self, line: str) -> None:
        """Show a line."""

    def ask(self, kind: str, prompt: str) -> str:
        """Ask; ``kind`` names the question. Raises EOFError when nobody answers any more."""


class Leave(Exception):
    """The operator left."""


class PlainVoice:
    """Says lines of a session to its operator."""

    def __init__(self, session: Session, operator: Operator) -> None:
        self.session = session
        self.operator = operator
        self._number = 0

    def say(self, text: str) -> None:
        """A numbered line with the incident's clock."""
        self._number += 1
        self.operator.say(f"{self._number:>3} {t_plus(self.session.elapsed_ms())} {text}")

    def show(self, lines: Iterable[str]) -> None:
        """Lines that belong to what was said last."""
        for line in lines:
            self.operator.say(f"    {line}")
