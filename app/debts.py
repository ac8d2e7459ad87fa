"""``goaround debts``: every debt over all records of a store, overdue ones first; for people and for programs.

Changing one is left to ``debt_desk``, the command line to ``debt_command``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from actions.gateways.journal import SqliteJournal
from actions.gateways.journal_summaries import IncidentSummary
from actions.model.canonical import canonical_json
from actions.model.debt_again import again_words
from actions.model.debts import (
    BENT,
    Owed,
    bent,
    counted,
    deadline_words,
    holding,
    holds,
    late_ones,
    of_events,
    open_ones,
    overdue_s,
    urgency,
)
from actions.model.due import due_words
from actions.model.errors import GoaroundError
from actions.model.events import PlanDrawn
from actions.model.incident import Debt
from actions.model.outside_text import sanitise
from actions.model.parked import with_way
from actions.model.plan import Plan

_PAGE = 1000
Where = Callable[[Owed], str]
"""The address at which a debt's ticket is read, or empty."""
NOT_DAMAGED: Mapping[str, str] = MappingProxyType({})
"""Every record can be read."""


def nowhere(_: Owed) -> str:
    """No ticket is read anywhere."""
    return ""


def every_debt(
    journal: SqliteJournal, incident: str = "", system: str = "", damaged: dict[str, str] | None = None
) -> list[Owed]:
    """All debts of the store, of one record or one system: newest record first, each as it was opened.

    A record that cannot be read whole is told in ``damaged``, and what can be read of it is listed.
    """
    events = journal.debt_events((incident,) if incident else None, {} if damaged is None else damaged)
    rows: list[Owed] = []
    for row in _summaries(journal, set(events), system):
        debts = of_events(events[row.id])
        rows += [Owed(row.id, row.system, row.environment, row.mode, debt) for debt in debts]
    return rows


def with_ways_now(journal: SqliteJournal, rows: Sequence[Owed]) -> list[Owed]:
    """The same, those of parked records with the ways that there are now: what such a record refuses is none."""
    parked = {*journal.parked()} & {one.incident for one in rows if not one.debt.paid and bent(one.debt)}
    plans: dict[str, Plan] = {}
    for incident in parked:
        with suppress(GoaroundError, ValueError):  # damaged: told as such; its debts stand as they were opened
            for event in journal.events_of_kinds(incident, (PlanDrawn.kind,))[-1:]:
                if isinstance(event.body, PlanDrawn):
                    plans[incident] = Plan.from_json(event.body.plan)
    return [
        replace(one, debt=with_way(one.debt, plans[one.incident])) if one.incident in plans else one for one in rows
    ]


def _summaries(journal: SqliteJournal, wanted: set[str], system: str) -> Iterator[IncidentSummary]:
    """Those of ``wanted``, newest first; stops as soon as all are found."""
    before, left = 0, set(wanted)
    while left and (rows := journal.newest(_PAGE, before, system)):
        for row in rows:
            if row.id in left:
                left.discard(row.id)
                yield row
        before = rows[-1].number


def in_order(rows: Sequence[Owed], now: datetime) -> list[Owed]:
    """The most urgent first, what is paid last; else as they come: newest record first."""
    return sorted(rows, key=lambda one: urgency(one.debt, now))


def debt_lines(rows: Sequence[Owed], now: datetime, url_of: Where = nowhere) -> list[str]:
    """Two or three for each, safe for any terminal; what straightens it stands alone in its line, to be copied."""
    lines: list[str] = []
    for one in rows:
        debt = one.debt
        drill = " DRILL" if one.mode == "drill" else ""
        lines.append(f"{state_word(debt, now)}  {one.incident}{drill}  {debt.name}  {debt.text}")
        lines.append("    " + "; ".join(about(debt, now, url_of(one), f"{one.system} ({one.environment})")))
        lines += [f"    {words}" for words in straightens(debt)]
    return [sanitise(line) for line in lines]


def state_word(debt: Debt, now: datetime) -> str:
    """``OVERDUE by 2 d``, ``OVERDUE by 2 d, bent``, ``bent``, ``open`` or ``paid``."""
    if debt.paid:
        return "paid"
    late = deadline_words(debt, now) if overdue_s(debt, now) else ""
    return ", ".join(filter(None, (late, "bent" if holds(debt) else ""))) or "open"


def about(debt: Debt, now: datetime, url: str = "", system: str = "") -> list[str]:
    """System, deadline, owner, ticket; or who paid it, when and how."""
    parts = [system] if system else []
    if debt.why:
        parts.append(again_words(debt))
    late = overdue_s(debt, now)
    parts.append(f"was due {due_words(debt.due)}" if late else deadline_words(debt, now))
    parts.append(f"owner: {debt.owner or 'nobody'}")
    if debt.ticket:
        parts.append(f"ticket: {debt.ticket}{f' ({url})' if url and url != debt.ticket else ''}")
    if debt.paid:
        parts.append(f"paid by {debt.paid_by} {due_words(debt.paid_at)}: {debt.paid}")
    return parts


def straightens(debt: Debt) -> list[str]:
    """``straightened by: u on N1 (undoes N1 in the cockpit), or N2 ...`` of an open one; else nothing."""
    if debt.paid or not debt.undo:
        return []
    first, comma, others = debt.undo.partition(",")
    step = first.removeprefix(BENT)
    return [f"straightened by: {first}{f' (undoes {step} in the cockpit)' if bent(debt) else ''}{comma}{others}"]


def debts_text(
    rows: Sequence[Owed],
    shown: Sequence[Owed],
    now: datetime,
    place: Path,
    url_of: Where = nowhere,
    damaged: Mapping[str, str] = NOT_DAMAGED,
) -> str:
    """The list for people. ``rows``: all that are known, ``shown``: those that are asked for."""
    left = counted([one.debt for one in rows], now)
    lines = [
        sanitise(f"! DAMAGED  {why}: what it owes may not stand here (goaround verify {one})")
        for one, why in damaged.items()
    ]
    if not shown:
        none = f"; open: {left}" if left else ": nothing is owed" if not damaged else ""
        return "\n".join([*lines, f"no {'overdue ' if left else ''}debts in {place}{none}"])
    lines += debt_lines(shown, now, url_of)
    kept = len(holding(one.debt for one in rows))
    lines.append(f"{left}{f', {kept} bent' if kept else ''}" if left else "nothing is owed")
    if left:
        lines.append('pay one: goaround debts pay ID CODE --how "..."; give it away: goaround debts assign ID CODE')
    return "\n".join(lines)


def debts_json(
    rows: Sequence[Owed],
    shown: Sequence[Owed],
    now: datetime,
    place: Path,
    url_of: Where = nowhere,
    damaged: Mapping[str, str] = NOT_DAMAGED,
) -> str:
    """The list for programs: times are stamps (UTC), ``overdue_s`` seconds, 0 where it is not overdue; ``damaged``
    holds the records that cannot be read whole.
    """
    left = open_ones(one.debt for one in rows)
    data: dict[str, Any] = {
        "store": str(place),
        "debts": [_debt_data(one, now, url_of(one)) for one in shown],
        "open": len(left),
        "overdue": late_ones(left, now),
        "damaged": dict(damaged),
    }
    return canonical_json(data).decode("utf-8")


def _debt_data(one: Owed, now: datetime, url: str) -> dict[str, Any]:
    debt = one.debt
    return {
        "incident": one.incident,
        "system": one.system,
        "environment": one.environment,
        "mode": one.mode,
        "code": debt.name,
        "text": debt.text,
        "undo": debt.undo,
        "by_step": bent(debt),
        "bent": not debt.paid and holds(debt),
        "opened_at": debt.opened_at,
        "opened_by": debt.opened_by,
        "why": debt.why,
        "due": debt.due,
        "overdue_s": overdue_s(debt, now),
        "owner": debt.owner,
        "ticket": debt.ticket,
        "url": url,
        "paid": debt.paid,
        "paid_at": debt.paid_at,
        "paid_by": debt.paid_by,
    }
