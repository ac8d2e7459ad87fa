"""Which release counts as good, and which of them is the last: computed from the history, and explained in words. Pure.

Good is one whose deployment was finished, that was live long enough, that no watch of our record found bad and nobody
rolled back from since, and that no incident followed. Nothing else than what is recorded is known of it: that it works
again is proven after the switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import islice

from actions.model.clock import short_time, span
from actions.model.deployed import FINISHED, UNDER_WAY
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack
from actions.model.release_facts import in_future
from actions.model.release_history import History
from actions.model.release_rows import TAGGED, HistoryRow, Life

ABOVE = 20
"""So many of those over what runs are looked at for why they are not proposed."""
TOLD = 6
"""So many of the newer ones are explained one by one."""


class Standing(Enum):
    """What is known of a release's life."""

    GOOD = "good"
    RUNNING = "runs now"
    INCIDENT = "incident"
    WATCHED = "went bad"
    LEFT = "rolled back"
    FAILED = "failed"
    SHORT = "short"
    NEVER = "never deployed"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Judged:
    """A standing, why, and how long it was healthy."""

    standing: Standing
    why: str
    healthy_s: int | None = None
    brief: str = ""
    """Why, in so few words that a line of the screen holds it; as ``why`` where nothing shorter was given."""

    def __post_init__(self) -> None:
        if not self.brief:
            object.__setattr__(self, "brief", self.why)

    @property
    def good(self) -> bool:
        """Known to be good."""
        return self.standing is Standing.GOOD


@dataclass(frozen=True)
class LastGood:
    """The last known good release, or None, and the explanation."""

    row: HistoryRow | None
    why: str
    newer: tuple[str, ...] = ()
    """Why not the newer ones: a line each."""
    golden: bool = False
    """A person's pin decided, not the computation."""


def judge(history: History, row: HistoryRow) -> Judged:
    """What is known of this release's life."""
    release = row.release
    best = _best(row.lives, history.healthy_s)
    healthy = best.seconds if best is not None else None
    if row.fled:
        return Judged(Standing.INCIDENT, f"{row.fled[0].incident} went back from it", healthy)
    if row.followed:
        return Judged(Standing.INCIDENT, f"{_listed(row.followed)} was declared while it was live", healthy)
    if release.bad:
        return Judged(Standing.INCIDENT, release.bad, healthy)
    if release.ended in UNDER_WAY:
        return Judged(Standing.UNKNOWN, f"its deployment has not ended: {release.ended}", healthy)
    if release.ended not in FINISHED:
        return Judged(Standing.FAILED, f"its last deployment: {release.ended}", healthy)
    if not row.lives:
        return _without_life(history, release)
    assert best is not None  # there are lives
    later = next((one for one in row.lives if one.since > best.since and (one.bad or one.rolled_back)), None)
    # What was seen last goes before what was seen once: since then something around it may be another one.
    against = _against(later) if later is not None else None if best.sound else _against(best)
    if against is not None:
        return Judged(*against, healthy)
    if in_future(best.since, history.now):
        words = f"its source says that it was deployed {short_time(best.since)}, which has not come yet"
        return Judged(Standing.UNKNOWN, f"{words}: its clock or its zone is wrong")
    if best.seconds is None:
        return Judged(
            Standing.UNKNOWN, f"it was deployed {short_time(best.since)}; until when it was live is not known"
        )
    how = f"live {span(best.seconds)} ({_from_to(best)}) without an incident on record{_besides(row, best)}"
    if release.way_back is WayBack.RUNNING and not best.live:
        return Judged(Standing.RUNNING, f"runs now, since when is not known; before, it was {how}")
    if release.way_back is WayBack.RUNNING:
        return Judged(Standing.RUNNING, f"runs now, {how}", healthy)
    if best.seconds < history.healthy_s:
        least = span(history.healthy_s)
        return Judged(Standing.SHORT, f"was live for {span(best.seconds)} only, less than {least}", healthy)
    brief = f"deployed well, live {span(best.seconds)}, no incident{_besides(row, best)}"
    return Judged(Standing.GOOD, f"its deployment was finished, {how}", healthy, brief)


def _against(life: Life) -> tuple[Standing, str] | None:
    """What speaks against counting this life."""
    if life.bad:
        return Standing.WATCHED, life.bad[0].words()
    if life.rolled_back:
        return Standing.LEFT, f"it was rolled back from {short_time(life.until)}, with no incident on record"
    if life.among > 1:
        return Standing.UNKNOWN, f"{life.among} images are of its commit: which of them was deployed is not told"
    return None


def _besides(row: HistoryRow, best: Life) -> str:
    """What else is known of it: who proved it, what watches saw, and what spoke against another of its lives."""
    said = [f"{row.proven[0].incident} proved it"] if row.proven else []
    said += [one.words() for one in best.watched]
    other = next((one for one in row.lives if one is not best and (one.bad or one.rolled_back)), None)
    against = _against(other) if other is not None else None
    return (f", and {'; '.join(said)}" if said else "") + (
        f"; though, of an earlier time, {against[1]}" if against is not None else ""
    )


def _without_life(history: History, release: Release) -> Judged:
    if release.way_back is WayBack.RUNNING:
        return Judged(Standing.UNKNOWN, "runs now; since when is not known")
    if not history.deployed:
        return Judged(Standing.UNKNOWN, "no source tells of deployments")
    return Judged(Standing.NEVER, "no source tells that it was ever deployed")


def _best(lives: tuple[Life, ...], healthy_s: int) -> Life | None:
    """The last life that was long enough with nothing against it, else the longest such, else the last one at all.

    Of one that runs it is that life: an earlier one outweighs nothing that speaks against it.
    """
    if lives and lives[0].live:
        return lives[0]
    sound = [one for one in lives if one.sound]
    enough = next((one for one in sound if (one.seconds or 0) >= healthy_s), None)
    longest = max(sound or lives[:1], key=lambda one: one.seconds if one.seconds is not None else -1, default=None)
    return enough or longest


def usable(row: HistoryRow) -> bool:
    """There to go back to, by the way back in use."""
    return row.own and row.release.way_back not in (WayBack.RUNNING, WayBack.GONE)


def last_good(history: History) -> LastGood:
    """The pinned one that can be gone back to, else the last one before what runs that is known to be good."""
    golden, passed_over = _golden(history)
    if golden is not None and golden.pin is not None:
        judged = judge(history, golden)
        known = judged.why if judged.standing in (Standing.GOOD, Standing.SHORT) else f"of its life: {judged.why}"
        return LastGood(golden, f"{golden.pin.words()}; {known}", passed_over, golden=True)
    newer: list[str] = [*passed_over, *_above(history)]
    hidden = 0
    for row in _before_running(history):
        judged = judge(history, row)
        if judged.good and usable(row):
            more = (f"and {hidden} more",) if hidden else ()
            return LastGood(row, judged.why, (*newer, *more))
        if judged.standing is Standing.NEVER and row.release.source not in TAGGED:
            continue  # a commit in between: nobody meant it to be deployed
        if len(newer) < TOLD:
            newer.append(f"not {row.release.name}: {_why_not(judged, row)}")
        else:
            hidden += 1
    least = span(history.healthy_s)
    if history.running_at() is None:
        why = "what runs is not known, so none is known to be from before it"
    else:
        why = f"none of the releases before what runs is known to have been live for {least} without an incident"
    return LastGood(None, why, (*newer, *((f"and {hidden} more",) if hidden else ())))


def _since_pinned(row: HistoryRow, at: str) -> str:
    """What speaks against a pinned one since it was pinned: a pin is a person's word of its time."""
    fled = next((one for one in row.fled if one.closed_at > at), None)
    if fled is not None:
        return f"{fled.incident} went back from it since"
    found = (one for life in row.lives for one in life.bad if any(seen.at > at for seen in one.bad))
    watched = next((f"since then {one.words()}" for one in found), "")
    left = next((life for life in row.lives if life.rolled_back and life.until > at), None)
    return watched or (f"it was rolled back from {short_time(left.until)}, since it was pinned" if left else "")


def _above(history: History) -> Iterator[str]:
    """Those that are newer than what runs and yet known to be good: nobody should wonder why they are not proposed."""
    at = history.running_at()
    for row in islice(history.above(at), ABOVE) if at is not None else ():
        if judge(history, row).good and usable(row):
            yield f"not {row.release.name}: it is newer than what runs; one from before that is looked for"
            return


def _golden(history: History) -> tuple[HistoryRow | None, tuple[str, ...]]:
    """The one pinned last that can be gone back to, and why not those pinned later."""
    passed = [
        f"not {pin.name}: golden, but no source, as far as they were read, tells of it"
        for pin in history.unknown_pins()
    ]
    pinned = [row for row in history.pinned() if row.release.way_back is not WayBack.RUNNING]
    for row in sorted(pinned, key=lambda one: one.pin.at if one.pin else "", reverse=True):
        since = _since_pinned(row, row.pin.at if row.pin else "")
        if since:
            passed.append(f"not {row.release.name}: golden, but {since}")
        elif not usable(row):
            passed.append(f"not {row.release.name}: golden, but {_gone(row)}")
        else:
            return row, tuple(passed)
    return None, tuple(passed)


def _before_running(history: History) -> Iterator[HistoryRow]:
    """Those that stand below what runs in the list of the way back in use, the one deployed last first."""
    at = history.running_at()
    if at is None:
        return
    now = history.row(at).release.live_since
    # Older means made earlier: after a rollback, what was live before the running one is what was fled from.
    for row in history.below(at):
        since = row.release.live_since
        if not now or since <= now or in_future(since, history.now):
            yield row


def _why_not(judged: Judged, row: HistoryRow) -> str:
    return _gone(row) if judged.good else judged.why


def _gone(row: HistoryRow) -> str:
    if not row.own:
        return "this way back does not know it"
    return "it is not there any more" if row.release.way_back is WayBack.GONE else row.release.way_back.value


def _from_to(life: Life) -> str:
    end = "now" if life.live else f"{short_time(life.until)}{', when the next was deployed' if life.guessed else ''}"
    return f"{short_time(life.since)} to {end}"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
