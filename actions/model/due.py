"""A deadline as a person writes it: ``2026-11-30``, ``2026-11-30 18:00``, ``24h`` or ``3d``. Pure; the time is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from actions.model.clock import parse_stamp, stamp

FORMS = "2026-11-30, 2026-11-30 18:00 (UTC), 24h or 3d"
"""What may be written, for whoever is asked."""
_SPAN = re.compile(r"([1-9][0-9]{0,3})\s?([hd])")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2})\s?Z?)?")


def parse_due(text: str, now: datetime) -> str:
    """The stamp (UTC) of a deadline; a day without a time ends at its last second. Raises ValueError with the reason.

    ``now``: aware; a span counts from it, and a deadline before it is none.
    """
    plain = text.strip()
    if not plain:
        raise ValueError(f"deadline: give one, such as {FORMS}")
    short = _SPAN.fullmatch(plain)
    day = _DAY.fullmatch(plain) if plain.isascii() else None
    if short:
        hours = int(short[1]) * (24 if short[2] == "d" else 1)
        due = now.astimezone(UTC).replace(microsecond=0) + timedelta(hours=hours)
    elif day:
        try:
            at = time.fromisoformat(day[2]) if day[2] else time(23, 59, 59)
            due = datetime.combine(datetime.fromisoformat(day[1]), at, UTC)
        except ValueError as error:
            raise ValueError(f"deadline: {plain[:40]!r} is no day of the calendar, or no time of a day") from error
    else:
        raise ValueError(f"deadline: {FORMS}, not {plain[:40]!r}")
    if due <= now:
        raise ValueError(f"deadline: {due_words(stamp(due))} is over already")
    return stamp(due)


def due_words(due: str, now: datetime | None = None) -> str:
    """``2026-11-30 18:00Z``, with ``OVERDUE`` after it once ``now`` is later; what is no stamp as it stands."""
    try:
        moment = parse_stamp(due).astimezone(UTC)  # a record of others may hold another zone
    except (ValueError, OverflowError):
        return due
    over = ", OVERDUE" if now is not None and now > moment else ""
    return f"{moment:%Y-%m-%d %H:%MZ}{over}"
