"""Performs the question how many tasks wait. Whatever the answer is, the step goes on; the record holds it."""

from __future__ import annotations

from actions.model.effect_queue import AskQueue
from actions.model.events import Observed
from actions.model.ports import Reporter, World
from actions.model.queue_depth import facts_of
from actions.steps.perform_ground import Ended, one_line
from actions.steps.queue_reading import read


def ask_queue(effect: AskQueue, world: World, report: Reporter) -> Ended:
    """Ask, tell, record."""
    depth = read(world, effect)
    words = one_line(world, f"{effect.when} the writers are stopped: {depth.words()}")
    report.line(words)
    report.record(
        Observed(0, f"queue {effect.when} the stop", depth.drained, one_line(world, depth.words()), "drained", 0)
    )
    return Ended(True, words, facts=dict(facts_of(depth, effect.when)))
