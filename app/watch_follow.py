"""``goaround watch`` without ``--for``: the time line of an incident as it grows. It writes nothing."""

from __future__ import annotations

from actions.gateways.journal import SqliteJournal
from actions.model.errors import BadInput
from actions.model.events import Event
from actions.model.fold import apply
from actions.model.incident import Incident
from actions.model.record_timeline import Telling
from app.watch_door import Door

LOOK_S = 0.5


def wanted(journal: SqliteJournal, named: str, system: str) -> str:
    """The incident that is meant: the one named, else the open one, else the one that awaits a signature."""
    if named:
        return journal.find(named)
    rows = journal.newest(200, system=system)
    found = next((row for row in rows if not row.outcome), None) or next(
        (row for row in rows if row.state != "signed off"), None
    )
    if found is None:
        of = f" of {system}" if system else ""
        raise BadInput(f"no incident{of} is open", "", "name a record: goaround records lists them")
    return found.id


def follow(journal: SqliteJournal, named: str, door: Door, *, once: bool = False) -> int:
    """Say every event, oldest first, until the incident is closed and signed or somebody ends it. Exit status 0."""
    incident, telling, version = Incident(named), Telling(), -1
    while True:
        newer = journal.data_version()
        if newer != version:
            version = newer
            for event in journal.events(named, incident.head_seq):
                incident = apply(incident, event)
                _tell(event, telling, door)
        if incident.finished:
            door.say("incident", f"{named} is closed and signed")
            return 0
        if incident.signed and not once:
            door.say("incident", f"{named} is parked and signed; it waits for its debts (goaround debts)")
            return 0
        if once or door.stopped:
            return 0
        door.wait(LOOK_S)


def _tell(event: Event, telling: Telling, door: Door) -> None:
    text = telling.line(event)
    door.say("event", text, seq=event.seq, event=event.kind, by=event.actor, when=event.at)
