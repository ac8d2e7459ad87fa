"""``goaround status``: one line for other terminals and for tmux's status line. Reads the record only."""

from __future__ import annotations

import json
from pathlib import Path

from actions.gateways.journal import SqliteJournal
from actions.model.clock import Clock, SystemClock, elapsed_ms
from actions.model.debts import counted, late_ones, open_ones
from actions.model.errors import ConfigError
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.status_line import NOTHING_OWED, Owes, Part, as_json, line, parts
from app.debts import every_debt
from app.parking import by_urgency, parked_records
from app.places import store_folder
from app.ready_status import ready_parts
from app.records import open_store
from app.settings import find_config, load


def run_status(
    config: str | None,
    store: str,
    wanted: str,
    *,
    tmux: bool = False,
    program: bool = False,
    clock: Clock | None = None,
) -> int:
    """Print it; ``program``: as JSON. Exit status 0, also when nothing is open."""
    clock = clock or SystemClock()
    settings = None
    try:
        settings = load(find_config(config)).settings
    except ConfigError as error:
        if config or Path(error.path).exists():
            raise  # what is wrong with it; without any, the store alone will do
    journal = open_store(store_folder(settings, store), clock)
    try:
        name = settings.system.name if settings else ""
        incident = _incident(journal, wanted, name)
        ready = ready_parts(store_folder(settings, store), name, incident, clock)
        print(_told(incident, clock, _owes(journal, name, incident, clock), ready, tmux=tmux, program=program))
    finally:
        if journal is not None:
            journal.close()
    return 0


def _incident(journal: SqliteJournal | None, wanted: str, system: str) -> Incident:
    """The one named, else the open one, else the newest (of this system)."""
    if journal is None:
        return Incident("")
    if wanted:
        found = journal.find(wanted)
    else:
        rows = journal.newest(50, system=system)
        named = next((row for row in rows if not row.outcome), rows[0] if rows else None)
        if named is None:
            return Incident("")
        found = named.id
    return fold(found, journal.events(found))


def _owes(journal: SqliteJournal | None, name: str, incident: Incident, clock: Clock) -> Owes:
    """What is owed over all records of the system; it is reminded of until it is paid, whatever is open."""
    system = name or (incident.declared.system if incident.declared else "")
    if journal is None:
        return NOTHING_OWED
    now = clock.now()
    left = open_ones(one.debt for one in every_debt(journal, system=system))
    records = by_urgency(parked_records(journal, system), now)
    others = tuple(one.words(now) for one in records if one.incident != incident.id)
    return Owes(counted(left, now), len(left), late_ones(left, now), others)


def _told(incident: Incident, clock: Clock, owes: Owes, ready: tuple[Part, ...], *, tmux: bool, program: bool) -> str:
    declared_ms = 0
    if incident.declared is not None:
        declared_ms = elapsed_ms(clock, incident.declared_at, incident.declared_mono, incident.declared_boot)
    if program:
        told = {"parachute": ready[0].text} if ready else {}
        return json.dumps({**as_json(incident, declared_ms, clock.now(), owes), **told})
    return line((*parts(incident, declared_ms, clock.now(), owes), *ready), tmux=tmux)
