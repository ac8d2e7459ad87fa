"""The size of a backup against the one before it: what shrinks at once has lost something. Pure."""

from __future__ import annotations

HALF = 2
"""A backup that is smaller than this part of the one before is a warning."""


def trend_words(size: int, before: int) -> str:
    """``-62 % against the last one: LESS THAN HALF``, ``+3 % against the last one``; empty where none is known."""
    if not before:
        return ""
    change = round(100 * (size - before) / before)
    return f"{change:+d} % against the last one{': LESS THAN HALF' if shrunk(size, before) else ''}"


def shrunk(size: int, before: int) -> bool:
    """Less than half of the one before."""
    return bool(before) and size * HALF < before
