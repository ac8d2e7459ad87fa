"""Proposes the release to go back to: the last one known to be good. The operator chooses; this only speaks first.

Works on releases of any option. What "good" means is ``last_good``'s to say, where the history over all sources is
known; without it, what the one source says of deployments counts. That a release works again is proven after the
switch, never assumed here.
"""

from __future__ import annotations

from actions.model.clock import short_time
from actions.model.last_good import Standing, judge, last_good
from actions.model.quick_dataclass import dataclass, replace
from actions.model.release import STANDS, Release, WayBack
from actions.model.release_history import History

_AGAINST = (Standing.INCIDENT, Standing.WATCHED, Standing.LEFT)
"""What was gone back from, or went bad: it is not even guessed."""
_USABLE = tuple(way for way in WayBack if way not in (WayBack.RUNNING, WayBack.GONE))


def _usable(release: Release) -> bool:
    """There to go back to, and not one that an earlier incident went back from."""
    return release.way_back in _USABLE and not release.bad


@dataclass(frozen=True)
class Proposal:
    """The proposed release, or None, and why, in one line."""

    release: Release | None
    why: str
    newer: tuple[str, ...] = ()
    """Why not the newer ones: a line each."""
    golden: bool = False
    """A person pinned it."""
    known_good: bool = False
    """Its deployment was finished, it was live long enough, and nothing of our record speaks against it."""

    def words_for(self, identity: str) -> tuple[str, ...]:
        """Why this one is proposed, and why not the newer ones, a line each; none where it is another one."""
        mine = self.release is not None and bool(identity) and self.release.identity == identity
        return (self.why, *self.newer) if mine else ()


def propose(releases: tuple[Release, ...], history: History | None = None) -> Proposal:
    """The release pinned as golden, else the last known good one; where none is known, the best guess, said to be one.

    ``releases`` come newest first; the running one is marked ``WayBack.RUNNING``. ``history``: all sources joined;
    without it, only what these releases themselves tell counts.
    """
    if history is None or any(one.source in ("backup", "snapshot") for one in releases):
        return _by_deployments(releases)  # nobody deploys a backup: how long it was live says nothing of it
    found = last_good(history)
    if found.row is not None:
        mine = next((one for one in releases if one.identity == found.row.identity), None)
        if mine is not None:
            what = "" if found.golden else "last known good: "
            return Proposal(mine, f"{what}{found.why}", found.newer, found.golden, judge(history, found.row).good)
    guess = _by_deployments(tuple(_with_history(one, history) for one in releases))
    mine = next((one for one in releases if guess.release and one.identity == guess.release.identity), None)
    if mine is None:
        return Proposal(None, guess.why, found.newer)
    mark = f"not {mine.name}: "  # what speaks against it belongs to it, not to those that are passed over
    against = next((f"; {words.removeprefix(mark)}" for words in found.newer if words.startswith(mark)), "")
    newer = tuple(words for words in found.newer if not words.startswith(mark))
    return Proposal(mine, f"not known to be good: {guess.why}{against}", newer)


def _with_history(release: Release, history: History) -> Release:
    """With what other sources tell of its life; one that is known to have gone wrong is not guessed."""
    row = history.of(release.identity)
    if row is None:
        return release
    judged = judge(history, row)
    bad = release.bad or (judged.why if judged.standing in _AGAINST else "")
    told = row.release
    return replace(release, live_since=told.live_since, live_until=told.live_until, ended=told.ended, bad=bad)


def _by_deployments(releases: tuple[Release, ...]) -> Proposal:
    """The newest release older than the running one that was deployed well; without a history, the one before it."""
    running = next((release for release in releases if release.way_back is WayBack.RUNNING), None)
    # Only a deployment that ended well counts as history: "failed" alone tells of no release that ever worked.
    deployed = [release for release in releases if release.live_since and release.ended in ("", "ok")]
    if running is None:
        return _without_running(deployed)
    # Older means made earlier: after a rollback, what was live before the running one is what was fled from.
    older = releases[releases.index(running) + 1 :]
    before = [release for release in deployed if release in older and _before(release, running)]
    usable = [release for release in before if _usable(release)]
    if usable:
        best = max(usable, key=lambda release: release.live_since)
        stands = next((one for one in usable if STANDS in one.note), None)
        if stands is not None:
            return Proposal(stands, f"it {stands.note[stands.note.index(STANDS) :]}: that draws the swap")
        if best.source in ("backup", "snapshot"):  # nobody ever deployed it
            what = f"the newest usable {best.source} from before what runs"
            return Proposal(best, f"{what}: the data of {short_time(best.live_since)}")
        return Proposal(best, f"was live {_life(best)} and its deployment ended {best.ended or 'without a word'}")
    if any(release.way_back in _USABLE for release in before):
        return Proposal(None, "what was deployed before the running one and is there was gone back from, or went bad")
    if before:
        return Proposal(None, "no release that was deployed well before the running one is still there")
    return _the_one_before(older, running)


def _without_running(deployed: list[Release]) -> Proposal:
    """What runs is not known: the history's newest entry is taken for it, and said to be."""
    latest = sorted(deployed, key=lambda release: release.live_since, reverse=True)
    usable = [release for release in latest[1:] if _usable(release)]
    if not usable:
        return Proposal(None, "what runs is not known, so nothing is known to be older: choose a release yourself")
    best = usable[0]
    why = f"what runs could not be read; the history says {latest[0].name} was deployed last, and before it {best.name}"
    return Proposal(best, f"{why}, live {_life(best)}")


def _before(release: Release, running: Release) -> bool:
    return not running.live_since or release.live_since < running.live_since


def _the_one_before(older: tuple[Release, ...], running: Release) -> Proposal:
    usable = [release for release in older if _usable(release) and release.ended in ("", "ok")]
    # A release with a name of its own was meant to be deployed; a commit in between perhaps never was.
    named = [release for release in usable if release.source in ("git tag", "image tag")]
    best = next(iter(named or usable), None)
    if best is None:
        return Proposal(None, "no older release is there")
    if best.images and best.created == running.created:
        where = "the one before the running one by its name alone, as the images do not tell which is older"
    else:
        where = "the release before the running one"
    return Proposal(best, f"{where}; no history says whether it ever ran well")


def _life(release: Release) -> str:
    since = short_time(release.live_since)
    return f"from {since} to {short_time(release.live_until)}" if release.live_until else f"from {since}"
