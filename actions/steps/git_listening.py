"""Listens to what a command says while it is told to the operator, so that a step can give the reason for its end.

Keeping the output is left to the reporter; here only the newest lines of the one run are held.
"""

from __future__ import annotations

from collections import deque

from actions.model.events import Body
from actions.model.ports import Reporter

_LINES = 400


class Listening:
    """A reporter that passes everything on and remembers the newest lines."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._lines: deque[str] = deque(maxlen=_LINES)

    def line(self, text: str) -> None:
        """Pass a line on and remember it."""
        self._lines.append(text)
        self._report.line(text)

    def record(self, body: Body) -> None:
        """Pass a fact on."""
        self._report.record(body)

    def stopping(self) -> bool:
        """Ask the reporter."""
        return self._report.stopping()

    def text(self) -> str:
        """The newest lines."""
        return "\n".join(self._lines)
