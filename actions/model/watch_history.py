"""What a watch of hours found while one release was live: read from the record, counted against the release. Pure.

Which readings a watch records is the watch's to say; what they mean for a release, ``last_good``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile

from actions.model.clock import parse_stamp, short_time, span, stamp
from actions.model.quick_dataclass import dataclass
from actions.model.release_times import seconds_between

RECURRING = "recurring"
"""Name under which a watch records lines of a known problem; it never turns well again."""
CHANGING_S = 120
"""So long before a release was replaced its going down is seen already: what turns red then is the change's."""


@dataclass(frozen=True)
class Sighted:
    """One recorded reading of a watch."""

    at: str
    """Stamp."""
    sensor: str
    ok: bool
    seen: str


@dataclass(frozen=True)
class Watch:
    """One watch of the record."""

    incident: str
    since: str
    until: str
    """Its end; of one that goes on, the moment of looking; of one that broke off, its last reading."""
    ended: bool
    """Its end is on record: what was red and did not change stayed red until then."""
    seen: tuple[Sighted, ...] = ()
    """In order."""


@dataclass(frozen=True)
class Found:
    """What one watch found in one life of a release."""

    incident: str
    seconds: int
    """How long of it was watched."""
    bad: tuple[Sighted, ...] = ()
    """Not well when the watch or the life ended, a reading each; lines of a known problem count always."""
    passing: tuple[str, ...] = ()
    """Sensors that were not well for a while."""
    ended: bool = True

    def words(self) -> str:
        """One line."""
        if self.bad:
            first = self.bad[0]
            others = f" and {len(self.bad) - 1} more" if len(self.bad) > 1 else ""
            said = f": {first.seen}" if first.seen else ""
            return f"the watch of {self.incident} found it bad: {first.sensor} at {short_time(first.at)}{said}{others}"
        how = "well" if self.ended else "well as far as its watch was recorded"
        for_a_while = f", though {' and '.join(self.passing)} was red for a while" if self.passing else ""
        return f"watched for {span(self.seconds)} by {self.incident}: {how}{for_a_while}"


def found_in(watches: Sequence[Watch], since: str, until: str, *, live: bool) -> tuple[Found, ...]:
    """What each of them found between these stamps. ``until`` empty: it is not known to have been replaced."""
    over = until if live or not until else _earlier(until, CHANGING_S)
    return tuple(found for one in watches if (found := _found(one, since, over)) is not None)


def _found(watch: Watch, since: str, until: str) -> Found | None:
    begun = max(watch.since, since)
    end = min(watch.until, until) if until else watch.until
    if begun >= end:
        return None
    seconds = seconds_between(begun, end) or 0
    last: dict[str, Sighted] = {}
    was_red: dict[str, None] = {}
    for one in takewhile(lambda one: one.at <= end, watch.seen):
        if one.at >= begun and not one.ok:
            was_red[one.sensor] = None
        # Recorded is what changes: what was red before and is not seen to be well goes on in this life.
        if one.at >= begun or one.sensor != RECURRING:
            last[one.sensor] = one
    goes_on = watch.ended and seconds >= CHANGING_S
    bad = tuple(one for one in last.values() if not one.ok and (one.at >= begun or goes_on))
    return Found(watch.incident, seconds, bad, tuple(name for name in was_red if last[name].ok), watch.ended)


def _earlier(at: str, seconds: int) -> str:
    try:
        return stamp(parse_stamp(at) - timedelta(seconds=seconds))
    except (ValueError, OverflowError):
        return at
