"""Steps of a plan as the worker gets them, and a row of them run one after the other."""

from __future__ import annotations

from compose_stack import Recorder

from actions.model.codec import to_json
from actions.model.plan import Plan
from actions.model.ports import World
from actions.model.step import Outcome, Step
from actions.steps.catalog import build


def step_of(plan: Plan, code: str) -> Step:
    """As the worker gets it."""
    row = plan.step(code)
    assert row is not None, (code, [one.code for one in plan.steps])
    return build(row.step, row.params)


def rebuilt(plan: Plan, code: str) -> Step:
    """As the worker gets it from the plan's JSON: it would do what the plan shows, and nothing else."""
    read = Plan.from_json(plan.to_json())
    row, step = read.step(code), step_of(read, code)
    assert row is not None
    assert to_json(step.effects()) == to_json(row.effects), "what runs is what was shown"
    assert to_json(step.undo_effects()) == to_json(row.undo)
    return step


def fly(plan: Plan, world: World, *codes: str) -> Recorder:
    """Each of these steps is done, in this order."""
    recorder = Recorder()
    for code in codes:
        step = rebuilt(plan, code)
        assert step.moved(world) == "", code
        result = step.run(world, recorder)
        assert result.outcome is Outcome.DONE, (code, result, recorder.lines)
    return recorder
