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
from actions.model.debts import counted, holding, late_ones, may_reason, of_events
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
    unsigned: str = ""
    """``NOT SIGNED`` or ``not verified``: whoever flew has left between parking and signing; empty: both have."""
    damaged: str = ""
    """Why its debts are not known."""

    @property
    def free(self) -> bool:
        """Nothing keeps it open any more."""
        return not self.debts and not self.damaged

    def words(self, now: datetime) -> str:
        """``INC-…: 2 debts, 1 overdue, NOT SIGNED``."""
        owed = self.damaged or counted(self.debts, now) or "nothing is bent any more, it can be closed"
        return f"{self.incident}: {owed}{f', {self.unsigned}' if self.unsigned else ''}"

    def overdue(self, now: datetime) -> int:
        """How many of its debts are overdue."""
        return late_ones(self.debts, now)


def parked_records(journal: SqliteJournal, system: str, only: str = "") -> tuple[Parked, ...]:
    """Those of a system, newest first; ``only`` that one, if it is one of them."""
    ids = tuple(one for one in journal.parked(system) if only in ("", one))
    if not ids:
        return ()
    damaged: dict[str, str] = {}
    events, signed = journal.debt_events(ids, damaged), journal.signed(ids)
    return tuple(
        Parked(one, holding(of_events(events.get(one, ()))), _unsigned(*signed[one]), damaged.get(one, ""))
        for one in ids
    )


def _unsigned(executed: str, verified: str) -> str:
    return "" if executed and verified else "not verified" if executed else "NOT SIGNED"


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
    unsigned = ", unsigned" if any(one.unsigned for one in records) else ""
    return f"PARKED: {left or 'to be closed'}{unsigned}"


def others_words(records: tuple[Parked, ...], now: datetime) -> str:
    """What stands beneath the debts of one record: the others that wait for theirs, and the command that tells more."""
    if not records:
        return ""
    first, *more = by_urgency(records, now)
    others = f" and {len(more)} more" if more else ""
    return f"◆ PARKED besides: {first.words(now)}{others}: goaround debts lists and pays them"


def by_urgency(records: tuple[Parked, ...], now: datetime) -> list[Parked]:
    """What can be closed first, then what nobody has signed, then those with most that is overdue; else the newest."""
    return sorted(records, key=lambda one: (not one.free, not one.unsigned, -one.overdue(now)))


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
