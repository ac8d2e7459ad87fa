"""Names in one line: the first few of them, and how many more there are. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def first_of(names: Sequence[object], most: int) -> str:
    """``a, b, c and 4 more``; all of them where they are no more than ``most``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
