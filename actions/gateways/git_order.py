"""Puts commits in order by their times, and where a clock was wrong by what came of what. Pure: others read them.

A commit's time is what the clock of its maker said. A release that was built on another one is newer than it all the
same, and what is older than the one that runs decides where it is gone back to.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from actions.model.ports import Commit


def newest_first(rows: Sequence[tuple[Commit, tuple[str, ...]]]) -> list[Commit]:
    """Newest first, and every commit before its parents. ``rows``: each commit with the full ids of its parents.

    Where times are equal, the order in which they are given stays.
    """
    timed = sorted(rows, key=lambda row: row[0].at, reverse=True)
    place = {one.id: at for at, (one, _) in enumerate(timed)}
    parents = [[place[sha] for sha in dict.fromkeys(shas) if sha in place] for _, shas in timed]
    if all(at < min(mine, default=len(timed)) for at, mine in enumerate(parents)):
        return [one for one, _ in timed]  # nearly always
    children = [0] * len(timed)
    for mine in parents:
        for at in mine:
            children[at] += 1
    ready = [at for at, count in enumerate(children) if not count]
    heapify(ready)
    found: list[Commit] = []
    while ready:
        at = heappop(ready)
        found.append(timed[at][0])
        for parent in parents[at]:
            children[parent] -= 1
            if not children[parent]:
                heappush(ready, parent)
    return found
