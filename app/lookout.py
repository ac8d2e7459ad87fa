"""The lookout: reads the world's sensors in the background, so that what is sensed ticks and un-ticks itself.

It only looks and records; it never acts. What a reading means is the model's to say (``sensor_rules``), taking one is
the work of the other ``lookout_*`` files. Each group of sensors has a thread of its own, so that what is slow holds up
nothing else. Steps that run meanwhile do not stop it: it shows the system coming back. Knows no screen: the cockpit
and the plain mode start the same one.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from actions.model.clock import parse_stamp
from actions.model.database_answers import SENSOR as DATABASE
from actions.model.deployment_time import SENSOR as DEPLOYMENT
from actions.model.errors import GoaroundError
from actions.model.incident import Incident
from actions.model.lookout_rules import wanted
from actions.model.sensing import PREFIX
from actions.model.sensor_rules import Looked, worth_recording
from app.feeds import LogFeed
from app.lookout_backup import BackupLook
from app.lookout_containers import ContainerLook
from app.lookout_database import EVERY_S as DATABASE_EVERY_S
from app.lookout_database import DatabaseLook
from app.lookout_deployment import DeploymentLook
from app.lookout_named import NamedLook
from app.lookout_probes import ProbeLook
from app.lookout_readings import Readings, read_safely
from app.session import Session

EVERY_S = 5.0
BACKUP_EVERY_S = 60.0
BACKUP = "backup.current"
CONTAINERS = "app.runs"
COOLIFY = "coolify.status"
COOLIFY_EVERY_S = 15.0
"""Two questions each time: Coolify allows 200 a minute."""


@dataclass(frozen=True)
class _Round:
    """What is looked at again and again, in a thread of its own."""

    name: str
    look: Callable[[], None]
    every_s: float
    wake: threading.Event = field(default_factory=threading.Event)


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
        self._deployment = DeploymentLook(session, self.feed)
        self._probes = ProbeLook(session)
        self._containers = ContainerLook(session)
        self._database = DatabaseLook(session)
        self._named = NamedLook(session)
        soon_s = EVERY_S if every_s is None else every_s
        self._rounds = (
            _Round("lookout", self.look_at_probes, soon_s),
            _Round("lookout logs", self.look_at_logs, soon_s),
            _Round("lookout outside", self.look_outside, soon_s),
            _Round("lookout containers", self.look_at_containers, soon_s),
            _Round("lookout database", self.look_at_database, DATABASE_EVERY_S if every_s is None else every_s),
            _Round("lookout backup", self.look_at_backup, backup_every_s),
            _Round("lookout deployment", self.look_at_deployment, soon_s),
            *(
                (_Round("lookout coolify", self.look_at_coolify, COOLIFY_EVERY_S if every_s is None else every_s),)
                if session.settings.coolify is not None
                else ()
            ),
            *(
                _Round(f"lookout {one}", functools.partial(self.look_at_named, one), soon_s)
                for one in self._named.sensors
            ),
        )
        self._stopped = threading.Event()
        self._recording = threading.Lock()
        """Held while something is recorded, so that nothing is once ``stop`` has returned."""

    def start(self) -> None:
        """Begin to look, each round in a thread of its own: some of them take long."""
        for one in self._rounds:
            threading.Thread(target=self._run, args=(one,), name=one.name, daemon=True).start()

    def stop(self) -> None:
        """Look no more. Nothing is recorded after this has returned; what is being read ends by itself."""
        with self._recording:
            self._stopped.set()
        self.look_again()
        self._readings.stop()

    def look_again(self) -> None:
        """Somebody waits: the next round begins at once."""
        self._deployment.hurry()
        for one in self._rounds:
            one.wake.set()

    def _run(self, one: _Round) -> None:
        while not self._stopped.is_set():
            one.wake.clear()
            one.look()
            if not self._stopped.is_set():
                one.wake.wait(one.every_s)

    def look(self) -> None:
        """One round of everything that is quickly read, one after the other."""
        self.look_at_logs()
        self.look_at_probes()

    def look_at_logs(self) -> None:
        """What was counted of the lines of the logs."""
        names, incident = self._asked()
        if "errors.rate" in names:
            self._tell(incident, "errors.rate", lambda: self._readings.errors(incident))
        if "errors.database" in names:
            self._tell(incident, "errors.database", lambda: self._readings.queries(incident))

    def look_at_probes(self) -> None:
        """Every probe of the system itself, asked once for all the sensors that it serves."""
        self._look_at_answers(outside=False)

    def look_outside(self) -> None:
        """The same for the services outside."""
        self._look_at_answers(outside=True)

    def _look_at_answers(self, *, outside: bool) -> None:
        names, incident = self._asked()
        answers = functools.cache(lambda: self._probes.ask(outside=outside))
        for sensor in self._probes.sensors(names, outside=outside):
            self._tell(incident, sensor, lambda sensor=sensor: self._probes.judge(sensor, answers()))  # type: ignore[misc]  # a default of a lambda has no type

    def look_at_containers(self) -> None:
        """The containers of the Compose project."""
        names, incident = self._asked()
        if CONTAINERS in names:
            self._tell(incident, CONTAINERS, self._containers.look)

    def look_at_coolify(self) -> None:
        """What Coolify says of its application."""
        names, incident = self._asked()
        if COOLIFY in names:
            from app.lookout_coolify import CoolifyLook  # few systems have one

            self._tell(incident, COOLIFY, lambda: CoolifyLook(self.session).look(incident))

    def look_at_database(self) -> None:
        """The database, as the application's role."""
        names, incident = self._asked()
        if DATABASE in names:
            self._tell(incident, DATABASE, self._database.look)

    def look_at_named(self, sensor: str) -> None:
        """A configured check or login, where it is time for one."""
        names, incident = self._asked()
        if sensor in names:
            self._tell(incident, sensor, lambda: self._named.look(sensor))

    def look_at_backup(self) -> None:
        """One look at the newest backup; reads it whole when it has not been read yet."""
        names, incident = self._asked()
        if BACKUP not in names:
            return
        _, known = incident.observations.get(PREFIX + BACKUP, ("", None))
        good = known.seen if known is not None and known.ok else ""
        self._tell(incident, BACKUP, lambda: self._backup.before_reading(good))
        self._tell(incident, BACKUP, self._backup.look)

    def look_at_deployment(self) -> None:
        """One look for the deployment that is suspected, where it is time for one."""
        names, incident = self._asked()
        if DEPLOYMENT in names:
            self._tell(incident, DEPLOYMENT, self._deployment.look)

    def feed(self) -> LogFeed:
        """The log lines that are read."""
        return self._readings.feed()

    def _asked(self) -> tuple[frozenset[str], Incident]:
        incident = self.session.incident
        if not self.session.driver or self._stopped.is_set():
            return frozenset(), incident
        return wanted(incident), incident

    def _tell(self, incident: Incident, sensor: str, read: Callable[[], Looked | None]) -> None:
        """Take a reading and record it, where it says anything new."""
        looked = read_safely(read)
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
