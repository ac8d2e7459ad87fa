"""Asks several things at the same time, a thread each, and waits for each only so long: what hangs is named and left.

A thread cannot be ended. One that hangs is remembered, and what it asks is not asked once more while it does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
MOST_AT_ONCE = 16


@dataclass(frozen=True)
class Question(Generic[T]):
    """What is asked, by name, and how long it may take in seconds."""

    name: str
    ask: Callable[[], T]
    within_s: float


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came of it. Exactly one of the three is set."""

    name: str
    value: T | None = None
    error: BaseException | None = None
    hangs_s: float = 0.0
    """It did not come to an end within so many seconds."""


@dataclass
class _Asked(Generic[T]):
    thread: threading.Thread
    box: list[Answer[T]]
    until: float


@dataclass
class Bounded(Generic[T]):
    """Remembers what hangs."""

    _hanging: dict[str, threading.Thread] = field(default_factory=dict)

    def ask(self, questions: Sequence[Question[T]], label: str) -> tuple[Answer[T], ...]:
        """The answers, in the order of the questions; comes back when the slowest is through or given up."""
        out: list[Answer[T]] = []
        for begin in range(0, len(questions), MOST_AT_ONCE):
            out += self._some(questions[begin : begin + MOST_AT_ONCE], label)
        return tuple(out)

    def _some(self, questions: Sequence[Question[T]], label: str) -> list[Answer[T]]:
        asked: dict[str, _Asked[T]] = {}
        for one in questions:
            old = self._hanging.get(one.name)
            if old is not None and old.is_alive():
                continue
            self._hanging.pop(one.name, None)
            box: list[Answer[T]] = []
            thread = threading.Thread(target=_run, args=(one, box), name=f"{label} {one.name}", daemon=True)
            asked[one.name] = _Asked(thread, box, time.monotonic() + one.within_s)
            thread.start()
        return [self._end(one, asked.get(one.name)) for one in questions]

    def _end(self, one: Question[T], asked: _Asked[T] | None) -> Answer[T]:
        if asked is None:
            return Answer(one.name, hangs_s=one.within_s)
        asked.thread.join(max(0.0, asked.until - time.monotonic()))
        if asked.box:
            return asked.box[0]
        self._hanging[one.name] = asked.thread
        return Answer(one.name, hangs_s=one.within_s)


def _run(one: Question[T], box: list[Answer[T]]) -> None:
    try:
        box.append(Answer(one.name, value=one.ask()))
    except Exception as error:  # noqa: BLE001 - whatever it is becomes the answer; the others are asked on
        box.append(Answer(one.name, error=error))
