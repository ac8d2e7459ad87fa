"""Records that are parked: closing one when nothing is bent any more, and what those of a system still owe.

Parking itself is a wish of who flies, and the session's; which debts keep a record open is judged by the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.blocking import close_reason
from actions.model.debts import counted, holding, may_reason, of_events, overdue_s
from actions.model.errors import GoaroundError, Refused
from actions.model.incident import Debt, Incident

if TYPE_CHECKING:
    from app.approving import Recorder
    from app.session import Session


@dataclass(frozen=True)
class Parked:
    """A parked record and what keeps it open."""

    incident: str
    debts: tuple[Debt, ...]
    """Open ones that hold it; empty: it can be closed."""

    def words(self, now: datetime) -> str:
        """``INC-…: 2 debts, 1 overdue``."""
        return f"{self.incident}: {counted(self.debts, now) or 'nothing is bent any more, it can be closed'}"

    def overdue(self, now: datetime) -> int:
        """How many of its debts are overdue."""
        return sum(bool(overdue_s(one, now)) for one in self.debts)


def parked_records(journal: SqliteJournal, system: str) -> tuple[Parked, ...]:
    """Those of a system, newest first."""
    ids = journal.parked(system)
    if not ids:
        return ()
    events = journal.debt_events(ids)
    return tuple(Parked(one, holding(of_events(events.get(one, ())))) for one in ids)


def elsewhere(session: Session) -> tuple[Parked, ...]:
    """The parked records of the session's system but the one it shows; asked anew when somebody wrote to the store."""
    key = (session.journal.data_version(), session.incident.id, session.incident.is_parked)
    if session.parked_for != key:
        try:
            found = parked_records(session.journal, session.settings.system.name)
        except GoaroundError:
            return session.parked_elsewhere  # a picture must not fail for it: the next append says what is wrong
        session.parked_elsewhere = tuple(one for one in found if one.incident != session.incident.id)
        session.parked_for = key
    return session.parked_elsewhere


def owed_words(records: tuple[Parked, ...], now: datetime) -> str:
    """``PARKED: 3 debts, 1 overdue`` of all of them; empty where none is parked."""
    if not records:
        return ""
    left = counted([debt for one in records for debt in one.debts], now)
    return f"PARKED: {left or 'to be closed'}"


def most_urgent(records: tuple[Parked, ...], now: datetime) -> Parked | None:
    """What can be closed first, then the one with most that is overdue, then the newest; None: none is parked."""
    return min(records, key=lambda one: (bool(one.debts), -one.overdue(now)), default=None)


def close_parked(desk: Recorder, text: str = "") -> ev.Closed:
    """Close a parked record as it was parked, once nothing is bent any more. Needs no lease: anybody of its people.

    Raises Refused naming what is still bent.
    """
    desk.sync()
    incident, end = desk.incident, desk.incident.closed
    if not incident.is_parked or end is None:
        what = "closed already" if incident.closed is not None else "open: who flies it closes it"
        raise Refused(f"{incident.id} is not parked: it is {what}")
    words = desk.clean(text) or end.text
    body = ev.Closed(end.outcome, words, end.target, end.running, end.ticket, end.due)

    def rule(one: Incident) -> str | None:
        if not one.is_parked:
            return f"{one.id} was closed meanwhile"
        return may_reason(one, desk.who.login) or close_reason(one, end.outcome)

    desk.record_all((body,), rule, drive=False)
    return body
