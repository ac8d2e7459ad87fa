"""How a command without a screen tells its stages: a line each; what a step says meanwhile only to a terminal."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TextIO, TypeVar

from actions.model.errors import GoaroundError
from actions.model.events import Body
from actions.model.outside_text import sanitise

T = TypeVar("T")
KEPT = 8
"""Lines of a step that are shown when it failed."""


@dataclass(frozen=True)
class Stage:
    """One part of a command, as it ended."""

    name: str
    ok: bool
    words: str
    ms: int

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"stage": self.name, "ok": self.ok, "words": self.words, "ms": self.ms}


class Quiet:
    """A ``Reporter`` that keeps the newest lines, and shows them where somebody looks on."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._watched = sys.stderr.isatty()
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.asked = False
        """The command is to end."""
        self.polite = False
        """What runs looks at ``stopping`` by itself, and clears up: it is not interrupted."""

    def line(self, text: str) -> None:
        """One line of output."""
        shown = self._redact(sanitise(text, limit=400))
        self.lines.append(shown)
        if self._watched:
            sys.stderr.write(f"     {shown}\n")

    def record(self, body: Body) -> None:
        """There is no journal."""

    def stopping(self) -> bool:
        """Whether the command is to end."""
        return self.asked

    @contextlib.contextmanager
    def politely(self) -> Iterator[None]:
        """For a step that ends by itself when it is told to."""
        self.polite = True
        try:
            yield
        finally:
            self.polite = False
        if self.asked:
            raise KeyboardInterrupt


@dataclass
class Lines:
    """The stages of one run."""

    monotonic_ms: Callable[[], int]
    redact: Callable[[str], str]
    out: TextIO
    stages: list[Stage] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line."""
        self.out.write(f"{self.redact(sanitise(text, limit=1000))}\n")
        self.out.flush()

    def warn(self, text: str) -> None:
        """Something that one should know."""
        self.warnings.append(self.redact(sanitise(text, limit=1000)))
        self.say(f"WARNING  {text}")

    def stage(self, name: str, do: Callable[[], tuple[T, str]]) -> T:
        """Do a part; it gives its value and what to say of it. Its failure is told, and raised on."""
        begun = self.monotonic_ms()
        try:
            value, words = do()
        except GoaroundError as error:
            self._ended(name, False, error.line(), begun)
            raise
        self._ended(name, True, words, begun)
        return value

    def _ended(self, name: str, ok: bool, words: str, begun: int) -> None:
        ms = self.monotonic_ms() - begun
        self.stages.append(Stage(name, ok, self.redact(sanitise(words, limit=1000)), ms))
        took = f" ({ms / 1000:.1f} s)" if ms >= 1000 else ""
        self.say(f"{'ok' if ok else 'FAILED':<7}  {name:<9} {words}{took}")


@contextlib.contextmanager
def ended_as_by_hand(quiet: Quiet) -> Iterator[None]:
    """TERM and HUP end the process as ctrl-c does: what was begun is cleared away. A second one does not wait."""

    def end(number: int, frame: FrameType | None) -> None:
        if quiet.polite and not quiet.asked:
            quiet.asked = True
            return
        raise KeyboardInterrupt  # what clears up after it must not take itself for ended, too

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
