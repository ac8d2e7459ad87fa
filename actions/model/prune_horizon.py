"""When a clean-up takes the image that would be gone back to: of Coolify by its retention and schedule. Pure.

Coolify keeps the image that runs and the newest ``docker_images_to_keep`` others of an application; the rest go at its
next clean-up (by force, or once the disk is fuller than its threshold).
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from actions.model.coolify import PrunePolicy, RollbackImages
from actions.model.cron_time import schedule
from actions.model.quick_dataclass import dataclass

DEFAULT_KEPT = 2


@dataclass(frozen=True)
class Horizon:
    """What is known of the next clean-up."""

    place: int | None
    """0: the newest image beside the one that runs; None: not known where it stands."""
    kept: int
    """Images that are kept beside the one that runs."""
    when: str
    """``Coolify cleans up at 00:00Z daily, keeps 2``."""
    next_at: datetime | None = None
    known: bool = True
    """The schedule is known."""

    @property
    def takes_it(self) -> bool:
        """The next clean-up takes it."""
        return self.place is not None and self.place >= self.kept

    @property
    def spare(self) -> int | None:
        """How many more deployments it outlives; None: not known."""
        return None if self.place is None else self.kept - 1 - self.place

    def words(self) -> str:
        """For the eye."""
        if self.takes_it:
            return f"a prune would take it; {self.when}"
        spare = self.spare
        if spare is None:
            return self.when
        if spare == 0:
            return f"kept until the next deployment; {self.when}"
        return f"kept for {spare} more deployment{'s' if spare > 1 else ''}; {self.when}"

    def wanted(self) -> int:
        """``docker_images_to_keep`` with which it outlives two more deployments."""
        return (self.place or 0) + 3


def horizon(
    images: RollbackImages, target: str, kept: int | None, policy: PrunePolicy | None, now: datetime, running: str = ""
) -> Horizon:
    """Where ``target`` stands among the images, and when they are cleaned up. ``kept``: as the application says."""
    number = DEFAULT_KEPT if kept is None else max(0, kept)
    if policy is not None and not policy.retains:
        number = 0
    current = images.current or running
    others = sorted(
        (one for one in images.images if one.tag != current and not one.current),
        key=lambda one: one.created,
        reverse=True,
    )
    place = next((at for at, one in enumerate(others) if one.tag == target), None)
    if policy is None:
        return Horizon(place, number, f"when Coolify cleans up is not known, it keeps {number}", known=False)
    when, next_at = _when(policy, now)
    keeps = f"keeps {number}" if policy.retains else "keeps none (retention is switched off on the server)"
    return Horizon(place, number, f"Coolify cleans up {when}, {keeps}", next_at, next_at is not None)


def _when(policy: PrunePolicy, now: datetime) -> tuple[str, datetime | None]:
    try:
        found = schedule(policy.frequency)
    except ValueError as error:
        return f"by a schedule that is not understood ({error})", None
    zone, doubt = zone_of(policy.zone)
    at = found.next_after(now, zone)
    if at is None:
        return f"never: {policy.frequency} never comes round", None
    full = "" if policy.force or policy.threshold is None else f" when its disk is fuller than {policy.threshold} %"
    named = "" if zone is UTC else policy.zone
    return f"{found.words(named)}{full} (next {at:%Y-%m-%d %H:%M}Z{f'; {doubt}' if doubt else ''})", at


def zone_of(name: str) -> tuple[tzinfo, str]:
    """The zone that a schedule is meant in, and why it is read as UTC where that is not sure."""
    if not name:
        return UTC, "read as UTC: its time zone is not told"
    if name.upper() in ("UTC", "ETC/UTC", "Z", "GMT"):
        return UTC, ""
    import zoneinfo  # looked at only when a clean-up is foretold

    try:
        return zoneinfo.ZoneInfo(name), ""
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return UTC, f"read as UTC: the time zone {name} is not known on this machine"
