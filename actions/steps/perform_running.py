"""Asks what runs, again and again, until it is what is wanted or time is up; how it is asked is left to the caller."""

from __future__ import annotations

from collections.abc import Callable

from actions.model.ports import Reporter, World
from actions.steps.perform_ground import Ended, Sightings, one_line, pause

POLL_S = 1.0


def await_running(
    world: World, report: Reporter, what: str, want: str, deadline_s: int, ask: Callable[[], tuple[str, str | None]]
) -> Ended:
    """Ask until ``want`` runs: an old process may answer for a moment while the new one starts.

    ``what``: how the record calls it. ``ask``: why it is not the wanted one (empty: it is), and what runs (None: that
    is not known).
    """
    sightings = Sightings(world, report, what, want)
    end = world.clock.monotonic_ms() + deadline_s * 1000
    told = ""
    while True:
        begun = world.clock.monotonic_ms()
        problem, running = ask()
        problem = one_line(world, problem)
        facts = {} if running is None else {"running": running}
        ms = world.clock.monotonic_ms() - begun
        if not problem:
            sightings.last(True, running or want, ms)
            return Ended(True, f"{want} runs", facts=facts)
        if problem != told:
            report.line(f"not yet: {problem}")
            told = problem
        late = world.clock.monotonic_ms() + POLL_S * 1000 > end
        if late or report.stopping():
            sightings.last(False, problem, ms)
            return Ended(False, problem, facts=facts, stopped=not late)
        sightings.seen(False, problem, ms)
        pause(world, report, POLL_S)
