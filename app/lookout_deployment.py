"""Looks for the deployment that is suspected: the releases are read until one is known, then no more.

Reading them is slow, so it is done in a thread of the lookout's, at most once a minute, and never while a step runs.
Which release is meant is ``deployment_time``'s to say.
"""

from __future__ import annotations

from collections.abc import Callable

from actions.model.clock import parse_stamp
from actions.model.deployment_time import SENSOR, BadMoment, clock_words, deployment_time, first_bad
from actions.model.incident import Incident
from actions.model.lookout_rules import clocks_differ
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Looked, error_limit
from app.feeds import LogFeed
from app.session import Session

EVERY_MS = 60_000
HURRIED_MS = 5_000
"""So often where somebody waits for it."""
ROUNDS = 3
"""So often it is waited for the logs to begin: when errors began tells one deployment from the other."""


class DeploymentLook:
    """Of one session. ``feed``: gives the log lines that are read."""

    def __init__(self, session: Session, feed: Callable[[], LogFeed]) -> None:
        self.session = session
        self._feed = feed
        self._waited = 0
        self._looked: tuple[str, int] = ("", 0)
        """Incident, and monotonic milliseconds of the last reading."""
        self._hurry = False

    def hurry(self) -> None:
        """Somebody waits: the next look comes sooner."""
        self._hurry = True

    def look(self) -> Looked | None:
        """The reading, or None while there is nothing new to be told. Raises GoaroundError of reading releases."""
        session, incident = self.session, self.session.incident
        _, known = incident.observations.get(PREFIX + SENSOR, ("", None))
        if incident.running is not None or incident.declared is None or (known is not None and known.ok):
            return None
        now = session.clock.monotonic_ms()
        pause = HURRIED_MS if self._hurry else EVERY_MS
        if self._looked[0] == incident.id and now - self._looked[1] < pause:
            return None
        if not self._feed().begun and self._waited < ROUNDS:
            self._waited += 1
            return None
        self._looked, self._hurry = (incident.id, now), False
        declared = parse_stamp(incident.declared_at)
        code = next((one for one in session.settings.options if one in ("compose", "git")), "")
        in_use = session.option()
        option = in_use if in_use in ("compose", "git") or not code else code  # a backup tells of no deployment
        return deployment_time(session.releases(option), declared, self._bad(incident), clock_words(incident))

    def _bad(self, incident: Incident) -> BadMoment:
        configured = self.session.settings.watch.errors_per_minute
        minutes = self._feed().minutes(skewed=clocks_differ(incident))
        declared = parse_stamp(incident.declared_at)
        if minutes is None:
            return BadMoment(declared)
        return first_bad(declared, minutes, lambda worst: error_limit(configured, worst))
