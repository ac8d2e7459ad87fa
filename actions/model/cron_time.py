"""When a schedule comes round next: the five fields of cron, and the words that Coolify takes in their place. Pure.

By the clock of the time zone that the caller names; what comes out is UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from actions.model.quick_dataclass import dataclass

WORDS = {
    "every_minute": "* * * * *",
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * 0",
    "monthly": "0 0 1 * *",
    "yearly": "0 0 1 1 *",
    "annually": "0 0 1 1 *",
    "midnight": "0 0 * * *",
}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_NAMED = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: tuple[dict[str, int], ...] = (
    *({}, {}, {}),
    {name: at for at, name in enumerate(_MONTHS, 1)},
    {name: at for at, name in enumerate(_DAYS_NAMED)},
)
_DAYS = 366 * 8
"""So far it is looked ahead: the 29th of February comes within eight years."""


@dataclass(frozen=True)
class Schedule:
    """A schedule that was understood."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0: Sunday."""
    either: bool
    """Days of the month and of the week are both limited: one of the two is enough, as in cron."""

    def fits(self, day: datetime) -> bool:
        """Whether it comes round on this day at all."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (in_month or in_week) if self.either else (in_month and in_week)

    def next_after(self, moment: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first time later than this one, in UTC; None: it never comes (the 31st of February).

        An hour that the zone skips in spring is the one after it; of one that comes twice in autumn the first counts.
        """
        at = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = at.astimezone(zone).replace(hour=0, minute=0, tzinfo=None)
        for ahead in range(_DAYS):
            here = day + timedelta(days=ahead)
            if not self.fits(here):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = here.replace(hour=hour, minute=minute, tzinfo=zone).astimezone(UTC)
                    if found >= at:
                        return found
        return None

    def words(self, zone: str = "") -> str:
        """``at 00:00Z daily``, ``at 00:00 Europe/Berlin daily``, ``every hour``; else the expression as it is."""
        mark = f" {zone}" if zone else "Z"
        every_day = not self.either and len(self.days) == 31 and len(self.months) == 12
        if every_day and len(self.hours) == len(self.minutes) == 1:
            when = f"at {min(self.hours):02}:{min(self.minutes):02}{mark}"
            if len(self.weekdays) == 7:
                return f"{when} daily"
            if len(self.weekdays) == 1:
                return f"{when} on {_WEEK[min(self.weekdays)]}"
        if every_day and len(self.weekdays) == 7 and len(self.hours) == 24 and len(self.minutes) == 1:
            return f"every hour at :{min(self.minutes):02}"
        return f"by the schedule {self.text}{f' ({zone})' if zone else ''}"


_WEEK = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")


def schedule(text: str) -> Schedule:
    """Raises ValueError with what is not understood."""
    given = text.strip()
    word = given.lower().removeprefix("@")
    fields = WORDS.get(word, given).lower().split()
    if len(fields) != 5:
        raise ValueError(f"{given!r} is neither five fields of cron nor a word for them")
    sets = [_field(one, *bounds, names) for one, bounds, names in zip(fields, _BOUNDS, _NAMES, strict=True)]
    week = frozenset(day % 7 for day in sets[4])
    either = not fields[2].startswith(("*", "?")) and not fields[4].startswith(("*", "?"))
    return Schedule(given, sets[0], sets[1], sets[2], sets[3], week, either)


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if (step or "/" in part) and not (step.isdecimal() and len(step) <= 4 and int(step)):
            raise ValueError(f"{part!r} has no step")
        if span in ("*", "?"):
            first, last = low, high
        else:
            begin, dash, end = span.partition("-")
            first = _number(begin, low, high, names)
            last = _number(end, low, high, names) if dash else high if step else first
        if last < first:
            raise ValueError(f"{part!r} runs backwards")
        found |= set(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or not low <= int(text) <= high:
        raise ValueError(f"{text!r} is not between {low} and {high}")
    return int(text)
