"""Asks several things at the same time, a thread each, so that one that hangs holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MOST_AT_ONCE = 16


def side_by_side(count: int, ask: Callable[[int], T], name: str) -> tuple[T, ...]:
    """``ask(0)`` … ``ask(count - 1)``, in that order. ``ask`` comes back with an answer, whatever happens."""
    found: list[T | None] = [None] * count

    def one(number: int) -> None:
        found[number] = ask(number)

    for begin in range(0, count, MOST_AT_ONCE):
        some = range(begin, min(begin + MOST_AT_ONCE, count))
        threads = [threading.Thread(target=one, args=(number,), name=name, daemon=True) for number in some]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return tuple(answer for answer in found if answer is not None)
