"""The release history over all sources: what each tells of a release, joined by commit and digest. Pure.

A row holds every fact with where it came from; what sources tell differently is said, not decided. Reading the sources
is left to others, joining them to ``release_join``, which release counts as good to ``last_good``. Rows are worked out
when they are asked for, so that a list of thousands costs what is seen of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from actions.model.clock import short_time, stamp
from actions.model.deployed import Deployed
from actions.model.golden import Pin, means, pin_of
from actions.model.quick_dataclass import replace
from actions.model.release import Release
from actions.model.release_facts import called, conflicts, facts, merged, names
from actions.model.release_join import Group, joined, keys_of, lives_told, ordered, times_of
from actions.model.release_rows import TAGGED, HistoryRow, Life, Listing, Trouble, runs
from actions.model.release_times import clearly_before, near
from actions.model.watch_history import Watch, found_in


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
        watches: Sequence[Watch] = (),
    ) -> None:
        """``option``: whose listing gives the releases that can be gone back to, in their order."""
        self.option = option
        self.listings = tuple(listings)
        self.pins = tuple(pins)
        self.troubles = tuple(one for one in troubles if one.counts)
        self.watches = tuple(watches)
        self.now = stamp(now)
        self.healthy_s = healthy_s
        self._groups = ordered(joined(option, listings))
        self._rows: dict[int, HistoryRow] = {}
        self._pinned: list[int] | None = None
        self._at: dict[str, int] = {}
        for at, group in enumerate(self._groups):
            self._at.setdefault(group.identity, at)
        self._deployments = times_of(self._groups)
        self._running = {one.source: next((r for r in one.releases if runs(r)), None) for one in listings}

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

    def told(self, identity: str) -> tuple[Release, ...]:
        """A release as each source tells of it, unjoined; empty: none does."""
        at = self._at.get(identity)
        return tuple(one for _, one in self._groups[at].every) if at is not None and identity else ()

    def running_at(self) -> int | None:
        """The place of what runs, as the way back in use tells."""
        wanted = self._groups
        return next((n for n, one in enumerate(wanted) if one.source == self.option and runs(one.release)), None)

    def above(self, index: int) -> Iterator[HistoryRow]:
        """Rows of the way back in use over this place that were ever deployed, the nearest first; one by one."""
        own = (n for n in range(index - 1, -1, -1) if self._groups[n].source == self.option)
        return (self.row(n) for n in own if self._groups[n].last)

    def below(self, index: int) -> Iterator[HistoryRow]:
        """Rows of the way back in use under this place, the one deployed last first; worked out one by one."""
        own = [n for n in range(index + 1, len(self._groups)) if self._groups[n].source == self.option]
        last = {n: self._groups[n].last for n in own}
        return (self.row(n) for n in sorted(own, key=last.__getitem__, reverse=True))

    def pinned(self) -> Iterator[HistoryRow]:
        """Rows that a pin means."""
        return (row for row in map(self.row, self._pin_places()) if row.pin is not None)

    def unknown_pins(self) -> tuple[Pin, ...]:
        """Pins that mean no release of which any source tells."""
        known = [told for at in self._pin_places() for _, told in self._groups[at].every]
        return tuple(pin for pin in self.pins if not any(means(pin, told) for told in known))

    def _pin_places(self) -> list[int]:
        """Places of all that a pin may mean; found once."""
        if self._pinned is None:
            wanted = {text for pin in self.pins for text in (pin.identity, pin.commit) if text}
            places = enumerate(self._groups if wanted else ())
            self._pinned = [n for n, one in places if any(_called(told, wanted) for _, told in one.every)]
        return self._pinned

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
    def deployed(self) -> bool:
        """Whether any source tells of a deployment."""
        return bool(self._deployments)

    @property
    def tells(self) -> bool:
        """Whether anything is known of the life of any release."""
        return bool(self._deployments or self.pins)

    @property
    def errors(self) -> tuple[str, ...]:
        """Sources that could not be read, a line each."""
        return tuple(f"{one.source}: {one.error}" for one in self.listings if one.error)

    def _row(self, group: Group) -> HistoryRow:
        told = group.every
        lives, strange = self._lives(group)
        release = merged(group, lives)
        known = names(release, told)
        many = [(source, one) for source, each in told for one in each.deployments]
        return HistoryRow(
            release=release,
            own=group.source == self.option,
            sources=tuple(dict.fromkeys(source for source, _ in told)),
            lives=lives,
            facts=tuple(fact for source, one in told for fact in facts(source, one)),
            conflicts=(
                *conflicts(told, self.now),
                *self._doubts(told),
                *group.doubts,
                *strange,
                *_shared(lives),
            ),
            fled=tuple(one for one in self.troubles if one.fled_from(known)),
            proven=tuple(one for one in self.troubles if one.went_back and one.target in known),
            pin=pin_of(self.pins, release),
            deployments=tuple(sorted(many, key=lambda pair: pair[1].at or pair[1].began, reverse=True)),
        )

    def _lives(self, group: Group) -> tuple[tuple[Life, ...], list[str]]:
        """Its lives, the last one first, and what was told of it that cannot be its own; a line each."""
        strange: list[str] = []
        many: list[Life] = []
        own = {one.at for _, told in group.every for one in lives_told(told)}
        for source, told, among in ((group.source, group.release, [group]), *group.told):
            first = True
            for one in lives_told(told):
                of = _possible(group, told, among, one.at)
                if of:
                    # One that runs although its source says when it was replaced came back by another one's hand.
                    life = self._life(source, one, own, live=first and runs(told) and not one.until)
                    many.append(replace(life, among=len(of)) if len(of) > 1 else life)
                elif first:
                    strange.append(_another(source, one.at))
                first = False
        lives: list[Life] = []
        for life in sorted(many, key=lambda one: one.since, reverse=True):
            # Sorted: one of the same deployment can only be the last that was taken.
            if lives and life.source not in lives[-1].source.split(", ") and near(lives[-1].since, life.since):
                lives[-1] = _both(lives[-1], life)
            else:
                lives.append(life)
        if lives and not lives[0].until and any(runs(told) for _, told in group.every):
            last = lives[0]  # told by one that does not know what runs, such as our own record
            lives[0] = self._life(last.source, Deployed(last.since, ended=last.ended), own, live=True)
        return tuple(self._unbroken(lives)), strange

    def _unbroken(self, lives: list[Life]) -> list[Life]:
        """The same lives, the last one first; one that went on when it was deployed once more is one life."""
        found: list[Life] = []
        for one in lives:
            after = found[-1] if found else None
            if after is None or not _goes_on(one, after):
                found.append(one)
                continue
            mine = one if one.live or (after.guessed and after.until <= one.until) else after
            declared = tuple(t.incident for t in self.troubles if one.since <= t.declared_at < mine.until)
            watched = found_in(self.watches, one.since, mine.until, live=mine.live) if self.watches else ()
            sources = dict.fromkeys(f"{after.source}, {one.source}".split(", "))
            found[-1] = replace(
                mine,
                since=one.since,
                source=", ".join(sources),
                incidents=declared,
                rolled_back=after.rolled_back or mine.rolled_back,
                watched=watched,
            )
        return found

    def _life(self, source: str, one: Deployed, own: set[str], *, live: bool) -> Life:
        """``own``: every time at which it was deployed itself, as any source tells: none of them replaced it."""
        until, guessed = (self.now, False) if live else (one.until, False)
        if not until:
            place = bisect_right(self._deployments, one.at)
            until = next((at for at in islice(self._deployments, place, None) if at not in own), "")
            guessed = bool(until)
        declared = tuple(t.incident for t in self.troubles if one.at <= t.declared_at < until)
        watched = found_in(self.watches, one.at, until, live=live) if self.watches else ()
        return Life(
            one.at, until, source, one.ended, live, declared, guessed, one.rolled_back and not live, watched=watched
        )

    def _doubts(self, told: list[tuple[str, Release]]) -> Iterator[str]:
        """Where one source says that this release runs, and another one that another does."""
        running = [source for source, one in told if runs(one)]
        for source, other in self._running.items() if running else ():
            mine = {key for _, one in told for key in keys_of(one)}
            if other is not None and source not in running and not mine & set(keys_of(other)):
                yield f"{running[0]} says that this runs; {source} says that {called(other)} does"


def _called(release: Release, wanted: set[str]) -> bool:
    return release.commit in wanted or (bool(release.images) and release.identity in wanted)


def _possible(group: Group, told: Release, among: list[Group], at: str) -> list[Group]:
    """All whose deployment it may have been; none: not this one's. An image that was made later is none of them.

    A tag that was moved and an image that was built anew are told by that alone.
    """
    if told is group.release or (told.images and told.identity == group.identity):
        return [group]
    there = [one for one in among if not (one.release.images and clearly_before(at, one.release.created))]
    return there if group in there else []


def _goes_on(one: Life, after: Life) -> bool:
    """Whether the later life of the same release began while this one was still there: nothing was in between."""
    if one.guessed or not one.until or not after.until or (one.live and after.rolled_back):
        return False
    return one.since <= after.since <= one.until and one.among == after.among == 1


def _both(one: Life, other: Life) -> Life:
    """What two sources tell of one deployment."""
    told = other if not one.until or (one.guessed and not other.guessed) else one
    return replace(
        told,
        source=f"{one.source}, {other.source}",
        rolled_back=one.rolled_back or other.rolled_back,
        among=min(one.among, other.among),
    )


def _another(source: str, at: str) -> str:
    return f"{source} deployed it {short_time(at)}, before this image was made: that was another image of the same name"


def _shared(lives: Sequence[Life]) -> Iterator[str]:
    among = max((life.among for life in lives), default=1)
    if among > 1:
        yield f"{among} images are of this commit: which of them was deployed is not told"
