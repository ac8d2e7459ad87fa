"""What the running step tells of Coolify's deployment log, for the log pane: the same lines that stand under what ran.

The step has left out what it told before, by Coolify's own order; here lines are only found, and given their time:
Coolify's own where it can be believed, so that they stand among the application's lines where they belong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from actions.gateways.logs import NOTICE, level_of
from actions.model.clock import parse_stamp, stamp
from actions.model.ports import LogLine

TOLD = "coolify: "
"""Before each line of the deployment's log in the output of a step."""
SOURCE = "deployment"
NEAR = timedelta(seconds=90)
"""A line that was written longer ago than that was fetched late, or Coolify's clock is not ours: then the time at which
it came counts."""
_TIMED = re.compile(r"(\d\d:\d\d:\d\d\.\d{3})Z (.*)", re.DOTALL)
_STATE = re.compile(
    r"([\w-]{6,64}): "
    r"(queued|in_progress|finished|failed|cancelled-by-user"
    r"|'.{0,400}', a word that is not known here|in a state that is not told)"
)


def deployment_lines(lines: Iterable[str]) -> list[LogLine]:
    """Of lines of a step's output, each with its time in front, those that are of a deployment."""
    found: list[LogLine] = []
    for line in lines:
        at, text = line[:27], line[28:]
        if text.startswith(TOLD):
            found.append(_line(at, text.removeprefix(TOLD)))
        elif state := _STATE.fullmatch(text):
            uuid, word = state.groups()
            weak = ", its word: what runs is proven by itself" if word == "finished" else ""
            bad = word in ("failed", "cancelled-by-user")
            found.append(
                LogLine(at, SOURCE, f"{NOTICE}Coolify says {word}{weak} ({uuid})", "error" if bad else "warning")
            )
    return found


def _line(came: str, told: str) -> LogLine:
    """A line of the deployment's log; ``came``: our stamp of when it was told."""
    timed = _TIMED.fullmatch(told)
    text = timed[2] if timed else told
    return LogLine(_written(came, timed[1]) if timed else came, SOURCE, text, level_of(text))


def _written(came: str, clock: str) -> str:
    """When it was written, by Coolify's time of day: the last such time before it came, if that is near."""
    try:
        now, of_day = parse_stamp(came), time.fromisoformat(clock)
    except ValueError:
        return came
    at = datetime.combine(now.date(), of_day, now.tzinfo)
    if at > now:
        at -= timedelta(days=1)
    return stamp(at) if now - at <= NEAR else came
