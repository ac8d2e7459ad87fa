"""A step that straightens what another record of the system owes: its debt is paid there, too.

A record that is parked waits for its debts while newer incidents are flown. Which thing is bent is told by the debt's
own words; what a step straightens in its own record is left to ``execute``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from actions.model import events as ev
from actions.model.debts import about, holding, of_events
from actions.model.errors import GoaroundError
from actions.model.incident import Debt, Incident
from actions.model.ports import Journal

STRAIGHT = "straightens"
"""The fact with which a step says what is straight now: words with which the debt about it begins."""


@runtime_checkable
class KnowsParked(Protocol):
    """A journal of several records."""

    def parked(self, system: str, environment: str, mode: str) -> tuple[str, ...]:
        """Ids of the parked records of a system in this environment and mode, newest first."""

    def debt_events(self, incidents: Sequence[str] | None = None) -> dict[str, list[ev.Event]]:
        """Everything about debts of these records, in order."""


class _HeadMoved(Exception):
    """Somebody wrote into that record meanwhile: it is looked at again."""


def pay_elsewhere(
    journal: Journal, incident: Incident, code: str, facts: dict[str, str], paid: Sequence[ev.Body], actor: str
) -> None:
    """Pay what parked records of the same system owe about the thing that ``paid``, or the facts, tell of.

    It is a convenience for those records: where one cannot be written to, its debt stays and is paid by hand.
    """
    if incident.declared is None or not isinstance(journal, KnowsParked):
        return
    names = {one.debt for one in paid if isinstance(one, ev.DebtPaid)}
    texts = {one.text for one in incident.debts if one.name in names}
    thing, begins = facts.get("pays about", ""), facts.get(STRAIGHT, "")
    if not (texts or thing or begins):
        return

    def owes(debts: Sequence[Debt]) -> list[Debt]:
        named = about(debts, thing)
        return [
            one
            for one in holding(debts)
            if one.text in texts or one in named or (begins and one.text.startswith(begins))
        ]

    parked: tuple[str, ...] = ()
    with contextlib.suppress(GoaroundError):
        # A drill, or another environment of that name in a shared store, is another thing with the same words.
        said = incident.declared
        parked = journal.parked(said.system, said.environment, said.mode)
    for other in parked:
        with contextlib.suppress(GoaroundError):  # one that is damaged keeps none of the others from being paid
            if other != incident.id:
                _pay(journal, journal, other, owes, f"{code} of {incident.id}", actor)


def _pay(
    records: KnowsParked,
    journal: Journal,
    other: str,
    owes: Callable[[Sequence[Debt]], list[Debt]],
    how: str,
    actor: str,
) -> None:
    for _ in range(20):
        head, _digest = journal.head(other)
        found = owes(of_events(records.debt_events([other]).get(other, [])))
        if not found:
            return

        def unchanged(now: int, seen: int = head) -> None:
            if now != seen:
                raise _HeadMoved

        try:
            journal.append_all(other, actor, [ev.DebtPaid(one.name, how) for one in found], guard=unchanged)
        except _HeadMoved:
            continue
        return
