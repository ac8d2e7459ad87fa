"""Takes the readings of the logs: error lines, and lines of failed queries, as they were counted."""

from __future__ import annotations

import threading
from collections.abc import Callable

from actions.model.errors import GoaroundError
from actions.model.incident import Incident
from actions.model.lookout_rules import clocks_differ
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Looked, errors_rate, worst_told
from actions.model.system import seconds_of
from app.feeds import LogFeed, log_count
from app.lookout_queries import QueryLook
from app.session import Session


def read_safely(read: Callable[[], Looked | None]) -> Looked | None:
    """What a sensor says; that it cannot be read is a reading, too: the others are read on."""
    try:
        return read()
    except GoaroundError as error:
        return Looked(False, f"cannot be read: {error.line()}")
    except Exception as error:  # noqa: BLE001 - a sensor that stumbles is a reading; the others are read on
        return Looked(False, f"cannot be read: {type(error).__name__}: {error}")


class Readings:
    """Of one session. Raises ``GoaroundError`` where the system cannot be reached at all."""

    def __init__(self, session: Session, feed: LogFeed | None) -> None:
        self.session = session
        self._feed = feed
        self._queries = QueryLook(session)
        if feed is not None:
            feed.also(self._queries.take)
        self._own: LogFeed | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def errors(self, incident: Incident) -> Looked:
        """The rate of error lines, for ``errors.rate``."""
        session = self.session
        watch = session.settings.watch
        window_s = seconds_of("window", watch.window)
        since_ms = session.clock.monotonic_ms() - session.elapsed_ms()
        found = self._logs().errors(window_s, since_ms, skewed=clocks_differ(incident))
        _, before = incident.observations.get(PREFIX + "errors.rate", ("", None))
        logs = log_count(session.settings)
        return errors_rate(found, window_s, watch.errors_per_minute, worst_told(before.seen) if before else 0, logs)

    def queries(self, incident: Incident) -> Looked | None:
        """Failed queries, for ``errors.database``; None: it is too early to say."""
        return self._queries.look(incident, self._logs())

    def feed(self) -> LogFeed:
        """The log lines that are read; for whoever else tells something of them."""
        return self._logs()

    def _logs(self) -> LogFeed:
        """The feed of the screen, or one of our own where there is no screen."""
        if self._feed is not None:
            return self._feed
        with self._lock:
            if self._own is None:
                from app.log_sources import log_sources  # loads the gateways

                self._own = LogFeed(lambda: log_sources(self.session), self.session.clock, shown=False)
                self._own.also(self._queries.take)
                if not self._stopped:
                    self._own.start()
            return self._own

    def stop(self) -> None:
        """End our own feed."""
        with self._lock:
            self._stopped = True
            if self._own is not None:
                self._own.stop()
