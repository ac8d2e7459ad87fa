"""One deployment of a release, as its source tells of it: when, what set it off, how long it took, how it ended."""

from __future__ import annotations

from actions.model.quick_dataclass import dataclass

FINISHED = ("", "ok")
"""How a deployment ends that was finished; one that nobody tells the end of is taken at its word."""
UNDER_WAY = ("queued", "in_progress", "other")
"""How one stands that has not ended, as far as its source tells."""
BY_HAND, BY_ROLLBACK = "by hand", "rollback"


@dataclass(frozen=True)
class Deployed:
    """One deployment. Times are UTC stamps, or empty where the source does not tell."""

    at: str
    """When it was through: from then on the release was live, if it was finished."""
    began: str = ""
    until: str = ""
    """When another release replaced it."""
    ended: str = ""
    """In the source's words: ``ok``, ``failed``, or empty."""
    trigger: str = ""
    """What set it off: ``webhook``, ``API``, ``by hand``, ``rollback``, or empty."""
    rolled_back: bool = False
    """What replaced it was a rollback: somebody went back from it."""

    @property
    def was_live(self) -> bool:
        """It came up, at a time that is told."""
        return bool(self.at) and self.ended in FINISHED

    @property
    def took_s(self) -> int | None:
        """Seconds from its beginning to its end; None: not told."""
        from actions.model.release_times import seconds_between  # nobody asks before the screen stands

        took = seconds_between(self.began, self.at) if self.began and self.at else None
        return took if took is not None and took >= 0 else None
