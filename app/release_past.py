"""The release history of a screen: the joined sources as they come, and what was read of the highlighted release."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from actions.model.last_good import LastGood, last_good
from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_rows import HistoryRow
from actions.steps.propose import Proposal, propose
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
        self._proposal: tuple[History | None, tuple[Release, ...], Proposal] | None = None
        self._counted = 0
        self._exhausted = False

    def put(self, history: History, *, whole: bool) -> None:
        """A fresher one."""
        self.history, self.whole = history, whole
        if len(history) > MANY:
            gc.freeze()  # thousands of values that stay: looking through them for garbage would be seen as a stall
        if whole:
            told_all = len(history) < ENOUGH or (self.depth > 1 and len(history) <= self._counted)
            self._exhausted = told_all and not history.errors  # a source that failed may tell more the next time
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

    def joined(self, identity: str) -> tuple[History, HistoryRow] | None:
        """The history and what it knows of a release; None: it has not been read, or does not know it."""
        history = self.history
        row = history.of(identity) if history is not None else None
        return (history, row) if history is not None and row is not None else None

    def owns(self, release: Release) -> str:
        """Why the way back in use cannot go back to it, as far as that is the list's to say; empty: it may."""
        found = self.joined(release.identity)
        if found is None or found[1].own:
            return ""
        history, row = found
        return f"{history.option} does not know {release.name}: only {' and '.join(row.sources)} tells of it"

    def proposal(self, releases: tuple[Release, ...]) -> Proposal:
        """Which of them is proposed, and why; worked out once for what was read."""
        known = self._proposal
        if known is None or known[0] is not self.history or known[1] is not releases:
            known = self._proposal = (self.history, releases, propose(releases, self.history))
        return known[2]

    def last_good(self) -> LastGood | None:
        """The last known good one, explained."""
        return last_good(self.history) if self.history is not None else None

    def words_of(self, release: Release) -> str:
        """How the release differs from what runs, as far as that was read."""
        found = self.joined(release.identity)
        known = self.behind.known(*found) if found is not None else None
        return known.words() if known is not None else ""
