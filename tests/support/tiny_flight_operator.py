"""An operator for plain mode that answers from a script and remembers every line that was shown."""

from __future__ import annotations

from collections.abc import Iterable

from app.session import Session
from app.terminal_operator import AutoOperator


class Listening(AutoOperator):
    """The demo's operator, with everything that was said in ``lines``."""

    def __init__(self, session: Session, answers: dict[str, str]) -> None:
        self.lines: list[str] = []
        super().__init__(session, answers, self.lines.append)


class Scripted:
    """Answers each question in turn; at the end of the script nobody answers any more."""

    def __init__(self, answers: Iterable[str]) -> None:
        self.lines: list[str] = []
        self.asked: list[str] = []
        self._answers = iter(answers)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def ask(self, kind: str, prompt: str) -> str:
        self.asked.append(kind)
        self.lines.append(prompt)
        try:
            return next(self._answers)
        except StopIteration:
            raise EOFError from None

    @property
    def text(self) -> str:
        return "\n".join(self.lines)
