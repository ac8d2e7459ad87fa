"""Counts log lines of failed queries as they come, and reads ``errors.database`` off the counts.

Lines are counted from the first one on, also before an incident is declared: what was usual then is what counts.
"""

from __future__ import annotations

import threading

from actions.model.database_errors import (
    WINDOW_S,
    FailedQueries,
    QueryErrorCounter,
    errors_database,
    moment_told,
    most_before,
)
from actions.model.deployment_time import SENSOR as DEPLOYMENT
from actions.model.incident import Incident
from actions.model.lookout_rules import clocks_differ
from actions.model.ports import LogLine
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Looked
from app.feeds import LogFeed, log_count
from app.session import Session


class QueryLook:
    """Of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = threading.Lock()
        self._counter = QueryErrorCounter(session.settings.watch.database_errors)

    def take(self, lines: list[LogLine]) -> None:
        """Lines that have come; called by the threads that read them."""
        clock = self.session.clock
        with self._lock:
            self._counter.add(lines, clock.monotonic_ms(), clock.now())

    def look(self, incident: Incident, feed: LogFeed) -> Looked | None:
        """Now against before the deployment, where its time is known; None: it is too early to say."""
        clock, skewed = self.session.clock, clocks_differ(incident)
        read = feed.errors(WINDOW_S, clock.monotonic_ms(), skewed=skewed)
        _, told = incident.observations.get(PREFIX + DEPLOYMENT, ("", None))
        deployed = moment_told(told.seen) if told is not None and told.ok else None
        with self._lock:
            count = self._counter.recent(clock.monotonic_ms(), clock.now(), skewed=skewed)
            before = most_before(self._counter.minutes(clock.now(), skewed=skewed), deployed)
        settings = self.session.settings
        logs = log_count(settings)
        return errors_database(FailedQueries(count, before, read.watched_ms, read.sources, read.troubles), logs)
