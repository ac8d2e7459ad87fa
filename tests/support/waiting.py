"""How a test waits for what happens elsewhere: it looks again and again, never for a time that it should take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60.0
"""How long anything may take, on a machine that is busy, before a test calls it a hang."""
LOOK_S = 0.02
REFERENCE_S = 0.1
"""What ``slowness`` counts took on the machine on which limits were written."""
T = TypeVar("T")


def until(what: Callable[[], object], why: object = "", patience_s: float = PATIENCE_S) -> None:
    """Waits for an event that can be looked for. ``why``: what is told when it never comes; asked only then."""
    deadline = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < deadline, f"it never came: {(why() if callable(why) else why) or what}"
        time.sleep(LOOK_S)


def within(limit_s: float, do: Callable[[], T], tries: int = 5) -> T:
    """What it gives, done once in less than so long: of a few times the first that is, so that a pause is no finding.

    ``limit_s`` is for a machine like the one on which it was written; another one has as much longer as it is slower.
    """
    took = []
    for _ in range(tries):
        before = slowness()
        begun = time.perf_counter()
        value = do()
        seconds = time.perf_counter() - begun
        allowed = limit_s * max(before, slowness())
        if seconds < allowed:
            return value
        took.append(f"{seconds:.2f} s of {allowed:.2f} s")
    raise AssertionError(f"never quick enough: {', '.join(took)}")


def slowness() -> float:
    """How many times longer something takes just now than on the machine on which limits were written; at least 1."""
    begun = time.perf_counter()
    sum(number * number % 7 for number in range(1_000_000))
    return max(1.0, (time.perf_counter() - begun) / REFERENCE_S)
