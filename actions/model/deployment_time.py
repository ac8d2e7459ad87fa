"""Which deployment is suspected: the last one that was finished before the first bad moment. Pure.

Reading the releases is the lookout's; a person may always say otherwise, with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from actions.model.clock import parse_stamp, span
from actions.model.incident import Incident
from actions.model.lookout_rules import clocks_differ
from actions.model.minute_count import Minutes, minute_of, moment_of
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Looked

SENSOR = "deployment.time"
EXPECTED = "a deployment that was finished before the first bad moment"
SLACK_S = 180
"""A deployment is called finished when its last container is: errors may begin so much earlier."""
CALM_MINUTES = 2
"""So many calm minutes in a row end a row of bad ones."""
UNFINISHED = ("running", "in progress", "in_progress", "queued", "pending", "started", "building", "deploying")
NEVER_DEPLOYED = ("backup", "snapshot", "database")
"""Sources of what the database option goes back to: data that lie there, and that nobody deployed."""
SHORT = 7


@dataclass(frozen=True)
class BadMoment:
    """When it began to be bad, as far as that is known."""

    at: datetime
    """No later than the declaration."""
    errors: bool = False
    """The logs tell it; else it is the declaration."""


def name_of(release: Release) -> str:
    """How people call it, and what it is: ``v42 (1a2b3c4)``."""
    identity = release.commit or release.identity
    short = identity.removeprefix("sha256:")[:SHORT] if "=" not in identity else ""
    return f"{release.name} ({short})" if short and not release.name.startswith(short) else release.name


def deployed_at(release: Release) -> datetime | None:
    """When its deployment was finished; None: nobody recorded it, or it has not ended."""
    if not release.live_since or release.ended.casefold() in UNFINISHED or release.source in NEVER_DEPLOYED:
        return None
    was_live = release.way_back is WayBack.RUNNING or release.live_until
    if release.ended not in ("", "ok") and not was_live:
        return None
    try:
        return parse_stamp(release.live_since)
    except ValueError:
        return None


def first_bad(declared: datetime, minutes: Minutes, limit: Callable[[int], int]) -> BadMoment:
    """The first minute of the row of raised ones that led to the declaration, or the declaration itself.

    ``limit``: the most errors of a calm minute, given those of the worst. A row that reaches back to where the logs
    begin has no known beginning.
    """
    there = minute_of(declared)
    before = [at for at in minutes.counts if minutes.since <= at <= there]
    worst = max((minutes.counts[at] for at in before), default=0)
    if not minutes.since or minutes.by_arrival or worst == 0:
        return BadMoment(declared)
    calm_at_most, first, calm = limit(worst), 0, 0
    for at in range(there, minutes.since - 1, -1):
        if (minutes.count(at) or 0) > calm_at_most:
            first, calm = at, 0
        else:
            calm += 1
            if calm > CALM_MINUTES:
                break
    if not calm:
        return BadMoment(declared)
    return BadMoment(min(moment_of(first), declared), errors=True) if first else BadMoment(declared)


def candidate(releases: Sequence[Release], declared: datetime, bad: BadMoment) -> Release | None:
    """The release whose deployment was the last one finished before it began to be bad."""
    until = min(bad.at + timedelta(seconds=60 + SLACK_S), declared) if bad.errors else declared
    done = [(at, one) for one in releases if (at := deployed_at(one)) is not None and at <= until]
    return max(done, key=lambda pair: pair[0])[1] if done else None


def deployment_time(releases: Sequence[Release], declared: datetime, bad: BadMoment, clock: str = "") -> Looked:
    """The reading. ``clock``: what is wrong with the clock that wrote the times; empty: nothing."""
    doubt = f"; the clocks differ ({clock})" if clock else ""
    found = candidate(releases, declared, bad)
    if found is not None:
        at = deployed_at(found)
        assert at is not None
        words = f"{name_of(found)} deployed {_minute(at)}, {_before(at, declared)} the declaration"
        if bad.errors:
            words += f"; errors since {_minute(bad.at)}"
        if found.ended not in ("", "ok"):
            words += f"; its last deployment: {found.ended}"
        return Looked(True, words + doubt, EXPECTED)
    return Looked(False, _why_not(releases, declared) + doubt, EXPECTED)


def _why_not(releases: Sequence[Release], declared: datetime) -> str:
    if not releases:
        return "no release was found"
    unfinished = [one for one in releases if one.ended.casefold() in UNFINISHED]
    if unfinished:
        return f"the deployment of {name_of(unfinished[0])} is not finished"
    after = [one for one in releases if (at := deployed_at(one)) is not None and at > declared]
    if after:
        return f"{name_of(after[0])} was deployed after the declaration, and nothing is known of an earlier one"
    running = next((one for one in releases if one.way_back is WayBack.RUNNING), None)
    made = f"; {name_of(running)} runs, made {running.created[:16]}Z" if running and running.created else ""
    return f"no release says when it was deployed{made}"


def suspect(incident: Incident, releases: Sequence[Release]) -> str:
    """Identity of the release that the record suspects, or empty."""
    _, seen = incident.observations.get(PREFIX + SENSOR, ("", None))
    if seen is None or not seen.ok:
        return ""
    return next((one.identity for one in releases if seen.seen.startswith(f"{name_of(one)} deployed ")), "")


def clock_words(incident: Incident) -> str:
    """How a host's clock differs from ours, as it was found; empty: none does."""
    if not clocks_differ(incident):
        return ""
    return next(
        seen.seen for what, (_, seen) in incident.observations.items() if what.startswith("clock of ") and not seen.ok
    )


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def _before(at: datetime, declared: datetime) -> str:
    seconds = round((declared - at).total_seconds())
    return f"{span(seconds if seconds < 60 else seconds // 60 * 60)} before"
