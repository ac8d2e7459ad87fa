"""Asks the engine which images run and whether containers stay up; who started them is not believed.

What is wanted was decided when the plan was drawn; how the engine is reached is the gateway's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.model.effect import ObserveImages, WaitHealthy
from actions.model.errors import GoaroundError, Refused
from actions.model.ports import Container, Containers, Reporter, World
from actions.model.release import Release
from actions.steps.perform_ground import STOPPED, Ended, Sightings, one_line, pause

POLL_S = 0.5
SETTLE_MS = 15_000
"""How long wrong images are looked at again: recreating a container takes a moment."""
CRASHES = 2
"""So many restarts while we look are a loop, not an accident."""
ALIVE = ("running", "restarting", "paused")


def engine_of(world: World, host: str) -> Containers:
    """The engine of the system's host; refused when the effect names another host."""
    if world.containers is None:
        raise Refused("no container engine", "this system has none configured", "draw the plan again")
    if host != world.host.name:
        raise Refused(f"the engine of {host} is out of reach", f"this system is on {world.host.name}")
    return world.containers


def images_problem(effect: ObserveImages, containers: tuple[Container, ...]) -> str:
    """Why these containers are not what is wanted, in one line; empty: they are."""
    for service in sorted(effect.want):
        ours = [c for c in containers if c.service == service and not c.one_off and c.state in ALIVE]
        other = next((c for c in ours if c.image_id != effect.want[service]), None)
        if other is not None:
            return f"{other.name} runs {other.image_id}, not {effect.want[service]}"
        running = sum(c.state == "running" for c in ours)
        wanted = effect.counts.get(service)
        if wanted is None and not running:
            return f"{service}: no container runs"
        if wanted is not None and running != wanted:
            return f"{service}: {running} of {wanted} containers run"
    return ""


def running_identity(effect: ObserveImages, containers: tuple[Container, ...]) -> str:
    """What runs for the wanted services, as in ``Release.identity``; several of one are joined by ``+``."""
    images: dict[str, str] = {}
    for service in effect.want:
        ids = {c.image_id for c in containers if c.service == service and not c.one_off and c.state in ALIVE}
        images[service] = "+".join(sorted(ids)) or "nothing"
    return Release(name="", images=images).identity


def observe_images(effect: ObserveImages, world: World, report: Reporter) -> Ended:
    """Look until every wanted service runs its image, at most ``SETTLE_MS``."""
    engine = engine_of(world, effect.host)
    wanted = ", ".join(f"{service} runs {image}" for service, image in sorted(effect.want.items()))
    sightings = Sightings(world, report, "running images", wanted)
    end = world.clock.monotonic_ms() + SETTLE_MS
    identity, told = "", ""
    while True:
        try:
            containers = engine.states(effect.project)
        except GoaroundError as error:
            problem = error.line()  # an engine that restarts answers again; the deadline decides
        else:
            problem = images_problem(effect, containers)
            identity = running_identity(effect, containers)
        problem = one_line(world, problem)
        facts = {"running": identity} if identity else {}
        if not problem:
            text = f"every container of {', '.join(sorted(effect.want))} runs {identity}"
            sightings.last(True, text)
            return Ended(True, text, facts=facts)
        if problem != told:
            report.line(f"not yet: {problem}")
            told = problem
        late = world.clock.monotonic_ms() + POLL_S * 1000 >= end
        if late or report.stopping():
            sightings.last(False, problem)
            return Ended(False, problem, facts=facts, stopped=not late)
        sightings.seen(False, problem)
        pause(world, report, POLL_S)


@dataclass
class _Watch:
    """What is remembered from one look at the containers to the next."""

    first_restarts: dict[str, int] = field(default_factory=dict)
    ended_before: frozenset[str] = frozenset()
    same: tuple[tuple[str, str, int], ...] = ()
    steady_since: int = 0

    def hopeless(self, containers: list[Container]) -> str:
        """Why waiting longer is of no use; empty: it may still come."""
        ended = frozenset(c.id for c in containers if c.state in ("exited", "dead"))
        for c in containers:
            risen = c.restarts - self.first_restarts.setdefault(c.id, c.restarts)
            looping = c.state == "restarting" and c.restarts >= CRASHES
            if risen >= CRASHES or looping:
                return _crash(c, f"keeps crashing: exit code {c.exit_code}, {c.restarts} restarts")
            # Seen twice: between an exit and the restart that follows there is a moment like this.
            if c.id in ended & self.ended_before:
                return _crash(c, f"has ended and is not restarted: exit code {c.exit_code}, {c.restarts} restarts")
        self.ended_before = ended
        return ""

    def steady_ms(self, containers: list[Container], now: int) -> int:
        """How long all have been up without a change; they are up now."""
        same = tuple(sorted((c.id, c.started_at, c.restarts) for c in containers))
        if same != self.same:
            self.same, self.steady_since = same, now
        return now - self.steady_since

    def broken(self) -> None:
        """Not all are up: what was steady has ended."""
        self.same = ()


def _crash(container: Container, text: str) -> str:
    return f"{container.service} ({container.name}) {text}" + (f": {container.error}" if container.error else "")


def _not_up(services: tuple[str, ...], containers: list[Container]) -> str:
    for service in services:
        ours = [c for c in containers if c.service == service]
        if not ours:
            return f"{service} has no container"
        for c in ours:
            if c.state != "running":
                return f"{service} ({c.name}) is {c.state or 'in an unknown state'}"
            if c.health not in ("", "healthy"):
                return f"{service} ({c.name}) is {'still ' if c.health == 'starting' else ''}{c.health}"
    return ""


def _all_up(services: tuple[str, ...], containers: list[Container]) -> str:
    """Says where nothing but "it runs" is known, so that a missing health check is not taken for health."""
    unchecked = sorted({c.service for c in containers if not c.health})
    text = f"{', '.join(services)} run without a restart"
    if not unchecked:
        return f"{text} and are healthy"
    others = "; the others are healthy" if len(unchecked) < len(services) else ""
    return f"{text}; no health check on {', '.join(unchecked)}{others}"


def wait_healthy(effect: WaitHealthy, world: World, report: Reporter) -> Ended:
    """Wait until all are up and stay so for a while; a crash loop ends the wait at once, by name."""
    engine = engine_of(world, effect.host)
    expected = f"{', '.join(effect.services)} up and unchanged for {effect.steady_s} s"
    sightings = Sightings(world, report, "containers", expected)
    watch = _Watch()
    end = world.clock.monotonic_ms() + effect.deadline_s * 1000
    told = ""
    while True:
        hopeless, steady = "", -1
        try:
            present = engine.containers(effect.project)
        except GoaroundError as error:
            problem = error.line()
            watch.broken()
        else:
            ours = [c for c in present if c.service in effect.services and not c.one_off]
            hopeless = watch.hopeless(ours)
            problem = hopeless or _not_up(effect.services, ours)
            if problem:
                watch.broken()
            else:
                steady = watch.steady_ms(ours, world.clock.monotonic_ms())
                problem = _all_up(effect.services, ours)
        problem = one_line(world, problem)
        if steady >= effect.steady_s * 1000:
            text = f"{problem}, unchanged for {effect.steady_s} s"
            sightings.last(True, text)
            return Ended(True, text)
        if hopeless:
            sightings.last(False, problem)
            return Ended(False, problem)
        if problem != told:
            report.line(problem)
            told = problem
        late = world.clock.monotonic_ms() + POLL_S * 1000 > end
        if late or report.stopping():
            text = f"after {effect.deadline_s} s: {problem}" if late else STOPPED.detail
            sightings.last(False, problem)
            return Ended(False, text, stopped=not late)
        sightings.seen(steady >= 0, problem)
        pause(world, report, POLL_S)
