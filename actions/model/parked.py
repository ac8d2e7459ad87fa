"""A record that is parked: how it ended is recorded, and it stays open for what is bent, and for that alone. Pure.

Which debts those are is told by ``debts``; what the record may do otherwise is judged by ``blocking``.
"""

from __future__ import annotations

from actions.model.debts import BENT, bent, holding, holding_words
from actions.model.incident import Debt, Incident, changes, owed
from actions.model.plan import PREPARES, Plan, PlannedStep
from actions.model.quick_dataclass import replace

ONLY_STRAIGHTENS = "the record is parked: only what straightens its debts is run"


def straightens_parked(incident: Incident, code: str, *, undo: bool = False) -> bool:
    """Whether this step (or its undo) straightens what keeps a parked record open: nothing else is run there.

    Taking the way back itself back is none of that: what runs is what the record says how it ended.
    """
    step = incident.plan.step(code) if incident.plan and incident.is_parked else None
    if step is None or incident.plan is None or (undo and _is_the_way(incident.plan, step)):
        return False
    bent = step.code if undo else step.pays
    return bool(bent) and bool(owed(incident, bent, None if undo else step))


def _is_the_way(plan: Plan, step: PlannedStep) -> bool:
    """Whether what runs now came of this step; a plan that only prepares puts everything beside it."""
    return changes(step) and plan.facts.get("stage") != PREPARES


def parked_reason(incident: Incident, code: str, *, undo: bool = False) -> str:
    """Why this step (or its undo) is not run for a parked record, and what is done instead."""
    step = incident.plan.step(code) if incident.plan else None
    if step is not None and incident.plan and undo and _is_the_way(incident.plan, step) and owed(incident, code):
        return f"the record is parked: u on {code} would take the way back itself back (w declares a new incident)"
    if step is not None and step.pays and not undo:
        return f"the record is parked, and what {code} straightens is not owed any more"
    return ONLY_STRAIGHTENS


def with_ways(incident: Incident) -> tuple[Debt, ...]:
    """The debts with the ways that there are now: what takes back how a parked record ended is none."""
    if not incident.is_parked or incident.plan is None:
        return incident.debts
    return tuple(with_way(one, incident.plan) for one in incident.debts)


def with_way(debt: Debt, plan: Plan) -> Debt:
    """A debt of a parked record, whose last plan this is, with the ways that there are."""
    first, _, others = debt.undo.partition(", or ")
    step = plan.step(first.removeprefix(BENT)) if bent(debt) else None
    if step is None or not _is_the_way(plan, step):
        return debt
    return replace(debt, undo=others or f"by hand; {first} takes the way back itself back: not of a parked record")


def held_reason(incident: Incident, move: str) -> str | None:
    """Why the record cannot be closed: what is bent, by name, with what straightens it; then ``move``. None: it can."""
    kept = holding(incident.debts)
    if not kept:
        return None
    things = "1 thing is" if len(kept) == 1 else f"{len(kept)} things are"
    return f"{things} bent: {holding_words(kept)}: {move}"


def may_be_closed(incident: Incident) -> bool:
    """It is parked, and nothing is bent any more."""
    return incident.is_parked and not holding(incident.debts)


def end_words(incident: Incident) -> tuple[str, str]:
    """``close the incident`` or ``park the record``, and behind it how many debts stay open, or nothing."""
    count = len(holding(incident.debts))
    if not count:
        return "close the incident", ""
    return "park the record", f" ({count} debt{' stays' if count == 1 else 's stay'} open)"


def waits_words(incident: Incident) -> str:
    """``the record is parked until X1.3, N1.1 are paid (D)``."""
    names = [one.name for one in holding(incident.debts)]
    return f"the record is parked until {', '.join(names)} {'is' if len(names) == 1 else 'are'} paid (D)"
