"""Reads from the record how long each way back really took here; the rule stands in ``actions.model.measured``.

Only the kinds of events that are needed are read, of the newest records. It is done in the background once the screen
stands, and kept: an incident does not measure itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model.errors import GoaroundError
from actions.model.measured import KINDS, Measured, by_option, flight_of

if TYPE_CHECKING:
    from actions.model.estimate import Timing
    from app.incident_screen import IncidentScreen
    from app.session_record import SessionRecord

NEWEST = 30
"""Records of the system that are looked at."""


def read_measured(journal: SqliteJournal, system: str, leave_out: str = "") -> dict[str, Measured]:
    """Option -> its flights, newest first; the incident ``leave_out`` does not count. Raises Unreachable."""
    found = []
    for summary in journal.newest(NEWEST + bool(leave_out), system=system):
        if summary.id == leave_out or (summary.outcome and not summary.target):
            continue  # closed without a plan
        flight = flight_of(journal.events_of_kinds(summary.id, KINDS))
        if flight is not None:
            found.append(flight)
    return by_option(found[:NEWEST])


def measured_of(session: SessionRecord) -> Mapping[str, Measured]:
    """What was measured before the present incident; read when that is a new one, else as it is known.

    A store that cannot be read measures nothing: the document counts then, and what is said names it as its source.
    """
    incident = session.incident.id
    if session.measured_for != incident:
        try:
            found = read_measured(session.journal, session.settings.system.name, incident)
        except GoaroundError:
            found = {}
        session.measured, session.measured_for = found, incident
    return session.measured


def read_behind(screen: IncidentScreen) -> None:
    """Read in the background what is not known yet for the present incident; asked each second, done once."""
    if screen.measuring or is_known(screen.session):
        return
    screen.measuring = True

    def work() -> None:
        try:
            measured_of(screen.session)
        finally:
            screen.measuring = False

    screen.run_worker(work, thread=True, exit_on_error=False, group="measured")


def is_known(session: SessionRecord) -> bool:
    """Whether it has been read for the present incident."""
    return session.measured_for == session.incident.id


def timing_of(session: SessionRecord) -> Timing | None:
    """What is said now of the time that the present plan takes, by what is known; None: no plan, or it is over.

    Reads nothing: before it was read, the document counts.
    """
    if session.incident.plan is None:
        return None
    from actions.model.estimate import timing  # there is a plan: the screen stands

    return timing(session.incident, session.measured if is_known(session) else {}, session.elapsed_ms())


def decide_lines(session: SessionRecord) -> tuple[str, ...]:
    """A line for each configured way back, for whoever is to decide; one with ``!`` where it cannot be done in time.

    Reads nothing, as ``timing_of``.
    """
    from actions.model.estimate import timings

    known = session.measured if is_known(session) else {}
    options = tuple(map(str, session.settings.options))
    lines: list[str] = []
    for option, one in timings(options, session.incident, known, session.elapsed_ms()):
        lines.append(f"{option}: {one.words}")
        if one.late:
            lines.append(f"! {option} {one.late}")
    return tuple(lines)
