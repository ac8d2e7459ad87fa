"""Which release counts as good, and which of them is the last: computed from the history, and explained in words. Pure.

Good is one whose deployment was finished, that was live long enough, and that no incident of our record followed.
Nothing else than what is recorded is known of it: that it works again is proven after the switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from actions.model.clock import span
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack
from actions.model.release_history import TAGGED, History, HistoryRow, Life

FINISHED = ("", "ok")
"""How a deployment ends that was finished; one that nobody tells the end of is taken at its word."""
TOLD = 6
"""So many of the newer ones are explained one by one."""


class Standing(Enum):
    """What is known of a release's life."""

    GOOD = "good"
    RUNNING = "runs now"
    INCIDENT = "incident"
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
    if release.ended not in FINISHED:
        return Judged(Standing.FAILED, f"its last deployment: {release.ended}", healthy)
    if not row.lives:
        return _without_life(history, release)
    assert best is not None  # there are lives
    if best.seconds is None:
        return Judged(Standing.UNKNOWN, f"it was deployed {_short(best.since)}; until when it was live is not known")
    proven = f", and {row.proven[0].incident} proved it" if row.proven else ""
    how = f"live {span(best.seconds)} ({_from_to(best)}) without an incident on record{proven}"
    if release.way_back is WayBack.RUNNING:
        return Judged(Standing.RUNNING, f"runs now, {how}", healthy)
    if best.seconds < history.healthy_s:
        least = span(history.healthy_s)
        return Judged(Standing.SHORT, f"was live for {span(best.seconds)} only, less than {least}", healthy)
    return Judged(Standing.GOOD, f"its deployment was finished, {how}", healthy)


def _without_life(history: History, release: Release) -> Judged:
    if release.way_back is WayBack.RUNNING:
        return Judged(Standing.UNKNOWN, "runs now; since when is not known")
    deployments = any(row.live_since for one in history.listings for row in one.releases)
    if not deployments:
        return Judged(Standing.UNKNOWN, "no source tells of deployments")
    return Judged(Standing.NEVER, "no source tells that it was ever deployed")


def _best(lives: tuple[Life, ...], healthy_s: int) -> Life | None:
    """The last life that was long enough, else the longest."""
    enough = next((one for one in lives if (one.seconds or 0) >= healthy_s and one.ended in FINISHED), None)
    return enough or max(lives, key=lambda one: one.seconds if one.seconds is not None else -1, default=None)


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
    newer: list[str] = list(passed_over)
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
    return LastGood(
        None,
        f"none of the releases before what runs is known to have been live for {least} without an incident",
        (*newer, *((f"and {hidden} more",) if hidden else ())),
    )


def _golden(history: History) -> tuple[HistoryRow | None, tuple[str, ...]]:
    """The one pinned last that can be gone back to, and why not those pinned later."""
    passed: list[str] = []
    pinned = [row for row in history.pinned() if row.release.way_back is not WayBack.RUNNING]
    for row in sorted(pinned, key=lambda one: one.pin.at if one.pin else "", reverse=True):
        since = next((one for one in row.fled if row.pin and one.closed_at > row.pin.at), None)
        if since is not None:
            passed.append(f"not {row.release.name}: golden, but {since.incident} went back from it since")
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
    yield from (row for row in history.below(at) if not (now and row.release.live_since > now))


def _why_not(judged: Judged, row: HistoryRow) -> str:
    return _gone(row) if judged.good else judged.why


def _gone(row: HistoryRow) -> str:
    if not row.own:
        return "this way back does not know it"
    return "it is not there any more" if row.release.way_back is WayBack.GONE else row.release.way_back.value


def _from_to(life: Life) -> str:
    end = "now" if life.live else f"{_short(life.until)}{', when the next was deployed' if life.guessed else ''}"
    return f"{_short(life.since)} to {end}"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _short(at: str) -> str:
    return f"{at[:16].replace('T', ' ')}Z" if len(at) >= 16 else at
