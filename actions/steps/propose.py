"""Proposes the release to go back to: the last one known to be good. The operator chooses; this only speaks first.

Works on releases of any option. "Good" means what the records say of deployments; that a release works again is proven
after the switch, never assumed here.
"""

from __future__ import annotations

from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, WayBack

_USABLE = (WayBack.READY, WayBack.PROTECTED, WayBack.PRUNABLE, WayBack.UNKNOWN)


def _usable(release: Release) -> bool:
    """There to go back to, and not one that an earlier incident went back from."""
    return release.way_back in _USABLE and not release.bad


@dataclass(frozen=True)
class Proposal:
    """The proposed release, or None, and why, in one line."""

    release: Release | None
    why: str


def propose(releases: tuple[Release, ...]) -> Proposal:
    """The newest release older than the running one that was deployed well; without a history, the one before it.

    ``releases`` come newest first; the running one is marked ``WayBack.RUNNING``.
    """
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
        return Proposal(best, f"was live {_life(best)} and its deployment ended {best.ended or 'without a word'}")
    if before:
        return Proposal(None, "no release that was deployed well before the running one is still there")
    return _the_one_before(older)


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


def _the_one_before(older: tuple[Release, ...]) -> Proposal:
    usable = [release for release in older if _usable(release) and release.ended in ("", "ok")]
    # A release with a name of its own was meant to be deployed; a commit in between perhaps never was.
    named = [release for release in usable if release.source in ("git tag", "image tag")]
    best = next(iter(named or usable), None)
    if best is None:
        return Proposal(None, "no older release is there")
    return Proposal(best, "the release before the running one; no history says whether it ever ran well")


def _life(release: Release) -> str:
    since = _short(release.live_since)
    return f"from {since} to {_short(release.live_until)}" if release.live_until else f"from {since}"


def _short(at: str) -> str:
    return f"{at[:16].replace('T', ' ')}Z" if len(at) >= 16 else at
