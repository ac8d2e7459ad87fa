"""The schema verdicts of the release list: read behind the screen, shown as they come, and kept while it stands."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.release import Release
from actions.steps.schema_listing import Listed, Verdicts

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen


class SchemaColumn:
    """One for a screen. One list is read at a time; a newer one is read after it."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}
        """Identity of a release -> its verdict and why; empty: not read yet."""
        self._verdicts = Verdicts()
        self._reading = threading.Lock()

    def read(self, screen: IncidentScreen, releases: tuple[Release, ...]) -> None:
        """From a thread: read them, and have each shown. What cannot be read stays as not read."""
        session = screen.session
        while self._reading.acquire(blocking=False):
            try:
                read = self._verdicts.of(session.settings, session.world(), releases, lambda: screen.is_attached)
                for identity, one in read:
                    self._put(screen, identity, one)
            except GoaroundError:
                return  # whoever draws a plan is told; the list says that it was not read
            finally:
                self._reading.release()
            if screen.releases == releases or not screen.is_attached:
                return
            releases = screen.releases  # another list came meanwhile

    def _put(self, screen: IncidentScreen, identity: str, one: Listed | None) -> None:
        self.found = {**self.found, identity: (one.verdict, one.why) if one is not None else ("", "")}
        if screen.is_attached:
            screen.app.call_from_thread(screen.show_releases)
