"""What every source of the log pane shares: bytes become harmless, redacted, levelled lines in bounded
batches.

Where the bytes come from is left to ``file_logs`` and ``engine_logs``. A source is driven by a plain thread
that belongs to it alone; ``run`` returns soon after ``stop`` is set and raises nothing that was to be
expected: what goes wrong outside is told in the pane, as a line with ``NOTICE`` in front, because that is
where somebody looks for lines.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from actions.model.outside_text import LineSanitiser, sanitise
from actions.model.ports import LogLine
from actions.model.secret import LineRedactor, Redactor

NOTICE = "── "
"""Begins a line that is ours and not the application's. (Nothing stops an application from writing it
too.)"""

LARGEST_BATCH = 500
HELD_BACK_S = 0.03
"""How long lines are gathered before they are handed on: a message per line would drown the screen in a
flood."""

Emit = Callable[[list[LogLine]], None]

_ERROR = (
    "ERROR",
    "CRITICAL",
    "FATAL",
    "Traceback",
    "Exception",
    "[error]",
    "[crit]",
    "level=error",
    "level=fatal",
)
_WARNING = ("WARN", "[warn]", "level=warn")


class LogSource(Protocol):
    """Something that writes lines."""

    @property
    def name(self) -> str:
        """How the pane calls it."""

    @property
    def trouble(self) -> str:
        """What keeps it from being read now, as it was told in the pane; empty: nothing."""

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Hand lines on until ``stop`` is set; called once, in a thread of its own.

        ``emit`` gets 1 to ``LARGEST_BATCH`` lines at a time, in their order; while it waits nothing is read,
        so a slow taker costs delay and no memory.
        """


def level_of(text: str) -> str:
    """``error``, ``warning`` or empty, by the words that stand in the line; a hint for the eye, no
    verdict."""
    for word in _ERROR:
        if word in text:
            return "error"
    for word in _WARNING:
        if word in text:
            return "warning"
    return ""


def notice(source: str, text: str, at: str = "") -> LogLine:
    """A line of our own about a source."""
    return LogLine(at, source, NOTICE + sanitise(text), "warning")


class LineMaker:
    """Makes lines of one stream of bytes; keeps what is needed across chunks (an unfinished line, a private
    key)."""

    def __init__(self, source: str, redactor: Redactor | None = None) -> None:
        self._source = source
        self._sanitiser = LineSanitiser(cut=redactor.safe_cut if redactor else None)
        self._redact = LineRedactor(redactor).redact if redactor else None

    def feed(self, data: bytes, at: str = "") -> list[LogLine]:
        """The lines that are complete now. ``at`` is the time of the newest bytes (UTC stamp), where it is
        known."""
        return [self._line(text, at) for text in self._sanitiser.feed(data)]

    def finish(self, at: str = "") -> list[LogLine]:
        """What is left when the stream ended in the middle of a line."""
        return [self._line(text, at) for text in self._sanitiser.finish()]

    def _line(self, text: str, at: str) -> LogLine:
        if self._redact is not None:
            text = self._redact(text)
        return LogLine(at, self._source, text, level_of(text))


class Batches:
    """Gathers lines for a moment and hands them on in bounded batches."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._lines: list[LogLine] = []
        self._since = 0.0

    def add(self, lines: list[LogLine]) -> None:
        """Take lines; full batches go on at once."""
        if not lines:
            return
        if not self._lines:
            self._since = time.monotonic()
        self._lines += lines
        while len(self._lines) >= LARGEST_BATCH:
            batch, self._lines = self._lines[:LARGEST_BATCH], self._lines[LARGEST_BATCH:]
            self._emit(batch)

    def patience(self, longest: float) -> float:
        """Seconds that may pass before ``flush`` is due, at most ``longest``."""
        if not self._lines:
            return longest
        return min(longest, max(0.0, self._since + HELD_BACK_S - time.monotonic()))

    def flush(self, *, all_of_it: bool = False) -> None:
        """Hand on what has waited long enough, or everything."""
        if self._lines and (all_of_it or time.monotonic() >= self._since + HELD_BACK_S):
            batch, self._lines = self._lines, []
            self._emit(batch)
