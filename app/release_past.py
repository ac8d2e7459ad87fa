"""The release history of a screen: the joined sources as they come, and what was read of the highlighted release."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from actions.model.last_good import LastGood, last_good
from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_sheet import Behind
from app.release_behind import ReleaseBehind

if TYPE_CHECKING:
    from app.session import Session

DEEPER = 4
"""So many times as far back is read next, until a source has no more."""
DEEPEST = 256
MANY = 1000
ENOUGH = 20
"""A source that told fewer has told all."""


class ReleasePast:
    """One for a screen; its threads put in what they read."""

    def __init__(self, session: Session) -> None:
        self.behind = ReleaseBehind(session)
        self.history: History | None = None
        self.every = False
        """Commits that nobody deployed or named are shown, too."""
        self.depth = 1
        self.whole = False
        """All sources are in it; else our own record alone."""
        self.proposed = ""
        """Identity that the cursor was put on, as the proposal."""
        self._shown: tuple[History, bool, tuple[Release, ...]] | None = None
        self._counted = 0
        self._exhausted = False

    def put(self, history: History, *, whole: bool) -> None:
        """A fresher one."""
        self.history, self.whole = history, whole
        if len(history) > MANY:
            gc.freeze()  # thousands of values that stay: looking through them for garbage would be seen as a stall
        if whole:
            self._exhausted = len(history) < ENOUGH or (self.depth > 1 and len(history) <= self._counted)
            self._counted = len(history)

    def forget(self) -> None:
        """Another way back is in use, or another release runs: nothing that was joined or compared holds."""
        self.history, self.whole, self.proposed = None, False, ""
        self.depth, self._counted, self._exhausted = 1, 0, False
        self._shown = None
        self.behind.forget()

    @property
    def more(self) -> bool:
        """Whether there may be older ones."""
        return self.whole and not self._exhausted and self.depth < DEEPEST

    def deeper(self) -> None:
        """The next reading goes further back."""
        self.depth = min(DEEPEST, self.depth * DEEPER)

    def releases(self) -> tuple[Release, ...]:
        """What the list shows; the same tuple while nothing changed."""
        history = self.history
        if history is None:
            return ()
        if self._shown is None or self._shown[0] is not history or self._shown[1] != self.every:
            self._shown = (history, self.every, history.shown(every=self.every))
        return self._shown[2]

    def owns(self, release: Release) -> str:
        """Why the way back in use cannot go back to it, as far as that is the list's to say; empty: it may."""
        row = self.history.of(release.identity) if self.history is not None else None
        if row is None or row.own or self.history is None:
            return ""
        return f"{self.history.option} does not know {release.name}: only {' and '.join(row.sources)} tells of it"

    def last_good(self) -> LastGood | None:
        """The last known good one, explained."""
        return last_good(self.history) if self.history is not None else None

    def words_of(self, release: Release) -> str:
        """How the release differs from what runs, as far as that was read."""
        history = self.history
        row = history.of(release.identity) if history is not None else None
        known: Behind | None = self.behind.known(history, row) if history is not None and row is not None else None
        return known.words() if known is not None else ""
