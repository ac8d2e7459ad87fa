"""The log of a Coolify application, asked for again and again: its interface has no stream.

For systems whose engine is not reached from here; where it is, ``engine_logs`` follows the containers. The answer is
the newest lines of the first container, each time anew: what was told before is left out by time and text.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from actions.gateways.logs import Emit, level_of, notice
from actions.model.errors import GoaroundError
from actions.model.ports import LogLine

FIRST_LINES = 200
MOST_LINES = 2000
"""Asked for where more came between two looks than was asked for."""
SHORTEST_S = 2
"""Coolify allows 200 requests a minute; a deployment that is followed wants its share."""
LONGEST_PAUSE_S = 30.0
"""Between two looks while they fail."""
_STAMP = 20
"""The least length of a time with a zone."""

Ask = Callable[[int], str]
"""The newest lines, so many at most; safe to show. Raises GoaroundError."""


class CoolifyLogs:
    """One application as one ``logs.LogSource``."""

    def __init__(self, ask: Ask, poll_s: float, *, name: str = "coolify") -> None:
        self._ask = ask
        self._poll_s = max(SHORTEST_S, poll_s)
        self._name = name
        self._count = FIRST_LINES
        self._before: Counter[tuple[str, str]] | None = None
        """The lines of the last answer; None: there was none yet."""
        self._emptied = False
        """There were lines, and the last answer held none: whatever comes next is of another container."""
        self._trouble = ""
        self._pause_s = self._poll_s

    @property
    def name(self) -> str:
        """How the pane calls it."""
        return self._name

    @property
    def trouble(self) -> str:
        """See ``logs.LogSource.trouble``."""
        return self._trouble

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """See ``logs.LogSource.run``."""
        while not stop.is_set():
            lines = self.look()
            for at in range(0, len(lines), FIRST_LINES):
                emit(lines[at : at + FIRST_LINES])
            stop.wait(self._pause_s)

    def look(self) -> list[LogLine]:
        """Ask once; what is new, oldest first, with a line of our own where something is to be said."""
        try:
            answer = self._ask(self._count)
        except GoaroundError as error:
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            return self._told(error)
        self._pause_s = self._poll_s
        lines: list[LogLine] = []
        was, self._trouble = self._trouble, ""
        if was:
            lines.append(notice(self._name, "Coolify gives its log again"))
        there = [_split(text) for text in answer.split("\n") if text.strip()]
        return lines + self._fresh(there)

    def _told(self, error: GoaroundError) -> list[LogLine]:
        """A trouble, once until it is another one or over."""
        words = f"no log: {error.line()}; trying on"
        if words == self._trouble:
            return []
        self._trouble = words
        return [notice(self._name, words)]

    def _fresh(self, there: list[tuple[str, str]]) -> list[LogLine]:
        before, self._before = self._before, Counter(there)
        left = Counter(before or ())
        fresh: list[LogLine] = []
        for at, text in there:
            if left[(at, text)] > 0:
                left[(at, text)] -= 1
            else:
                fresh.append(LogLine(at, self._name, text, level_of(text)))
        if (before or self._emptied) and fresh and len(fresh) == len(there):
            fresh.insert(0, notice(self._name, self._gap(len(there)), fresh[0].at))
        self._emptied = not there and bool(before or self._emptied)
        return fresh

    def _gap(self, count: int) -> str:
        """Nothing of what was there is left in the answer: another container, or more lines than were asked for."""
        if count < self._count:
            return "another container; its first line follows"
        self._count = min(MOST_LINES, self._count * 2)
        return f"lines may be missing here: more than {count} came between two looks, or the container is another one"


def _split(line: str) -> tuple[str, str]:
    """Time (our stamp, or empty) and text of a line with the engine's time in front."""
    told, _, text = line.partition(" ")
    if len(told) < _STAMP or told[10:11] != "T" or not told.endswith("Z") or not told.isascii():
        return "", line
    return f"{told.rstrip('Z')[:26]}Z", text
