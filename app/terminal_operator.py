"""Who answers in plain mode: a person at a terminal or pipe, or the demo that plays by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable

from actions.model.incident import keeps_failing
from app.session import Session


class TerminalOperator:
    """Lines on standard output, answers from standard input."""

    def say(self, line: str) -> None:
        """Show a line at once."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def ask(self, _kind: str, prompt: str) -> str:
        """Show the prompt and read a line. Raises EOFError at the end of the input."""
        sys.stdout.write(prompt)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        if not sys.stdin.isatty():
            self.say("")
        return line.rstrip("\n")


class AutoOperator:
    """Presses the keys that the demo's story wants: NEXT, and plain answers. Gives up when nothing moves any more."""

    _PATIENCE = 3

    def __init__(self, session: Session, answers: dict[str, str], say: Callable[[str], None]) -> None:
        self._session = session
        self._answers = answers
        self._say = say
        self._seen = (-1, 0)

    def say(self, line: str) -> None:
        """Show a line."""
        self._say(line)

    def ask(self, kind: str, prompt: str) -> str:
        """The prepared answer, shown as if it had been typed."""
        if kind == "next":
            head = self._session.incident.head_seq
            self._seen = (head, self._seen[1] + 1 if self._seen[0] == head else 1)
            if self._seen[1] > self._PATIENCE or keeps_failing(self._session.incident):
                raise EOFError
        answer = self._answers.get(kind, "")
        self._say(f"{prompt}{answer or '⏎'}")
        return answer
