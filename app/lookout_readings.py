"""Takes the readings that are quickly taken: every probe asked once, and the error lines that were counted."""

from __future__ import annotations

import threading
from dataclasses import replace

from actions.model.effect import ProbeHttp
from actions.model.errors import GoaroundError
from actions.model.incident import Incident
from actions.model.lookout_rules import clocks_differ
from actions.model.ports import Prober
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Answered, Looked, errors_rate, worst_told
from actions.model.system import seconds_of
from actions.steps.configured_probes import configured_probes
from app.feeds import LogFeed
from app.session import Session

MOST_AT_ONCE = 16


class Readings:
    """Of one session. Raises ``GoaroundError`` where the system cannot be reached at all."""

    def __init__(self, session: Session, feed: LogFeed | None) -> None:
        self.session = session
        self._feed = feed
        self._own: LogFeed | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def probes(self) -> tuple[Answered, ...]:
        """Every configured probe, asked once and all at the same time: one that hangs holds up no other."""
        settings = self.session.settings
        prober = self.session.world().prober
        asked = [replace(probe, passes=1, seconds=0) for probe in configured_probes(settings)]
        found: list[Answered | None] = [None] * len(asked)

        def ask(number: int) -> None:
            found[number] = _ask(prober, asked[number], settings.probe[number].slow_ms)

        for begin in range(0, len(asked), MOST_AT_ONCE):
            some = range(begin, min(begin + MOST_AT_ONCE, len(asked)))
            threads = [threading.Thread(target=ask, args=(one,), name="lookout probe", daemon=True) for one in some]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return tuple(one for one in found if one is not None)

    def errors(self, incident: Incident) -> Looked:
        """The rate of error lines, for ``errors.rate``."""
        session = self.session
        watch = session.settings.watch
        window_s = seconds_of("window", watch.window)
        since_ms = session.clock.monotonic_ms() - session.elapsed_ms()
        found = self._logs().errors(window_s, since_ms, skewed=clocks_differ(incident))
        _, before = incident.observations.get(PREFIX + "errors.rate", ("", None))
        logs = len(session.settings.system.logs) + (session.settings.compose is not None)
        return errors_rate(found, window_s, watch.errors_per_minute, worst_told(before.seen) if before else 0, logs)

    def _logs(self) -> LogFeed:
        """The feed of the screen, or one of our own where there is no screen."""
        if self._feed is not None:
            return self._feed
        with self._lock:
            if self._own is None:
                from app.log_sources import log_sources  # loads the gateways

                self._own = LogFeed(lambda: log_sources(self.session), self.session.clock, shown=False)
                if not self._stopped:
                    self._own.start()
            return self._own

    def stop(self) -> None:
        """End our own feed."""
        with self._lock:
            self._stopped = True
            if self._own is not None:
                self._own.stop()


def _ask(prober: Prober, probe: ProbeHttp, slow_ms: int) -> Answered:
    try:
        answer = prober.read(probe)
    except GoaroundError as error:
        return Answered(probe.name, False, 0, 0, error.line(), slow_ms=slow_ms)
    except Exception as error:  # noqa: BLE001 - in a thread of its own: it must come back as an answer
        return Answered(probe.name, False, 0, 0, f"{type(error).__name__}: {error}", slow_ms=slow_ms)
    wrong = answer.status != 0 and answer.status not in probe.expect.status
    return Answered(probe.name, answer.ok, answer.status, answer.ms, answer.detail, wrong, slow_ms)
