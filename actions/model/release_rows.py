"""The values of the release history: what a source told, incidents of the record, lives, facts, and a release's row.

Joining them is ``release_join``'s, working a row out ``release_history``'s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from actions.model.deployed import FINISHED, Deployed
from actions.model.golden import Pin
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack
from actions.model.release_times import seconds_between
from actions.model.watch_history import Found

TAGGED = ("git tag", "image tag")
"""Sources of releases that somebody gave a name of their own."""


@dataclass(frozen=True)
class Listing:
    """What one source told, newest first, or why it told nothing."""

    source: str
    """``coolify``, ``compose``, ``git``, ``record``."""
    releases: tuple[Release, ...] = ()
    error: str = ""
    """Why it told nothing, or not all."""


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
    before: tuple[str, ...] = ()
    """Identities of those that it went back from before that, where the first way back did not help."""

    @property
    def counts(self) -> bool:
        """Whether it speaks against a release; one that was abandoned was a false start, and by a false alarm nothing
        was wrong with it."""
        return self.outcome not in ("abandoned", "false alarm")

    def fled_from(self, known: Collection[str]) -> bool:
        """Whether it went back from the release that goes by these."""
        return self.went_back and any(one in known for one in (self.fled, *self.before))

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
    rolled_back: bool = False
    """Somebody went back from it: what replaced it was a rollback."""
    among: int = 1
    """So many images are of the commit whose deployment this is; more than one: it may be another one's life."""
    watched: tuple[Found, ...] = ()
    """What watches of the record found in it."""

    @property
    def seconds(self) -> int | None:
        """How long; None: not known, as where it begins after it ends."""
        seconds = seconds_between(self.since, self.until)
        return seconds if seconds is not None and seconds >= 0 else None

    @property
    def bad(self) -> tuple[Found, ...]:
        """Watches that found it bad."""
        return tuple(one for one in self.watched if one.bad)

    @property
    def sound(self) -> bool:
        """Nothing that is known speaks against counting it: finished, its own, not gone back from, not found bad."""
        return self.ended in FINISHED and self.among == 1 and not self.rolled_back and not self.bad


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
    deployments: tuple[tuple[str, Deployed], ...] = ()
    """(source, deployment), the last one first; also those that did not come up."""

    @property
    def identity(self) -> str:
        """What proves that it runs."""
        return self.release.identity

    @property
    def also(self) -> str:
        """A name that somebody gave it, where the way back in use calls it by another one; else empty."""
        given = (one.said for one in self.facts if one.what == "called" and one.source.endswith(TAGGED))
        return next((name for name in given if name != self.release.name), "")

    @property
    def followed(self) -> tuple[str, ...]:
        """Incidents that were declared while it was live, or that went back from it."""
        return tuple(dict.fromkeys((*(one for life in self.lives for one in life.incidents), *_ids(self.fled))))


def _ids(troubles: Sequence[Trouble]) -> tuple[str, ...]:
    return tuple(one.incident for one in troubles)


def runs(release: Release) -> bool:
    """Its source says that it runs."""
    return release.way_back is WayBack.RUNNING
