"""The list of an incident: the items of its procedure, with the steps of its plan in their places. Pure.

An item that names a step stands for the step of the plan; while there is no plan it stands for itself, and where the
plan has no such step it is left out. What does not apply to the system is inhibited by its configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actions.model.affirming import RESTORE, filled, opened_by_plan
from actions.model.checklist import AFTER, BEFORE, Item, Kind, Phase
from actions.model.sensing import NOT_OF_STEPS, can_sense

if TYPE_CHECKING:
    from actions.model.plan import Plan, PlannedStep
    from actions.model.procedure import Checklist, ListItem, Procedure

SUPPOSED = ("database",)
"""What a system is supposed to have until its configuration says that it lacks it."""


def applies(settings: Mapping[str, Any]) -> frozenset[str]:
    """What a system of this configuration (as JSON) has: ``[procedure] applies``, every way back and table, and a
    database: what nobody said is not there is asked for.
    """
    table = settings.get("procedure") or {}
    tables = {name for name, each in settings.items() if isinstance(each, dict | list) and each}
    return frozenset((*SUPPOSED, *tables, *(table.get("applies") or ()))) - frozenset(table.get("lacks") or ())


KEEPS_DATA = ("database.snapshot",)
"""Steps without which data are changed that nobody has kept: the way around them takes a second person, as around any
gate of the document.
"""
NEEDS_TABLE = {"maintenance.on": "maintenance", "maintenance.off": "maintenance"}
"""Steps that are there only where a table of the configuration is: elsewhere a person does what the item asks."""


def listed(
    procedure: Procedure | None,
    settings: Mapping[str, Any],
    plan: Plan | None,
    branches: frozenset[str] = frozenset(),
) -> tuple[Item, ...]:
    """The whole list, in order. Without a procedure (records from before there was one): the lists built in.

    ``branches``: parts of the procedure that apply while the criteria that open them are met.
    """
    steps = plan.steps if plan else ()
    if procedure is None:
        return _built_in(steps)
    there = applies(settings) | branches | opened_by_plan(plan)
    rows: list[Item] = []
    for phase in Phase:
        waiting = [step for step in steps if step.phase == phase.value]
        inside: list[Item] = []
        for part in procedure.checklists:
            if part.phase is phase and not part.paper:
                inside += _part(part, there, settings, plan, waiting)
        if settings.get("workflow"):
            from actions.model.workflow_items import with_workflows  # where there are any

            inside = list(with_workflows(inside, procedure, settings, phase))
        place = next((at for at, item in enumerate(inside) if _follows_steps(item)), len(inside))
        # What nobody asks for yet stands behind what somebody must do.
        later = [step for step in waiting if step.optional and step.pays]
        now = [step for step in waiting if step not in later]
        rows += (*inside[:place], *(_of_step(step, phase) for step in now), *inside[place:])
        rows += [_of_step(step, phase) for step in later]
    return tuple(rows)


def _follows_steps(item: Item) -> bool:
    """Whether what an item observes is what steps bring about: steps that no item names stand before it."""
    return item.kind is Kind.SENSED and item.sensor not in NOT_OF_STEPS


def inhibited(procedure: Procedure | None, settings: Mapping[str, Any]) -> tuple[ListItem, ...]:
    """Items that do not apply to this system, for whoever asks why they are not there."""
    there = applies(settings)
    parts = procedure.checklists if procedure else ()
    return tuple(item for part in parts for item in part.items if item.when and item.when not in there)


def _part(
    part: Checklist,
    there: frozenset[str],
    settings: Mapping[str, Any],
    plan: Plan | None,
    waiting: list[PlannedStep],
) -> list[Item]:
    """The items of one list; takes the steps that it places from ``waiting``."""
    rows: list[Item] = []
    for item in part.items:
        if item.when and item.when not in there:
            continue
        if not item.step or not settings.get(NEEDS_TABLE.get(item.step, ""), True):
            rows.append(_of_item(item, part, settings, plan=plan))
        elif plan is None:
            rows.append(_of_item(item, part, settings, Kind.STEP))
        else:
            last = max((at for at, step in enumerate(waiting) if step.step == item.step), default=-1)
            rows += [_of_step(step, part.phase, part.name, item) for step in waiting[: last + 1]]
            del waiting[: last + 1]
    return rows


def _of_item(
    item: ListItem, part: Checklist, settings: Mapping[str, Any], kind: Kind | None = None, plan: Plan | None = None
) -> Item:
    sensed = bool(item.sensor) and can_sense(item.sensor, settings)
    return Item(
        item.code,
        filled(item.text, plan),
        kind or (Kind.SENSED if sensed else Kind.MANUAL),
        part.phase,
        item.sensor if sensed else "",
        gate=item.gate,
        depth=item.depth,
        part=part.name,
        named=item.code if kind is Kind.STEP and item.step in NEEDS_TABLE else "",
        affirms=item.when == RESTORE and not sensed and kind is None,
    )


def _of_step(step: PlannedStep, phase: Phase, part: str = "", item: ListItem | None = None) -> Item:
    named = item.code if item is not None and step.step == item.step and step.step in NEEDS_TABLE else ""
    loud = step.gate and step.step in KEEPS_DATA
    return Item(step.code, step.title, Kind.STEP, phase, gate=loud, part=part, named=named)


def _built_in(steps: tuple[PlannedStep, ...]) -> tuple[Item, ...]:
    rows: list[Item] = list(BEFORE)
    for phase in (Phase.BEFORE, Phase.CARRY_OUT, Phase.AFTER):
        if phase is Phase.AFTER:
            rows += AFTER
        rows += [_of_step(step, phase) for step in steps if step.phase == phase.value]
    return tuple(rows)
