"""Whether an application runs, by its containers: which one ails, how, and the line of its log that says why. Pure.

Asking the engine is the lookout's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp
from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import Looked

if TYPE_CHECKING:
    from actions.model.ports import Container, LogLine

LATELY_S = 300
"""A restart that is so long ago counts no more."""
LONGEST_LINE = 160
"""Characters of a log line that are shown."""
TRACE_REACH = 40
"""A stack trace that so many lines follow is not what ails it now."""
WORTH_S = 300
"""Restarts are counted on: the record gets a line of them in so many seconds."""
LONG_AGO = float("-inf")

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_TRACE_HEAD = re.compile(
    r"^(?:panic: |fatal error: |Exception in thread |Unhandled exception|Uncaught |thread '[^']*' panicked)"
)
_EXCEPTION = re.compile(r"^(?:[A-Za-z_][\w$]*[.:]{1,2})*[A-Za-z_]?\w*(?:Error|Exception|Exit|Interrupt)\b(?:: |$)")
_FRAME = re.compile(r'^\s+(?:File "|at |\^|~|\|)|^\s')


@dataclass(frozen=True)
class Ailing:
    """A container that is not as it should be."""

    container: Container
    words: str
    """``web-1 restarted 7 times, exit 1``."""
    waits: bool = False
    """It only has not shown yet whether it is well."""


def name_of(container: Container) -> str:
    """Service and number, as the log pane calls it."""
    return f"{container.service}-{container.number}" if container.service and container.number else container.name


def ailing(containers: Sequence[Container], jobs: Collection[str], restarted: Collection[str]) -> tuple[Ailing, ...]:
    """What is wrong, the worst first.

    ``jobs``: services that are meant to come to an end; ``restarted``: ids of containers that restarted lately.
    """
    found = [one for each in containers if (one := _ails(each, each.service in jobs, each.id in restarted))]
    return tuple(sorted(found, key=_how_bad))


def _how_bad(one: Ailing) -> tuple[bool, bool, bool]:
    """What failed comes first, what waits for it to succeed last."""
    return one.waits, one.container.state == "created", not one.container.exit_code


def _ails(one: Container, job: bool, restarted: bool) -> Ailing | None:
    name, code = name_of(one), f", exit {one.exit_code}" if one.exit_code else ""
    times = f"restarted {one.restarts} time{'' if one.restarts == 1 else 's'}"
    if one.state == "restarting" or (one.state == "running" and restarted):
        return Ailing(one, f"{name} {times if one.restarts else 'restarts'}{code}")
    if one.state == "running":
        if one.health == "unhealthy":
            said = f": {one.health_said}" if one.health_said else ""
            return Ailing(one, f"{name} is unhealthy{said}")
        return Ailing(one, f"{name} is starting", waits=True) if one.health == "starting" else None
    if job and one.state in ("exited", "created") and not one.exit_code and not one.error:
        return None
    why = f": {one.error}" if one.error else ""
    words = {
        "exited": f"{name} {'failed' if job else 'has ended'}, exit {one.exit_code}{why}",
        "created": f"{name} was never started{why}",
    }
    return Ailing(one, words.get(one.state, f"{name} is {one.state}{code}{why}"))


def app_runs(total: int, missing: Sequence[str], ails: Sequence[Ailing], line: str = "") -> Looked:
    """Every container runs, is healthy, and does not restart.

    ``total``: how many should be there; ``missing``: services without any; ``line``: what the first of those that ail
    has logged of it.
    """
    expected = f"{total} of {total} run" if total else "containers that run"
    bad = [one for one in ails if not one.waits]
    if not bad and not missing:
        if ails:
            return Looked(False, f"not known: {ails[0].words}", expected, worth_s=WORTH_S)
        return Looked(bool(total), f"{total} of {total} run" if total else "there is no container", expected)
    running = total - len(missing) - len({one.container.id for one in bad})
    words = bad[0].words if bad else f"{missing[0]} has no container"
    if line and bad:
        words += f": {line}"
    more = len(bad) + len(missing) - 1
    seen = f"{max(0, running)} of {total} run: {words}" + (f" and {more} more" if more else "")
    return Looked(False, seen, expected, worth_s=WORTH_S)


def trouble_line(lines: Sequence[LogLine], *, runs: bool = False) -> str:
    """What the newest lines say of a failure: the error of the last stack trace, else the last line of an error.

    ``runs``: it is up, so its last words are not those of a failure. Empty: nothing is said.
    """
    texts = [line.text.rstrip() for line in lines]
    said = _of_trace(texts)
    if not said:
        said = next((text for text, line in zip(reversed(texts), reversed(lines), strict=True) if _bad(text, line)), "")
    if not said and not runs:
        said = next((text for text in reversed(texts) if text.strip()), "")
    said = said.strip()
    return said if len(said) <= LONGEST_LINE else f"{said[: LONGEST_LINE - 1]}…"


def _bad(text: str, line: LogLine) -> bool:
    return (line.level == "error" or bool(_EXCEPTION.match(text))) and not _TRACEBACK.search(text)


def _of_trace(texts: Sequence[str]) -> str:
    """Python's trace ends in its error; others begin with it."""
    for place in range(len(texts) - 1, max(-1, len(texts) - 1 - 4 * TRACE_REACH), -1):
        text = texts[place]
        if _TRACE_HEAD.match(text.lstrip()):
            return text if len(texts) - place <= 2 * TRACE_REACH else ""
        if _TRACEBACK.search(text):
            after = next((at for at in range(place + 1, len(texts)) if _ends_trace(texts[at])), None)
            return texts[after] if after is not None and len(texts) - after <= TRACE_REACH else ""
    return ""


def _ends_trace(text: str) -> bool:
    return bool(text.strip()) and not _FRAME.match(text)


def restarted_lately(
    containers: Sequence[Container], known: Mapping[str, tuple[int, float]], now_s: float, wall_s: float
) -> dict[str, tuple[int, float]]:
    """Id -> (restarts, when the newest of them was noticed, monotonic seconds; -inf: long ago).

    ``known``: the same of the last look; ``wall_s``: the wall clock, against which a first look judges the start.
    """
    found: dict[str, tuple[int, float]] = {}
    for one in containers:
        count, at = known.get(one.id, (0, LONG_AGO))
        if one.id not in known and one.restarts and one.started_at:
            age = wall_s - parse_stamp(one.started_at).timestamp()
            at = now_s - age if 0 <= age < LATELY_S else at
        elif one.restarts > count:
            at = now_s
        found[one.id] = (one.restarts, at)
    return found
