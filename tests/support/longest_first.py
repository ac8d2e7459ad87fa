"""The order in which workers run tests: what waits for services first, so that no long test is the last of a run.

xdist deals the list out in equal stretches, one for each worker, and lets who is idle take from the end of the longest
queue. So each stretch begins with whole files of long tests, and ends with short ones. Starting tests is xdist's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, groupby, islice
from typing import TypeVar

import pytest

KINDS = (("docker", "slow", "tmux"), ("postgres", "ssh"))
"""Markers of the longest tests, and of those that are between them and the short ones."""
SHORT = len(KINDS)

T = TypeVar("T")


def longest_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """All of the items, as so many workers are to run them."""
    files = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    return dealt([(_kind(file), file) for file in files], workers)


def dealt(files: Sequence[tuple[int, Sequence[T]]], workers: int) -> list[T]:
    """A stretch for each worker, one behind the other. `files`: kind (0 is the longest), and the tests, which stay
    together and in their order; only short ones are parted where a stretch ends.
    """
    sizes = stretches(sum(len(tests) for _, tests in files), workers)
    queues: list[list[T]] = [[] for _ in sizes]
    short: list[T] = []
    for kind, tests in sorted(files, key=lambda file: file[0]):
        worker = min(range(workers), key=lambda number: len(queues[number]) - sizes[number])
        fits = len(queues[worker]) + len(tests) <= sizes[worker]
        (queues[worker] if kind < SHORT and fits else short).extend(tests)
    rest = iter(short)
    parts = ([*own, *islice(rest, size - len(own))] for own, size in zip(queues, sizes, strict=True))
    return list(chain.from_iterable(parts))


def stretches(count: int, workers: int) -> list[int]:
    """How many of `count` tests each worker is dealt, as `--dist=worksteal` counts them."""
    sizes: list[int] = []
    for left in range(workers, 0, -1):
        sizes.append((count - sum(sizes)) // left)
    return sizes


def _kind(file: Iterable[pytest.Item]) -> int:
    """The longest kind that a file has a test of."""
    names = {marker.name for item in file for marker in item.iter_markers()}
    return next((kind for kind, markers in enumerate(KINDS) if names.intersection(markers)), SHORT)
