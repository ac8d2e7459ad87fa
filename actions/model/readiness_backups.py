"""What the ages of backup files say: made daily, without gaps, and kept for a week. Pure; listing is left to others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from actions.model.clock import span
from actions.model.configured_watch import Presence

DAY_S = 24 * 3600
MISSED_S = 36 * 3600
"""Between two backups that follow each other; more, and one of a day was missed, however late the others ran."""
WEEK_S = 7 * DAY_S


def daily(ages_s: Sequence[int], place: str) -> Presence:
    """The newest is younger than a day, and none is missing in the last week. ``ages_s``: of the files, in seconds."""
    expected = "one younger than 24 h, none missing in the last 7 days"
    ages = sorted(max(0, age) for age in ages_s)
    if not ages:
        return Presence(False, f"no file {place}", expected)
    newest = f"newest {span(ages[0])} old"
    if ages[0] > DAY_S:
        return Presence(False, newest, expected)
    # The one before the week began bounds the first gap of the week.
    gaps = [older - newer for newer, older in pairwise(ages) if newer < WEEK_S and older - newer > MISSED_S]
    if gaps:
        count = f"{len(gaps)} gap{'' if len(gaps) == 1 else 's'}"
        return Presence(False, f"{newest}, {count} in the last 7 days, the longest {span(max(gaps))}", expected)
    return Presence(True, newest)


def kept(ages_s: Sequence[int], place: str) -> Presence:
    """The oldest is at least a week old."""
    expected = "7 days and more"
    if not ages_s:
        return Presence(False, f"no file {place}", expected)
    oldest = f"{len(ages_s)} file{'' if len(ages_s) == 1 else 's'}, the oldest {span(max(ages_s))} old"
    return Presence(max(ages_s) >= WEEK_S, oldest, "" if max(ages_s) >= WEEK_S else expected)
