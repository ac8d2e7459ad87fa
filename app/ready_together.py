"""Lets checks that run side by side share what each way back tells of releases: each is read once, none waits for all.

The history is joined from all of them. One that hangs is left out of it by name, and holds no other way back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from actions.model.release import Release
from actions.model.release_rows import Listing


class Together:
    """Of one run of the checks."""

    def __init__(self, options: Sequence[str], within_s: float) -> None:
        """``within_s``: so long it is waited for the others, from now on."""
        self._options = tuple(options)
        self._until = time.monotonic() + within_s
        self._there: dict[str, Listing] = {}
        self._news = threading.Condition()

    def told(self, option: str, releases: tuple[Release, ...]) -> None:
        """What a way back told."""
        self._put(Listing(option, releases))

    def failed(self, option: str, error: str) -> None:
        """It told nothing; where it had told before, that counts."""
        self._put(Listing(option, error=error))

    def _put(self, listing: Listing) -> None:
        with self._news:
            self._there.setdefault(listing.source, listing)
            self._news.notify_all()

    def listings(self, option: str) -> tuple[Listing, ...]:
        """That of this way back, then those of the others; of those that do not come in time, that they did not."""
        others = [one for one in self._options if one != option]
        with self._news:
            while any(one not in self._there for one in others):
                left = self._until - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(left)
            late = "no answer in time"
            return tuple(self._there.get(one, Listing(one, error=late)) for one in (option, *others))
