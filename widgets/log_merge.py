"""Puts lines of several logs in the order of their times: a log that is asked for now and then tells its lines late.

Only the newest lines are looked at; what is older stays where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.model.ports import LogLine

LOOK_BACK = 400
"""So many of the newest lines may be passed by one that comes late."""


def merged(lines: Sequence[LogLine], new: Sequence[LogLine]) -> tuple[int, list[LogLine]]:
    """How many of ``lines`` stay as they are, and what stands behind them in the end: the rest and ``new``, by time.

    Lines of one source never pass each other; a line without a time stays behind the one before it. Nothing is lost.
    """
    first = next((line.at for line in new if line.at), "")
    kept = len(lines)
    if not first or not lines or not lines[-1].at or lines[-1].at <= first:
        return kept, list(new)
    own = {line.source for line in new}
    least = max(0, kept - LOOK_BACK)
    while kept > least and (not lines[kept - 1].at or lines[kept - 1].at > first):
        if lines[kept - 1].source in own or not lines[kept - 1].source:
            break  # its own lines, and the dividers, are in order already
        kept -= 1
    found: list[LogLine] = []
    late, at = 0, ""
    for line in lines[kept:]:
        at = line.at or at
        while late < len(new) and line.at and (not new[late].at or new[late].at < at):
            found.append(new[late])
            late += 1
        found.append(line)
    return kept, [*found, *new[late:]]
