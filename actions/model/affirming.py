"""What named people affirm before a database is replaced: each for itself, the loss over its computed number. Pure.

An affirmation is an item of the document that applies while the plan is about to replace the data. Who says it is
written down with it; said over another number than the plan's, it no longer counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.outside_text import sanitise
from actions.model.plan import SWAPS

if TYPE_CHECKING:
    from actions.model.incident import Incident
    from actions.model.plan import Plan

RESTORE = "restore"
"""What an item names (``when``) that applies while the plan swaps the data."""
LOSS = "{loss}"
"""In the text of an item: what the plan has counted."""
UNCOUNTED = "not counted yet"


def opened_by_plan(plan: Plan | None) -> frozenset[str]:
    """``restore`` while the plan replaces the live data; restoring beside replaces nothing."""
    return frozenset((RESTORE,)) if plan is not None and plan.facts.get("stage") == SWAPS else frozenset()


def filled(text: str, plan: Plan | None) -> str:
    """The text of an item with the number of this plan in it."""
    if LOSS not in text:
        return text
    return text.replace(LOSS, (plan.facts.get("loss") if plan is not None else "") or UNCOUNTED)


def said_by(incident: Incident, name: str) -> str:
    """How it is written down who affirms. Raises ValueError where nobody, or nobody who is known, is named."""
    people = incident.declared.people if incident.declared else {}
    name = " ".join(name.split())
    if not name:
        raise ValueError("who affirms it must be named")
    for login, person in people.items():
        if name.casefold() in (login.casefold(), str(person.get("name", "")).casefold()):
            return f"affirmed by {person.get('name') or login} ({login})"
    if people:
        raise ValueError(f"{sanitise(name, limit=60)} is none of the configured people: {', '.join(sorted(people))}")
    return f"affirmed by {name}"
