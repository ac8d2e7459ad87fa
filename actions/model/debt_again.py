"""A debt that somebody paid by hand by mistake is owed again: a new one under its name, with the reason. Pure.

The payment stays in the record. What a step has straightened is bent again by a step alone.
"""

from __future__ import annotations

from actions.model import events as ev
from actions.model.debts import BY_HAND, holds, may_reason, paid_words
from actions.model.incident import Debt, Incident


def by_hand(debt: Debt) -> bool:
    """Whether a person has paid it, with words."""
    return bool(debt.paid) and (debt.paid.startswith(BY_HAND) or not holds(debt))


def paid_one(incident: Incident, name: str) -> Debt | None:
    """The newest debt of this name that was paid, or None."""
    return next((one for one in reversed(incident.debts) if one.name == name and one.paid), None)


def again_reason(incident: Incident, name: str, login: str) -> str | None:
    """Why this login may not say now that the debt of this name is owed all the same, or None."""
    reason = may_reason(incident, login)
    if reason:
        return reason
    still = next((one for one in incident.debts if one.name == name and not one.paid), None)
    if still is not None:
        return f"{name} is owed already{f': opened anew by {still.opened_by}, {still.why}' if still.why else ''}"
    debt = paid_one(incident, name)
    if debt is None:
        return f"there is no debt {name}"
    if not by_hand(debt):
        return f"{paid_words(debt)}: that was a step, not a person; what it straightened is seen by its own check"
    if incident.for_good and holds(debt):
        return f"{incident.id} is closed for good, and nothing bent is opened in it any more: declare a new incident"
    return None


def again_bodies(debt: Debt, why: str) -> tuple[ev.Body, ...]:
    """What is recorded: it is as it was, with its deadline, its owner and its ticket."""
    opened = ev.DebtOpened(debt.name, debt.text, debt.undo, debt.due, why)
    if not (debt.owner or debt.ticket):
        return (opened,)
    return opened, ev.DebtAssigned(debt.name, debt.owner, "", debt.ticket)


def again_words(debt: Debt) -> str:
    """``opened anew by ops2 2026-11-23 04:40Z: it is still shown``; empty: it is owed for the first time."""
    from actions.model.due import due_words  # the first screen stands

    return f"opened anew by {debt.opened_by} {due_words(debt.opened_at)}: {debt.why}" if debt.why else ""
