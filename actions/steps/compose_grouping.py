"""Puts images of several services together into releases: by revision label, else by the time of building.

A service that a build did not change keeps its image; whether it was in force is decided here, not guessed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from actions.model.clock import parse_stamp

GAP_S = 10 * 60
"""Longest pause between two builds of one release."""
WINDOW_S = 45 * 60
"""Longest time from the first to the last build of one release."""


@dataclass(frozen=True)
class Candidate:
    """An image of which it is known to which service it belongs."""

    service: str
    image_id: str
    created: str
    """UTC stamp."""
    revision: str = ""


def by_build(
    candidates: list[Candidate], services: tuple[str, ...], running: dict[str, str]
) -> list[tuple[Candidate, ...]]:
    """Candidates grouped into releases, newest first; a group may lack services, and holds each at most once.

    A service that is missing from a group is filled with the image that it runs now, when that image is older
    than the group: it was in force then and has not changed since.
    """
    named: dict[str, list[Candidate]] = defaultdict(list)
    unnamed: list[Candidate] = []
    for candidate in candidates:
        (named[candidate.revision] if candidate.revision else unnamed).append(candidate)
    groups = [_one_each(members, running) for members in named.values()]
    groups += _by_time(unnamed)
    there = [c for c in candidates if c.service in services and running.get(c.service) == c.image_id]
    filled = [_filled(group, there) for group in groups]
    return sorted(filled, key=_newest, reverse=True)


def _one_each(members: list[Candidate], running: dict[str, str]) -> list[Candidate]:
    """The newest image of each service; of a revision built twice, the one that runs."""
    best: dict[str, Candidate] = {}
    for member in sorted(members, key=lambda m: (running.get(m.service) == m.image_id, m.created)):
        best[member.service] = member
    return list(best.values())


def _by_time(members: list[Candidate]) -> list[list[Candidate]]:
    groups: list[list[Candidate]] = []
    for member in sorted(members, key=lambda m: (m.created, m.image_id, m.service), reverse=True):
        if groups and _belongs(member, groups[-1]):
            groups[-1].append(member)
        else:
            groups.append([member])
    return groups


def _belongs(member: Candidate, group: list[Candidate]) -> bool:
    if any(other.service == member.service for other in group):
        return False
    built = _seconds(member)
    return _seconds(group[-1]) - built <= GAP_S and _seconds(group[0]) - built <= WINDOW_S


def _filled(group: list[Candidate], running: list[Candidate]) -> tuple[Candidate, ...]:
    there = {member.service for member in group}
    oldest = min(member.created for member in group)
    unchanged = [c for c in running if c.service not in there and c.created <= oldest]
    return tuple(sorted([*group, *unchanged], key=lambda member: member.service))


def _newest(group: tuple[Candidate, ...]) -> str:
    return max(member.created for member in group)


def _seconds(candidate: Candidate) -> float:
    return parse_stamp(candidate.created).timestamp() if candidate.created else 0.0
