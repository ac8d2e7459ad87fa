"""What the backup files say: made daily, without gaps, kept for a week, and proven by a restore. Pure.

Listing them is left to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from actions.model.clock import span
from actions.model.configured_watch import Presence
from actions.model.quick_dataclass import dataclass

DAY_S = 24 * 3600
MISSED_S = 36 * 3600
"""Between two backups that follow each other; more, and one of a day was missed, however late the others ran."""
WEEK_S = 7 * DAY_S


@dataclass(frozen=True)
class Proof:
    """The newest trial restore that was verified, as ``goaround ready --restore`` wrote it beside the backup."""

    backup: str
    """Name of the file; safe."""
    age_s: int
    """Since the restore."""
    rows: int
    seconds: int
    """That the restore took."""
    differences: int = 0


def restorable(proof: Proof) -> Presence:
    """A backup was restored and verified within a week."""
    expected = "a verified restore younger than 7 days: goaround ready --restore"
    words = f"{proof.backup} was restored and verified {span(max(0, proof.age_s))} ago in {span(proof.seconds)}"
    words += f", {proof.rows} rows"
    if proof.differences:
        return Presence(False, f"{words}; {proof.differences} differences were found", expected)
    return Presence(True, words) if proof.age_s <= WEEK_S else Presence(False, words, expected)


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
