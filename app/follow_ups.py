"""What closing an incident leaves as debts: what is due within a day and open, documents that are not there, the fix.

They are things to do, not things that are bent: by their names (``debts.holds``) they keep no record open, whether it
is closed or parked. Recording them is the session's, in one transaction with the close.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from actions.model import events as ev
from actions.model import phases
from actions.model.clock import stamp
from actions.model.debts import FIX, open_ones
from actions.model.procedure import Link, Procedure
from app.debts import every_debt

if TYPE_CHECKING:
    from app.session import Session

OUTCOMES = ("recovered", "forward", "not recovered")
"""Outcomes after which something is owed."""
DOCUMENT_DAYS = 30
"""Days until which a document that is not there should be written."""


def follow_ups(session: Session, outcome: str, ticket: str = "", due: str = "") -> tuple[ev.Body, ...]:
    """The debts that this outcome leaves. ``due``: a stamp, of a fix that goes forward, which is in ``ticket``."""
    if outcome not in OUTCOMES:
        return ()
    session.sync()
    incident = session.incident
    there = {one.name for one in open_ones(incident.debts)}
    soon = session.in_a_day()
    bodies: list[ev.Body] = [
        ev.DebtOpened(item.code, item.text, "", soon) for item in phases.due_later(incident) if item.code not in there
    ]
    if outcome == "forward":
        what = incident.declared.title if incident.declared else "what was broken"
        bodies += (ev.DebtOpened(FIX, f"the real fix is out: {what}", "", due), ev.DebtAssigned(FIX, ticket=ticket))
    return (*bodies, *_documents(session))


def _documents(session: Session) -> Iterator[ev.DebtOpened]:
    """Once for a system: what stands open in another of its records is not asked for again."""
    if session.incident.procedure is None:
        return
    texts = list(dict.fromkeys(map(document_words, missing(session.incident.procedure))))
    if not texts:
        return
    owed = every_debt(session.journal, system=session.settings.system.name)
    known = {one.debt.text for one in owed if not one.debt.paid}
    due = stamp(session.clock.now() + timedelta(days=DOCUMENT_DAYS))
    for number, text in enumerate((one for one in texts if session.clean(one) not in known), 1):
        yield ev.DebtOpened(f"document-{number}", session.clean(text), "", due)


def missing(procedure: Procedure) -> list[Link]:
    """Related documents that are not there, or are marked as still to be written; places within it are none."""
    return [link for link in procedure.links if link.exists is False and not link.target.startswith("#")]


def document_words(link: Link) -> str:
    """``Backup and recovery (still to be written): named by the procedure, not there``."""
    where = f" -> {link.target}" if link.target and link.target != link.text else ""
    note = link.note if link.note and link.note.casefold() not in link.text.casefold() else "not there"
    return f"{link.text}{where}: named by the procedure, {note}"
