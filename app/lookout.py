"""The lookout: reads the world's sensors in the background, so that what is sensed ticks and un-ticks itself.

It only looks and records; it never acts. What a reading means is the model's to say (``sensor_rules``), taking one is
``lookout_readings``'s and ``lookout_backup``'s work. Steps that run meanwhile do not stop it: it shows the system
coming back. Knows no screen: the cockpit and the plain mode start the same one.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

from actions.model.clock import parse_stamp
from actions.model.errors import GoaroundError
from actions.model.incident import Incident
from actions.model.lookout_rules import wanted
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Looked, probes_green, response_times, worth_recording
from app.feeds import LogFeed
from app.lookout_backup import BackupLook
from app.lookout_readings import Readings
from app.session import Session

EVERY_S = 5.0
BACKUP_EVERY_S = 60.0
BACKUP = "backup.current"


class Lookout:
    """Over one session, while it flies an open incident.

    ``feed``: the log lines that are read anyway; None: one of its own is started when it is needed.
    """

    def __init__(
        self,
        session: Session,
        feed: LogFeed | None = None,
        *,
        every_s: float | None = None,
        backup_every_s: float = BACKUP_EVERY_S,
    ) -> None:
        self.session = session
        self._readings = Readings(session, feed)
        self._backup = BackupLook(session)
        self._every = (EVERY_S if every_s is None else every_s, backup_every_s)
        self._stopped = threading.Event()
        self._wake = (threading.Event(), threading.Event())
        self._recording = threading.Lock()
        """Held while something is recorded, so that nothing is once ``stop`` has returned."""

    def start(self) -> None:
        """Begin to look: the backup in a thread of its own, because reading a large one takes long."""
        rounds = (("lookout", self.look), ("lookout backup", self.look_at_backup))
        for (name, look), every_s, wake in zip(rounds, self._every, self._wake, strict=True):
            threading.Thread(target=self._run, args=(look, every_s, wake), name=name, daemon=True).start()

    def stop(self) -> None:
        """Look no more. Nothing is recorded after this has returned; what is being read ends by itself."""
        with self._recording:
            self._stopped.set()
        self.look_again()
        self._readings.stop()

    def look_again(self) -> None:
        """Somebody waits: the next round begins at once."""
        for wake in self._wake:
            wake.set()

    def _run(self, look: Callable[[], None], every_s: float, wake: threading.Event) -> None:
        while not self._stopped.is_set():
            wake.clear()
            look()
            if not self._stopped.is_set():
                wake.wait(every_s)

    def look(self) -> None:
        """One round of everything that is quickly read."""
        names, incident = self._asked()
        if "errors.rate" in names:
            self._tell(incident, "errors.rate", lambda: self._readings.errors(incident))
        answers = functools.cache(self._readings.probes)  # asked once, for both
        if "probes.green" in names:
            self._tell(incident, "probes.green", lambda: probes_green(answers()))
        if "response.times" in names:
            self._tell(incident, "response.times", lambda: response_times(answers()))

    def look_at_backup(self) -> None:
        """One look at the newest backup; reads it whole when it has not been read yet."""
        names, incident = self._asked()
        if BACKUP not in names:
            return
        _, known = incident.observations.get(PREFIX + BACKUP, ("", None))
        good = known.seen if known is not None and known.ok else ""
        self._tell(incident, BACKUP, lambda: self._backup.before_reading(good))
        self._tell(incident, BACKUP, self._backup.look)

    def _asked(self) -> tuple[frozenset[str], Incident]:
        incident = self.session.incident
        if not self.session.driver or self._stopped.is_set():
            return frozenset(), incident
        return wanted(incident), incident

    def _tell(self, incident: Incident, sensor: str, read: Callable[[], Looked | None]) -> None:
        """Take a reading and record it, where it says anything new."""
        try:
            looked = read()
        except GoaroundError as error:
            looked = Looked(False, f"cannot be read: {error.line()}")
        except Exception as error:  # noqa: BLE001 - a sensor that stumbles is a reading; the others are read on
            looked = Looked(False, f"cannot be read: {type(error).__name__}: {error}")
        if looked is not None:
            self._record(incident.id, sensor, looked)

    def _record(self, incident: str, sensor: str, looked: Looked) -> None:
        session = self.session
        looked = Looked(
            looked.ok, session.clean(looked.seen, 300), session.clean(looked.expected, 300), looked.ms, looked.worth_s
        )
        with self._recording:
            now = session.incident
            if self._stopped.is_set() or now.id != incident or not session.driver or sensor not in wanted(now):
                return
            at, seen = now.observations.get(PREFIX + sensor, ("", None))
            last = Looked(seen.ok, seen.seen, seen.expected) if seen is not None else None
            age_s = (session.clock.now() - parse_stamp(at)).total_seconds() if at else 0.0
            if not worth_recording(last, age_s, looked):
                return
            try:
                session.sense(sensor, looked.ok, looked.seen, looked.expected, looked.ms)
            except GoaroundError:
                return  # the lease was lost or the incident closed meanwhile: whoever flies now looks
