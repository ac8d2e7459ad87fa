"""The rounds of a watch: every sensor that is quickly read, through the lookout's own looks; nothing is recorded.

Each group of sensors is read in a thread of its own: one that hangs holds up no other. What needs a log to be followed
for a while is left out until it was: "not watched long enough" is no alarm.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

from actions.model.sensing import can_sense
from actions.model.sensor_rules import Answered, Looked
from actions.model.system import seconds_of
from app.feeds import LogFeed
from app.lookout_containers import ContainerLook
from app.lookout_named import NamedLook
from app.lookout_probes import OF_OUTSIDE, OF_OWN, ProbeLook
from app.lookout_readings import Readings, read_safely
from app.session import Session

FROM_LOGS = "errors.rate"
QUERIES = "errors.database"
CONTAINERS = "app.runs"

_Read = Callable[[], Looked | None]
_Found = dict[str, Looked]


class _Group:
    """Sensors that are read one after the other."""

    def __init__(
        self, names: tuple[str, ...], reads: Callable[[], dict[str, _Read]], clean: Callable[[Looked], Looked]
    ) -> None:
        self.names = names
        self._reads = reads
        self._clean = clean
        self._thread: threading.Thread | None = None
        self._found: _Found = {}

    def start(self) -> None:
        """Read them now, unless the last round has not come to its end yet."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name=f"watch {self.names[0]}", daemon=True)
            self._thread.start()

    def _look(self) -> None:
        found: _Found = {}
        for name, read in self._reads().items():
            looked = read_safely(read)
            if looked is not None:
                found[name] = self._clean(looked)
        self._found = found

    def taken(self) -> _Found | None:
        """What was read; None: nothing is through."""
        if self._thread is None or self._thread.is_alive():
            return None
        self._thread, found = None, self._found
        return found

    def settle(self) -> None:
        if self._thread is not None:
            self._thread.join()


class WatchReadings:
    """Of one session, whether it has an incident or not. ``feed``: the log lines; None: logs are not looked at.

    Made before the feed is started: it counts from the first line on.
    """

    def __init__(self, session: Session, feed: LogFeed | None) -> None:
        self._session = session
        self._begun_ms = session.clock.monotonic_ms()
        self._readings = Readings(session, feed) if feed is not None else None
        self._probes = ProbeLook(session)
        self._named = NamedLook(session)
        self._containers = ContainerLook(session)
        self._groups = self._all()
        self.names = tuple(name for group in self._groups for name in group.names)

    def _all(self) -> tuple[_Group, ...]:
        named = self._named
        tables = self._session.settings.probe
        own = tuple(f"probe.{one.name}" for one in tables if not one.external)
        outside = tuple(f"probe.{one.name}" for one in tables if one.external)
        groups = [
            self._answers((*OF_OWN, *(own if len(own) > 1 else ())), outside=False),
            self._answers((*OF_OUTSIDE, *outside), outside=True),
            *(self._group((name,), {name: functools.partial(named.look, name)}) for name in named.sensors),
            self._group((CONTAINERS,), {CONTAINERS: self._containers.look}),
        ]
        if self._readings is not None:
            groups.append(self._group((FROM_LOGS, QUERIES), {FROM_LOGS: self._rate, QUERIES: self._failed}))
        return tuple(group for group in groups if group is not None)

    def _can(self, names: tuple[str, ...]) -> tuple[str, ...]:
        from actions.model.codec import to_json

        settings = to_json(self._session.settings)
        return tuple(name for name in names if can_sense(name, settings))

    def _group(self, names: tuple[str, ...], reads: dict[str, _Read]) -> _Group | None:
        there = self._can(names)
        if not there:
            return None
        return _Group(there, lambda: {name: reads[name] for name in there}, self._clean)

    def _answers(self, names: tuple[str, ...], *, outside: bool) -> _Group | None:
        """Sensors of the answers of the probes: asked once for all of them."""
        there = self._can(names)
        if not there:
            return None

        def reads() -> dict[str, _Read]:
            answers = functools.cache(lambda: self._probes.ask(outside=outside))
            return {name: functools.partial(_judged, self._probes, name, answers) for name in there}

        return _Group(there, reads, self._clean)

    def _rate(self) -> Looked | None:
        readings = self._readings
        return readings.errors(self._session.incident) if readings is not None and not self.pending else None

    def _failed(self) -> Looked | None:
        return self._readings.queries(self._session.incident) if self._readings is not None else None

    @property
    def pending(self) -> tuple[str, ...]:
        """Sensors whose window has not been watched whole yet."""
        window_ms = seconds_of("window", self._session.settings.watch.window) * 1000
        early = self._session.clock.monotonic_ms() - self._begun_ms <= window_ms
        return (FROM_LOGS,) if early and FROM_LOGS in self.names else ()

    def start(self) -> None:
        """Begin a round."""
        for group in self._groups:
            group.start()

    def taken(self) -> dict[str, Looked] | None:
        """What has been read since this was asked last; None: nothing."""
        found = [taken for taken in (group.taken() for group in self._groups) if taken is not None]
        return {name: looked for one in found for name, looked in one.items()} if found else None

    def settle(self) -> None:
        """Wait for what is under way."""
        for group in self._groups:
            group.settle()

    def _clean(self, looked: Looked) -> Looked:
        clean = self._session.clean
        return Looked(looked.ok, clean(looked.seen, 300), clean(looked.expected, 300), looked.ms, looked.worth_s)


def _judged(probes: ProbeLook, name: str, answers: Callable[[], tuple[Answered, ...]]) -> Looked | None:
    return probes.judge(name, answers())
