"""Times as sources tell them: brought into one form so that they can be compared, and told apart where they are none.

Pure. What a source calls a time is outside text: another zone, no zone, an engine's empty time, or no time at all.
"""

from __future__ import annotations

from actions.model.clock import parse_stamp, stamp

SAME_S = 600
"""Sources that tell times of one deployment no further apart than this tell the same one."""
_STAMP = len("2026-11-22T10:00:00.000000Z")


def in_utc(text: str) -> str:
    """The same moment as a stamp, so that it sorts as text; empty: it is none, or an engine's empty time.

    One without a zone counts as UTC.
    """
    if not text:
        return text
    if len(text) == _STAMP and text[-1] == "Z" and text[10] == "T" and text[19] == "." and text[:4] > "0001":
        return text
    try:
        found = stamp(parse_stamp(text))
    except (ValueError, OverflowError):
        return ""
    return found if found[:4] > "0001" else ""


def is_empty_time(text: str) -> bool:
    """How engines write that there is no time."""
    return text.startswith("0001-01-01T")


def seconds_between(since: str, until: str) -> int | None:
    """Whole seconds from one stamp to another; None: one of them is none."""
    try:
        return int((parse_stamp(until) - parse_stamp(since)).total_seconds())
    except (ValueError, OverflowError):
        return None


def near(one: str, other: str) -> bool:
    """Whether both may be times of one deployment."""
    apart = seconds_between(one, other)
    return one == other or (apart is not None and abs(apart) <= SAME_S)


def clearly_before(one: str, other: str) -> bool:
    """So much earlier that both are not of one deployment."""
    return bool(one) and bool(other) and one < other and not near(one, other)
