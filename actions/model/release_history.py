"""The release history over all sources: what each tells of a release, joined by commit and digest. Pure.

A row holds every fact with where it came from; what sources tell differently is said, not decided. Reading the sources
is left to others, which release counts as good to ``last_good``. Rows are worked out when they are asked for, so that a
list of thousands costs what is seen of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from actions.model.clock import parse_stamp, stamp
from actions.model.git_text import is_full_id
from actions.model.golden import Pin, pin_of
from actions.model.quick_dataclass import dataclass, replace
from actions.model.release import Release, WayBack, short_id

SAME_S = 600
"""Sources that tell times of one deployment no further apart than this tell the same one."""
_FULL = (40, 64)
"""Digits of a full commit id."""
TAGGED = ("git tag", "image tag")
"""Sources of releases that somebody gave a name of their own."""


@dataclass(frozen=True)
class Listing:
    """What one source told, newest first, or why it told nothing."""

    source: str
    """``coolify``, ``compose``, ``git``, ``record``."""
    releases: tuple[Release, ...] = ()
    error: str = ""
    more: bool = False
    """There are older ones that were not read."""


@dataclass(frozen=True)
class Trouble:
    """An incident of our own record."""

    incident: str
    declared_at: str
    outcome: str = ""
    """Empty while it is open."""
    closed_at: str = ""
    fled: str = ""
    """Identity of the release that it went back from, as its plan says; empty: no plan was drawn."""
    target: str = ""
    """Identity of the release that its plan went back to."""

    @property
    def counts(self) -> bool:
        """Whether it speaks against a release; one that was abandoned was a false start."""
        return self.outcome != "abandoned"

    @property
    def went_back(self) -> bool:
        """Whether it is proven that it went back."""
        return self.outcome == "recovered"


@dataclass(frozen=True)
class Fact:
    """One thing that is told of a release, and by whom."""

    what: str
    said: str
    source: str


@dataclass(frozen=True)
class Life:
    """One time that a release was live."""

    since: str
    """Stamp."""
    until: str
    """Stamp; of one that is live, the moment of looking. Empty: not known."""
    source: str
    ended: str = ""
    """How its deployment ended, in the source's words."""
    live: bool = False
    incidents: tuple[str, ...] = ()
    """Those that were declared in it."""
    guessed: bool = False
    """Nobody recorded its end: the next deployment that is known is taken for it."""

    @property
    def seconds(self) -> int | None:
        """How long; None: not known."""
        return seconds_between(self.since, self.until)


@dataclass(frozen=True)
class HistoryRow:
    """One release with all that is known of it."""

    release: Release
    """As the way back in use tells of it, with what it does not tell taken from the others."""
    own: bool
    """The way back in use knows it, and so can go back to it."""
    sources: tuple[str, ...]
    lives: tuple[Life, ...] = ()
    """The last one first."""
    facts: tuple[Fact, ...] = ()
    conflicts: tuple[str, ...] = ()
    """What sources tell differently; a line each."""
    fled: tuple[Trouble, ...] = ()
    """Incidents that went back from it."""
    proven: tuple[Trouble, ...] = ()
    """Incidents that went back to it, and proved it."""
    pin: Pin | None = None

    @property
    def identity(self) -> str:
        """What proves that it runs."""
        return self.release.identity

    @property
    def followed(self) -> tuple[str, ...]:
        """Incidents that were declared while it was live, or that went back from it."""
        return tuple(dict.fromkeys((*(one for life in self.lives for one in life.incidents), *_ids(self.fled))))


def _ids(troubles: Sequence[Trouble]) -> tuple[str, ...]:
    return tuple(one.incident for one in troubles)


class _Group:
    """A release and what is attached to it."""

    __slots__ = ("identity", "release", "shared", "source", "told")

    def __init__(self, source: str, release: Release, identity: str) -> None:
        self.identity = identity
        self.source = source
        self.release = release
        self.told: list[tuple[str, Release]] = []
        self.shared = 1
        """So many releases of the way back in use are what another source calls one."""


class History:
    """All listings joined. ``rows`` in their order; one row costs what it costs when it is asked for first."""

    def __init__(
        self,
        option: str,
        listings: Sequence[Listing],
        troubles: Sequence[Trouble] = (),
        pins: Sequence[Pin] = (),
        *,
        now: datetime,
        healthy_s: int = 1800,
    ) -> None:
        """``option``: whose listing gives the releases that can be gone back to, in their order."""
        self.option = option
        self.listings = tuple(listings)
        self.pins = tuple(pins)
        self.troubles = tuple(one for one in troubles if one.counts)
        self.now = stamp(now)
        self.healthy_s = healthy_s
        self._groups = _ordered(_joined(option, listings))
        self._rows: dict[int, HistoryRow] = {}
        self._at: dict[str, int] = {}
        for at, group in enumerate(self._groups):
            self._at.setdefault(group.identity, at)
        self._deployments = sorted({r.live_since for one in listings for r in one.releases if r.live_since})
        self._running = {one.source: next((r for r in one.releases if _runs(r)), None) for one in listings}

    def __len__(self) -> int:
        return len(self._groups)

    def row(self, index: int) -> HistoryRow:
        """The row at this place. Raises IndexError."""
        found = self._rows.get(index)
        if found is None:
            found = self._rows[index] = self._row(self._groups[index])
        return found

    def rows(self) -> Iterator[HistoryRow]:
        """All of them, one by one."""
        return (self.row(at) for at in range(len(self._groups)))

    def of(self, identity: str) -> HistoryRow | None:
        """The row of a release, by what proves that it runs."""
        at = self._at.get(identity)
        return self.row(at) if at is not None and identity else None

    def running_at(self) -> int | None:
        """The place of what runs, as the way back in use tells."""
        wanted = self._groups
        return next((n for n, one in enumerate(wanted) if one.source == self.option and _runs(one.release)), None)

    def below(self, index: int) -> Iterator[HistoryRow]:
        """Rows of the way back in use under this place, the one deployed last first; worked out one by one."""
        own = [n for n in range(index + 1, len(self._groups)) if self._groups[n].source == self.option]
        last = {n: _last(self._groups[n]) for n in own}
        return (self.row(n) for n in sorted(own, key=last.__getitem__, reverse=True))

    def pinned(self) -> Iterator[HistoryRow]:
        """Rows that a pin means."""
        for n, one in enumerate(self._groups if self.pins else ()):
            if any(pin_of(self.pins, told) for told in (one.release, *(other for _, other in one.told))):
                row = self.row(n)
                if row.pin is not None:
                    yield row

    def shown(self, *, every: bool = False) -> tuple[Release, ...]:
        """The releases for a list: all that the way back in use knows; of others, those that were deployed or named.

        ``every``: commits that nobody ever deployed or tagged, too.
        """
        return tuple(
            one.release
            for one in self._groups
            if one.source == self.option or every or one.release.live_since or one.release.source in TAGGED
        )

    @property
    def tells(self) -> bool:
        """Whether anything is known of the life of any release."""
        return bool(self._deployments or self.pins)

    @property
    def errors(self) -> tuple[str, ...]:
        """Sources that could not be read, a line each."""
        return tuple(f"{one.source}: {one.error}" for one in self.listings if one.error)

    @property
    def more(self) -> bool:
        """Whether a source has older ones."""
        return any(one.more for one in self.listings)

    def _row(self, group: _Group) -> HistoryRow:
        release = _merged(group)
        told = [(group.source, group.release), *group.told]
        lives = self._lives(told)
        names = _names(release, told)
        return HistoryRow(
            release=release,
            own=group.source == self.option,
            sources=tuple(dict.fromkeys(source for source, _ in told)),
            lives=lives,
            facts=tuple(fact for source, one in told for fact in _facts(source, one)),
            conflicts=(*_conflicts(told), *self._doubts(told), *_shared(group)),
            fled=tuple(one for one in self.troubles if one.went_back and one.fled in names),
            proven=tuple(one for one in self.troubles if one.went_back and one.target in names),
            pin=pin_of(self.pins, release),
        )

    def _lives(self, told: list[tuple[str, Release]]) -> tuple[Life, ...]:
        lives: list[Life] = []
        own = {one.live_since for _, one in told}
        for source, one in sorted(told, key=lambda pair: pair[1].live_since, reverse=True):
            if not one.live_since:
                continue
            known = next((n for n, life in enumerate(lives) if _near(life.since, one.live_since)), None)
            life = self._life(source, one, own)
            if known is None:
                lives.append(life)
            elif not lives[known].until or (lives[known].guessed and not life.guessed):
                lives[known] = replace(life, source=f"{lives[known].source}, {source}")
            else:
                lives[known] = replace(lives[known], source=f"{lives[known].source}, {source}")
        return tuple(lives)

    def _life(self, source: str, one: Release, own: set[str]) -> Life:
        """``own``: every time at which it was deployed itself, as any source tells: none of them replaced it."""
        live = _runs(one)
        until, guessed = (self.now, False) if live else (one.live_until, False)
        if not until:
            place = bisect_right(self._deployments, one.live_since)
            until = next((at for at in islice(self._deployments, place, None) if at not in own), "")
            guessed = bool(until)
        declared = tuple(t.incident for t in self.troubles if one.live_since <= t.declared_at < until)
        return Life(one.live_since, until, source, one.ended, live, declared, guessed)

    def _doubts(self, told: list[tuple[str, Release]]) -> Iterator[str]:
        """Where one source says that this release runs, and another one that another does."""
        running = [source for source, one in told if _runs(one)]
        for source, other in self._running.items() if running else ():
            mine = {key for _, one in told for key in _keys(one)}
            if other is not None and source not in running and not mine & set(_keys(other)):
                yield f"{running[0]} says that this runs; {source} says that {_called(other)} does"


def _runs(release: Release) -> bool:
    return release.way_back is WayBack.RUNNING


def _called(release: Release) -> str:
    short = short_id(release.identity)
    return release.name if not short or release.name in release.identity else f"{release.name} ({short})"


def _last(group: _Group) -> str:
    """When it was deployed last, by whoever tells of the latest; empty: nobody does."""
    last = group.release.live_since
    for _, one in group.told:
        last = max(last, one.live_since)
    return last


def _keys(release: Release) -> list[str]:
    """By what a release is known; the first is its identity, where it has one.

    An image that is only a part of it proves nothing: a database's stays for years.
    """
    commit, images = release.commit, release.images
    keys = [release.identity] if len(images) > 1 else list(images.values()) if images else [commit] if commit else []
    if len(commit) in _FULL and commit.isalnum():
        if images:
            keys.append(commit)
    elif commit:
        keys.append(f"tag {commit}")  # of an image that is only pulled
    if release.source == "image tag":
        keys.append(f"tag {release.name}")
    digests = release.digests
    if digests and len(images) <= 1 and len(set(digests.values())) == 1:
        keys.append(next(iter(digests.values())))
    return keys


def _joined(option: str, listings: Sequence[Listing]) -> list[_Group]:
    """Releases of the way back in use stay apart, whatever they share; what others tell is attached to them."""
    groups: list[_Group] = []
    known: dict[str, list[_Group]] = defaultdict(list)
    for listing in sorted(listings, key=lambda one: one.source != option):
        for release in listing.releases:
            keys = _keys(release)
            hits = _hits(known, keys) if listing.source != option else []
            for hit in hits:
                hit.told.append((listing.source, release))
                if release.live_since:
                    hit.shared = max(hit.shared, len(hits))
            if not hits:
                made = _Group(listing.source, release, release.identity if release.images else release.commit)
                groups.append(made)
                hits = [made]
            for key in keys if len(hits) == 1 else ():
                there = known[key]
                if hits[0] not in there:
                    there.append(hits[0])
    return groups


def _hits(known: dict[str, list[_Group]], keys: list[str]) -> list[_Group]:
    hits: list[_Group] = []
    for key in keys:
        for one in known.get(key, ()):
            if one not in hits:
                hits.append(one)
    return hits


def _ordered(groups: list[_Group]) -> list[_Group]:
    """The order of the way back in use stays; the others stand where their time puts them."""
    if not groups:
        return groups
    first = groups[0].source
    own = [one for one in groups if one.source == first]
    others = sorted((one for one in groups if one.source != first), key=_time, reverse=True)
    if not others:
        return own
    out: list[_Group] = []
    at = 0
    for one in own:
        mine = _time(one)
        while at < len(others) and mine and _time(others[at]) > mine:
            out.append(others[at])
            at += 1
        out.append(one)
    return [*out, *others[at:]]


def _time(group: _Group) -> str:
    return group.release.created or group.release.live_since


def _merged(group: _Group) -> Release:
    """What the way back in use does not tell, told by the others. Identity and way back stay its own."""
    one = group.release
    if not group.told:
        return one
    others = [told for _, told in group.told]
    if not one.live_since:
        best = max((told for told in others if told.live_since), key=lambda told: told.live_since, default=None)
        if best is not None:
            one = replace(one, live_since=best.live_since, live_until=best.live_until, ended=one.ended or best.ended)
    subject = one.subject or next((told.subject for told in others if told.subject), "")
    author = one.author or next((told.author for told in others if told.author), "")
    commit = one.commit or next((told.commit for told in others if one.images and is_full_id(told.commit)), "")
    return replace(one, subject=subject, author=author, commit=commit)


def _names(release: Release, told: list[tuple[str, Release]]) -> frozenset[str]:
    """All by which a record may have called it."""
    every = [release, *(one for _, one in told)]
    return frozenset(key for one in every for key in (one.identity, one.commit) if key)


def _facts(source: str, one: Release) -> Iterator[Fact]:
    images = sorted(set(one.images.values()))
    pairs = (
        ("called", one.name),
        ("commit", one.commit),
        ("image", images[0] if len(images) == 1 else ", ".join(f"{k} {one.images[k]}" for k in sorted(one.images))),
        ("digest", ", ".join(sorted(set(one.digests.values())))),
        ("made", one.created),
        ("deployed", one.live_since),
        ("replaced", one.live_until),
        ("ended", one.ended),
        ("there", one.way_back.value if one.way_back is not WayBack.UNKNOWN else ""),
        ("message", one.subject),
        ("author", one.author),
        ("note", one.note),
    )
    for what, said in pairs:
        if said:
            yield Fact(what, said, f"{source}, {one.source}" if one.source and one.source != source else source)


def _conflicts(told: list[tuple[str, Release]]) -> Iterator[str]:
    times = [(source, one.live_since) for source, one in told if one.live_since]
    for source, at in times[1:]:
        if not _near(times[0][1], at):
            yield f"deployed last: {times[0][0]} says {_short(times[0][1])}, {source} says {_short(at)}"
    ends = [(source, one.ended) for source, one in told if one.ended]
    for source, end in ends[1:]:
        if (end == "ok") != (ends[0][1] == "ok"):
            yield f"how its last deployment ended: {ends[0][0]} says {ends[0][1]}, {source} says {end}"
    commits = [(source, one.commit) for source, one in told if is_full_id(one.commit)]
    for source, commit in commits[1:]:
        if commit != commits[0][1]:
            yield f"commit: {commits[0][0]} says {short_id(commits[0][1])}, {source} says {short_id(commit)}"


def _shared(group: _Group) -> Iterator[str]:
    if group.shared > 1:
        yield f"{group.shared} images are of this commit: which of them was deployed is not told"


def _near(one: str, other: str) -> bool:
    apart = seconds_between(one, other)
    return one == other or (apart is not None and abs(apart) <= SAME_S)


def seconds_between(since: str, until: str) -> int | None:
    """Whole seconds from one stamp to another; None: one of them is none."""
    try:
        return int((parse_stamp(until) - parse_stamp(since)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _short(at: str) -> str:
    return f"{at[:16].replace('T', ' ')}Z" if len(at) >= 16 else at
