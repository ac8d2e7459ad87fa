"""Looks whether the containers of the Compose project run; what it means is ``sensor_rules_containers``'s.

Asking is cheap while all is well: the list of containers each round, each of them in full now and then. The log is
asked for only when one ails, and not in every round.
"""

from __future__ import annotations

from dataclasses import replace

from actions.model.errors import GoaroundError
from actions.model.ports import Container, Containers
from actions.model.sensor_rules import Looked
from actions.model.sensor_rules_containers import (
    LATELY_S,
    Ailing,
    ailing,
    app_runs,
    restarted_lately,
    trouble_line,
)
from app.session import Session

FULL_MS = 15_000
"""Restarts are counted by looking at each container in full."""
LOG_MS = 30_000
RETRY_MS = 30_000
NEWEST_LINES = 120


class ContainerLook:
    """``app.runs`` of one session, whose configuration has a ``[compose]`` table."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._project = ""
        self._failure: tuple[int, GoaroundError] | None = None
        """When it could not be learnt what the project is, and why."""
        self._needed: frozenset[str] = frozenset()
        """Services that must have a container."""
        self._jobs: frozenset[str] = frozenset()
        """Services that come to an end."""
        self._listed: tuple[tuple[str, str, str], ...] = ()
        self._full: tuple[Container, ...] = ()
        self._full_at = 0
        self._known: dict[str, tuple[int, float]] = {}
        self._line: tuple[tuple[str, int, str], int, str] = (("", 0, ""), 0, "")
        """Of which container in which state, when it was asked for, and what was found."""

    def look(self) -> Looked | None:
        """How they are. Raises GoaroundError where the engine or Compose cannot be asked."""
        from actions.steps.compose_facts import engine, without_leftovers

        world = self.session.world()
        now_ms = self.session.clock.monotonic_ms()
        if not self._project:
            self._learn_project(now_ms)
        there = without_leftovers(self._containers(engine(world), now_ms))
        now_s = now_ms / 1000
        self._known = restarted_lately(there, self._known, now_s, self.session.clock.now().timestamp())
        lately = {one for one, (_, at) in self._known.items() if now_s - at < LATELY_S}
        missing = sorted(self._needed - {one.service for one in there})
        ails = ailing(there, self._jobs, lately)
        counted = [one for one in there if one.service not in self._jobs or any(one is bad.container for bad in ails)]
        line = self._log_line(engine(world), ails[0], now_ms) if ails and not ails[0].waits else ""
        return app_runs(len(counted) + len(missing), missing, ails, line)

    def _learn_project(self, now_ms: int) -> None:
        """Compose takes its time to say what the project is: where it cannot, it is not asked in every round."""
        if self._failure is not None and now_ms - self._failure[0] < RETRY_MS:
            raise self._failure[1]
        try:
            self._read_project()
        except GoaroundError as error:
            self._failure = (now_ms, error)
            raise

    def _read_project(self) -> None:
        from actions.steps.compose_facts import read_facts

        table = self.session.settings.compose
        assert table is not None  # nothing is sensed without it
        project = read_facts(table, self.session.world()).project
        services = project.services.values()
        self._jobs = frozenset({one.name for one in services if one.one_shot} | set(project.awaited_jobs))
        self._needed = frozenset(one.name for one in services if one.scale > 0) - self._jobs
        self._project = project.name

    def _containers(self, asked: Containers, now_ms: int) -> tuple[Container, ...]:
        """As they are now; in full when anything has changed, or when that is some time ago."""
        listed = asked.states(self._project)
        shown = tuple((one.id, one.state, one.health) for one in listed)
        calm = all(one.state in ("running", "exited") and one.health != "unhealthy" for one in listed)
        if shown != self._listed or not self._full_at or not calm or now_ms - self._full_at >= FULL_MS:
            self._full, self._full_at, self._listed = asked.containers(self._project), now_ms, shown
        return self._full

    def _log_line(self, asked: Containers, worst: Ailing, now_ms: int) -> str:
        one = worst.container
        state = (one.id, one.restarts, one.state)
        if self._line[0] != state or now_ms - self._line[1] >= LOG_MS:
            redact = self.session.world().redact
            lines = asked.newest_lines(one.id, NEWEST_LINES)
            clean = [replace(line, text=redact(line.text)) for line in lines]  # whole, before it is cut
            self._line = (state, now_ms, trouble_line(clean, runs=one.state == "running"))
        return self._line[2]
