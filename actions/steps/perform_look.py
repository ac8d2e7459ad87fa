"""Runs a command that only looks, and says what its exit status means: yes, no, or that it could not be asked.

What follows from the answer is the step's.
"""

from __future__ import annotations

import shlex

from actions.model.effect import ObserveCommand
from actions.model.errors import GoaroundError
from actions.model.events import Observed
from actions.model.ports import Reporter, World
from actions.steps.perform_ground import Ended, OutputLines, host_of, one_line

CANNOT = 126
"""From here on an exit status means that the command itself was not found, not allowed, or ended by a signal."""


def look(effect: ObserveCommand, world: World, report: Reporter | None = None) -> tuple[bool | None, str]:
    """(yes, no, or None: it could not be asked; what was seen, in words). Changes nothing."""
    name = shlex.join(effect.argv)
    output = OutputLines(world, report) if report is not None else None
    try:
        result = host_of(world, effect.host).run(
            effect.argv,
            cwd=effect.cwd,
            timeout_s=effect.timeout_s or None,
            on_output=output.chunk if output is not None else None,
        )
    except GoaroundError as error:
        return None, one_line(world, f"whether the {effect.what} is {effect.yes} is not known: {error.line()}")
    finally:
        if output is not None:
            output.finish()
    if result.timed_out or result.exit_status >= CANNOT:
        how = f"gave no answer within {effect.timeout_s} s" if result.timed_out else f"ended with {result.exit_status}"
        return None, one_line(world, f"whether the {effect.what} is {effect.yes} is not known: {name} {how}")
    yes = result.exit_status == 0
    said = effect.yes if yes else effect.no
    return yes, one_line(world, f"the {effect.what} is {said}: {name} ended with {result.exit_status}")


def observe_command(effect: ObserveCommand, world: World, report: Reporter) -> Ended:
    """Look once; the reading goes into the journal. What could not be asked is no success, and nothing is sure."""
    begun = world.clock.monotonic_ms()
    seen, words = look(effect, world, report)
    ms = world.clock.monotonic_ms() - begun
    ok = seen is effect.wanted
    expected = effect.yes if effect.wanted else effect.no
    report.record(Observed(0, one_line(world, effect.what), ok, words, one_line(world, expected), ms))
    return Ended(ok, words, 0 if ok else 1, sure=seen is not None)
