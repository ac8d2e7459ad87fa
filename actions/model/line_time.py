"""When a log line says it was written, in the forms that logs commonly use. Pure; a line without a time says nothing.

A time without a zone is the host's local one: which zone that is cannot be read off the line, so it is told apart.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from actions.model.quick_dataclass import dataclass

FARTHEST = 120
"""Characters of a line in which its time is looked for."""

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: at for at, name in enumerate(_NAMES, 1)}
_ZONE = r"(?:\s?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}))?"
_CLOCK = r"(?P<h>\d{2}):(?P<mi>\d{2}):(?P<s>\d{2})"
_ISO = re.compile(rf"(?P<y>\d{{4}})[-/](?P<mo>\d{{2}})[-/](?P<d>\d{{2}})[T ]{_CLOCK}(?:[.,]\d{{1,9}})?{_ZONE}")
_CLF = re.compile(rf"(?P<d>\d{{2}})/(?P<mon>[A-Z][a-z]{{2}})/(?P<y>\d{{4}})[: ]{_CLOCK}{_ZONE}")
_SYSLOG = re.compile(rf"(?P<mon>[A-Z][a-z]{{2}})\s{{1,2}}(?P<d>\d{{1,2}}) {_CLOCK}\b")


@dataclass(frozen=True)
class LineTime:
    """A time as a line gives it."""

    at: datetime
    """Aware; without a zone in the line: as if it were UTC."""
    zoned: bool
    """The line names its zone."""


def line_time(text: str, now: datetime) -> LineTime | None:
    """The time at which a line says it was written, or None. ``now`` gives the year where the line names none."""
    head = text[:FARTHEST]
    found = _ISO.search(head) or _CLF.search(head) or _SYSLOG.match(head)
    if found is None:
        return None
    part = found.groupdict()
    month = _MONTHS.get(part["mon"]) if part.get("mon") else int(part["mo"])
    if month is None:
        return None
    zone = part.get("zone")
    try:
        year = int(part["y"]) if part.get("y") else now.year
        moment = datetime(
            year, month, int(part["d"]), int(part["h"]), int(part["mi"]), min(59, int(part["s"])), tzinfo=_zone(zone)
        )
        if not part.get("y") and moment > now + timedelta(days=2):
            moment = moment.replace(year=year - 1)
    except ValueError:
        return None  # the 31st of February: only looks like a time
    return LineTime(moment, bool(zone))


def _zone(text: str | None) -> timezone:
    if not text or text in ("Z", "UTC"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such zone")
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text[0] == "-" else away)
