"""Joins what several sources tell into groups, one for each release: by commit, image and digest, never by guess. Pure.

Releases of the way back in use stay apart, whatever they share; what the others tell is attached to them. What follows
from it for one release is left to ``release_history``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from actions.model.deployed import Deployed
from actions.model.quick_dataclass import replace
from actions.model.release import Release
from actions.model.release_rows import Listing
from actions.model.release_times import in_utc, is_empty_time

MOST = 50
"""So many of its newest deployments count as a release's lives."""
SHORTEST = 7
"""Digits from which on a short commit id is taken for one."""
_FULL = (40, 64)
"""Digits of a full commit id."""
_SHORT = re.compile(r"(?:sha-|git-)?([0-9a-f]{7,63})")
"""A commit as a source or an image tag may write it: ``2273691``, ``sha-2273691``."""

_BY_NAME = ("image tag", "built image", "container")
"""Sources that call a release by its commit where they know no more of that than a short form."""


class Group:
    """A release and what is attached to it."""

    __slots__ = ("doubts", "identity", "release", "source", "told")

    def __init__(self, source: str, release: Release, identity: str) -> None:
        self.identity = identity
        self.source = source
        self.release = release
        self.told: list[tuple[str, Release, list[Group]]] = []
        """(source, as it tells of it, all releases that it may be telling of)."""
        self.doubts: list[str] = []
        """What could not be taken as it was told; a line each."""

    @property
    def every(self) -> list[tuple[str, Release]]:
        """All that is told of it, by the way back in use first."""
        return [(self.source, self.release), *((source, one) for source, one, _ in self.told)]

    @property
    def last(self) -> str:
        """When it was deployed last, by whoever tells of the latest; empty: nobody does."""
        last = self.release.live_since
        for _, one, _ in self.told:
            last = max(last, one.live_since)
        return last


class _Ids:
    """All full commit ids that are told, to know a short one by: where one alone begins so, it is meant."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self._listings = listings
        self._ids: list[str] | None = None

    def beginning(self, short: str) -> list[str]:
        """Those that begin so; two are enough to know that it is not known which."""
        if self._ids is None:
            every = (one.commit for listing in self._listings for one in listing.releases)
            self._ids = sorted({commit for commit in every if len(commit) in _FULL and commit.isalnum()})
        at = bisect_left(self._ids, short)
        return [one for one in self._ids[at : at + 2] if one.startswith(short)]


def joined(option: str, listings: Sequence[Listing]) -> list[Group]:
    """The groups, in the order in which they are listed. ``option``: whose releases stay apart."""
    groups: list[Group] = []
    known = _Known()
    ids = _Ids(listings)
    for listing in sorted(listings, key=lambda one: one.source != option):
        for told in listing.releases:
            release, doubts = _timed(listing.source, told)
            keys, doubt = _keys(release, ids)
            hits = known.hits(keys) if listing.source != option else []
            for hit in hits:
                hit.told.append((listing.source, release, hits))
            if not hits:
                made = Group(listing.source, release, release.identity if release.images else release.commit)
                groups.append(made)
                hits = [made]
            if doubts or doubt:
                hits[0].doubts += [*doubts, *([f"{listing.source}: {doubt}"] if doubt else [])]
            if len(hits) == 1:
                known.add(hits[0], keys)
    return groups


class _Known:
    """Groups by their keys. Nearly every key is of one group: no list is made for it, of tens of thousands."""

    def __init__(self) -> None:
        self._first: dict[str, Group] = {}
        self._further: dict[str, list[Group]] = {}

    def add(self, group: Group, keys: list[str]) -> None:
        """It goes by these, too."""
        for key in keys:
            if self._first.setdefault(key, group) is not group:
                there = self._further.setdefault(key, [])
                if group not in there:
                    there.append(group)

    def hits(self, keys: list[str]) -> list[Group]:
        """All that go by one of these, each once."""
        hits: list[Group] = []
        for key in keys:
            first = self._first.get(key)
            if first is not None:
                hits += [one for one in (first, *self._further.get(key, ())) if one not in hits]
        return hits


_NONE: list[str] = []


def _timed(source: str, told: Release) -> tuple[Release, list[str]]:
    """The same release with times that can be compared; and which of them were none, a line each."""
    times = (told.created, told.live_since, told.live_until)
    created, since, until = in_utc(told.created), in_utc(told.live_since), in_utc(told.live_until)
    many = told.deployments
    if many:
        many = tuple(_deployment(one) for one in many)
    if created is times[0] and since is times[1] and until is times[2] and many == told.deployments:
        return told, _NONE  # nearly always
    release = replace(told, created=created, live_since=since, live_until=until, deployments=many)
    names = zip(("made", "deployed", "replaced"), times, (created, since, until), strict=True)
    odd = [(what, was) for what, was, now in names if was and not now and not is_empty_time(was)]
    return release, [f"{what}: {source} tells a time that is none: {was[:40]}" for what, was in odd]


def _deployment(one: Deployed) -> Deployed:
    times = tuple(in_utc(text) if text else text for text in (one.at, one.began, one.until))
    if times == (one.at, one.began, one.until):
        return one
    return replace(one, at=times[0], began=times[1], until=times[2])


def is_commit(text: str) -> bool:
    """Whether it has the length of a full commit id; what has it and is none does not come from our sources."""
    return len(text) in _FULL and text.isalnum()


def keys_of(release: Release) -> list[str]:
    """By what a release is known; the first is its identity, where it has one."""
    return _keys(release, None)[0]


def _keys(release: Release, ids: _Ids | None) -> tuple[list[str], str]:
    """By what a release is known, and what is doubtful about it; empty: nothing.

    An image that is only a part of it proves nothing: a database's stays for years.
    """
    commit, images = release.commit, release.images
    keys = [release.identity] if len(images) > 1 else list(images.values()) if images else [commit] if commit else []
    doubt = ""
    if commit and is_commit(commit):
        if images:
            keys.append(commit)
    else:
        tag = commit or (release.name if release.source in _BY_NAME else "")
        if tag and ids is not None:
            found, doubt = _full_id(tag, ids)
            keys += [found] if found else []
        if commit:
            keys.append(f"tag {commit}")  # of an image that is only pulled
    if release.source == "image tag":
        keys.append(f"tag {release.name}")
    digests = release.digests
    if digests and len(images) <= 1 and len(set(digests.values())) == 1:
        keys.append(next(iter(digests.values())))
    return keys, doubt


def _full_id(text: str, ids: _Ids) -> tuple[str, str]:
    """The commit that is meant by a short id; or empty, and what is doubtful."""
    short = _SHORT.fullmatch(text)
    found = ids.beginning(short[1]) if short is not None else []
    if len(found) > 1:
        return "", f"{text} begins more than one commit: it is joined with none of them"
    return (found[0] if found else ""), ""


def ordered(groups: list[Group]) -> list[Group]:
    """The order of the way back in use stays; the others stand where their time puts them."""
    if not groups:
        return groups
    first = groups[0].source
    own = [one for one in groups if one.source == first]
    others = sorted((one for one in groups if one.source != first), key=_time, reverse=True)
    if not others:
        return own
    out: list[Group] = []
    at = 0
    for one in own:
        mine = _time(one)
        while at < len(others) and mine and _time(others[at]) > mine:
            out.append(others[at])
            at += 1
        out.append(one)
    return [*out, *others[at:]]


def _time(group: Group) -> str:
    return group.release.created or group.release.live_since


def lives_told(release: Release) -> list[Deployed]:
    """The deployments that it was live by, the last one first: as they are told one by one, else the last one alone."""
    if release.deployments:
        return [one for one in release.deployments[:MOST] if one.was_live]
    if release.live_since:
        return [Deployed(release.live_since, until=release.live_until, ended=release.ended)]
    return []


def times_of(groups: Sequence[Group]) -> list[str]:
    """When anything is told to have come up, in order."""
    found: set[str] = set()
    for group in groups:
        for one in (group.release, *(told for _, told, _ in group.told)):
            if one.deployments:
                found.update(each.at for each in lives_told(one))
            elif one.live_since:
                found.add(one.live_since)
    return sorted(found)
