"""Steps that straighten what an earlier plan of the incident bent: a new plan takes them along. Pure.

A step of a plan that was replaced is never run; what it was drawn for is still bent.
"""

from __future__ import annotations

from collections.abc import Iterator

from actions.model.incident import Incident, owed
from actions.model.plan import Plan, PlannedStep
from actions.model.quick_dataclass import replace


def with_carried(plan: Plan, incident: Incident) -> Plan:
    """The plan, and after its own steps those of the former one whose debts are open and which it does not have."""
    more = tuple(_carried(plan, incident))
    return replace(plan, steps=(*plan.steps, *more)) if more else plan


def _carried(plan: Plan, incident: Incident) -> Iterator[PlannedStep]:
    taken = {step.code for step in plan.steps}
    pays = {step.pays for step in plan.steps}
    for step in incident.plan.steps if incident.plan else ():
        # What it pays is told by the step itself, in its own words: only the row's code may change.
        if not step.pays or step.pays in pays or not owed(incident, step.pays, step):
            continue
        letter = step.code[:1]
        free = (f"{letter}{number}" for number in range(1, len(taken) + 20) if f"{letter}{number}" not in taken)
        code = step.code if step.code not in taken else next(free)
        taken.add(code)
        yield replace(step, code=code, needs=())
