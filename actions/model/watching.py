"""A watch of hours over a system: which one broke off, how long the next one goes on, and its words. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from actions.model.clock import parse_stamp, span, stamp
from actions.model.events_after import WatchBegun, WatchEnded
from actions.model.incident import Incident, Said
from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import Looked
from actions.model.system_checks import seconds_of

PREFIX = "watched "
"""Before the sensor's name in what a watch has recorded. Not ``sensed``: what is seen later must not tick or untick
items of a list that somebody has signed."""
SHORTEST_S, LONGEST_S = 10, 14 * 86400
RECENT_S = 24 * 3600
"""An incident that was closed no longer ago is the one that is watched, where none is named."""
ASK = "any reports of users?"


def length_s(text: str) -> int:
    """``24h`` in seconds. Raises ValueError with the reason."""
    seconds = seconds_of("--for", text)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise ValueError(f"--for {text}: between {SHORTEST_S} seconds and 14 days")
    return seconds


def every_s(text: str) -> int:
    """``30s`` in seconds. Raises ValueError with the reason."""
    seconds = seconds_of("--every", text)
    if not 1 <= seconds <= 3600:
        raise ValueError(f"--every {text}: between 1 second and 1 hour")
    return seconds


def open_watch(incident: Incident) -> Said | None:
    """The newest watch, while no end of it is recorded. Whether it still lives is not for the record to say."""
    newest = incident.watches[-1] if incident.watches else None
    return newest if newest is not None and isinstance(newest.body, WatchBegun) else None


@dataclass(frozen=True)
class Until:
    """How long a watch goes on."""

    until: datetime
    total_s: int
    """From its (first) beginning."""
    resumed: bool = False
    """It goes on where one broke off."""


def until_when(broken: Said | None, wanted_s: int | None, hours: int, now: datetime) -> Until:
    """When the watch ends that is begun now.

    ``broken``: a watch that broke off; the next goes on until the same end, unless another time is wanted or that end
    is over. ``wanted_s``: None: not said, so ``hours`` of the configuration. Raises ValueError with the reason.
    """
    if broken is not None:
        until = parse_stamp(broken.body.until)
        total = broken.body.of_s or round((until - parse_stamp(broken.at)).total_seconds())
        if (wanted_s is None or wanted_s == total) and until > now:
            return Until(until, total, True)
    if wanted_s is None and not hours:
        raise ValueError("--for: how long? Such as --for 24h; or set [watch] hours")
    seconds = wanted_s if wanted_s is not None else hours * 3600
    return Until(now + timedelta(seconds=seconds), seconds)


def gone_on(elapsed_s: int, total_s: int) -> str:
    """``4 h 12 min of 24 h``."""
    return f"{span(elapsed_s)} of {span(total_s)}"


def verdict(red: tuple[str, ...], recurred: int, pending: tuple[str, ...] = ()) -> str:
    """``all well``, or what is not: one line."""
    parts = [f"RED: {', '.join(red)}"] if red else []
    if recurred:
        parts.append(f"{recurred} line{'' if recurred == 1 else 's'} of known problems")
    if not parts and pending:
        return f"well so far; not known yet: {', '.join(pending)}"
    return "; ".join(parts) or "all well"


def ended(
    *, complete: bool, elapsed_s: int, total_s: int, red: tuple[str, ...], was_red: tuple[str, ...], recurred: int
) -> WatchEnded:
    """How a watch ended. ``was_red``: what was not well at some time of it."""
    begun = f"watched for {span(total_s)}" if complete else f"BROKEN OFF after {gone_on(elapsed_s, total_s)}"
    passing = tuple(name for name in was_red if name not in red)
    parts = [f"{begun}: {verdict(red, recurred)}"]
    if passing:
        parts.append(f"was red for a while: {', '.join(passing)}")
    return WatchEnded("; ".join(parts), not red and not recurred, complete)


def broke_off(broken: Said, last_seen: str, now: datetime) -> WatchEnded:
    """The end of a watch that could not record it itself. ``last_seen``: a stamp, or empty where nothing tells."""
    if not last_seen:
        return WatchEnded("BROKE OFF without a word", False, False)
    gap = max(0, int((now - parse_stamp(last_seen)).total_seconds()))
    return WatchEnded(f"BROKE OFF: last at work {last_seen[11:19]}Z, nothing was watched for {span(gap)}", False, False)


def begun_words(until: Until, every: int, rules: int) -> str:
    """One line about what begins."""
    end = stamp(until.until)
    known = f"; {rules} known problem{'' if rules == 1 else 's'} looked for" if rules else ""
    return f"until {end[:10]} {end[11:16]}Z, every {span(every)}{known}"


def command(incident_id: str, hours: int = 0) -> str:
    """The command that begins the watch of an incident."""
    return f"goaround watch {incident_id} --for {hours or 24}h"


def reading_words(name: str, looked: Looked) -> str:
    """``probes.green ok: 3 of 3 pass``, ``probes.green RED: 2 of 3 pass (expected 3 of 3 pass)``."""
    if looked.ok:
        return f"{name} ok: {looked.seen}"
    return f"{name} RED: {looked.seen}" + (f" (expected {looked.expected})" if looked.expected else "")
