"""``goaround watch``: the time line of an incident as it grows, or a watch over the system for some hours.

Here it is found out which of both is meant, over which incident, and until when; watching itself is ``watch_run``'s.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model import watching
from actions.model.clock import Clock, SystemClock, parse_stamp, short_time
from actions.model.database_errors import DEFAULT
from actions.model.errors import BadInput, ConfigError, GoaroundError
from actions.model.quick_dataclass import dataclass
from actions.model.recurring import Recurrences, Rule, pinned, rules_of
from actions.model.system import Settings, seconds_of
from app.demo_login import acting_as
from app.feeds import LogFeed, log_count
from app.places import pinned_config, store_folder
from app.records import open_store
from app.session import Session
from app.settings import Loaded, find_config, load
from app.store import open_session
from app.watch_door import Door, TerminalDoor
from app.watch_follow import follow, wanted
from app.watch_lock import WatchLock
from app.watch_readings import WatchReadings
from app.watch_run import Plan, Watch

if TYPE_CHECKING:
    from actions.gateways.logs import LogSource


@dataclass(frozen=True)
class Asked:
    """The command line of ``goaround watch``."""

    id: str = ""
    span: str | None = None
    """``--for``: None: not given; empty: without a time."""
    every: str = ""
    once: bool = False
    json: bool = False
    config: str | None = None
    store: str = ""


def run_watch(asked: Asked, clock: Clock | None = None) -> int:
    """Do it. Exit status 0: all well; 1: not well at the end, or a known problem came back. Bad input is raised."""
    clock = clock or SystemClock()
    door = TerminalDoor(clock, as_json=asked.json)
    if asked.span is None and not asked.once:
        return _observe(asked, door, clock)
    wanted_s, every_s = _times(asked)
    loaded = loaded_for(asked.config, asked.store, asked.id)
    for warning in loaded.warnings:
        sys.stderr.write(f"goaround: warning: {warning}\n")
    session = open_session(loaded, store=asked.store, acting_as=acting_as(loaded.path.parent), clock=clock)
    try:
        attach(session, asked.id)
        if asked.once:
            return look_once(session, door)
        with door.listening():
            return watch(session, door, wanted_s, every_s)
    finally:
        session.close()
        session.journal.close()


def _times(asked: Asked) -> tuple[int | None, int]:
    try:
        return (watching.length_s(asked.span) if asked.span else None), (
            watching.every_s(asked.every) if asked.every else 0
        )
    except ValueError as error:
        raise BadInput(str(error)) from error


def _observe(asked: Asked, door: TerminalDoor, clock: Clock) -> int:
    if asked.every:
        raise BadInput("--every: only together with --for")
    loaded = None
    try:
        loaded = load(find_config(asked.config))
    except ConfigError as error:
        if asked.config or Path(error.path).exists():
            raise  # what is wrong with it; without any, the store alone will do
    folder = store_folder(loaded.settings if loaded else None, asked.store)
    journal = open_store(folder, clock)
    if journal is None:
        raise BadInput(f"there are no records yet in {folder}", "", "give the store of the one who flies with --store")
    try:
        with door.listening():
            system = loaded.settings.system.name if loaded else ""
            return follow(journal, wanted(journal, asked.id, system), door)
    finally:
        journal.close()


def loaded_for(config: str | None, store: str, wanted_id: str) -> Loaded:
    """The configuration, as found; where there is none, the one that the named incident was flown with."""
    try:
        return load(find_config(config))
    except ConfigError as error:
        if config or not wanted_id or Path(error.path).exists():
            raise
        journal = open_store(store_folder(None, store), SystemClock())
        if journal is None:
            raise
        try:
            path = pinned_config(journal.incident_folder(journal.find(wanted_id)))
        finally:
            journal.close()
        if not path.exists():
            raise
        return load(path)


def attach(session: Session, wanted_id: str) -> None:
    """Turn to the incident that is meant: the one named, else the open one, else one that was closed lately.

    Raises ``BadInput`` for one of another system. Without any the session stays without an incident.
    """
    name, journal = session.settings.system.name, session.journal
    found = journal.find(wanted_id) if wanted_id else journal.open_incident(name) or _recent(journal, name, session)
    if found is None:
        return
    session.open(found)
    declared = session.incident.declared
    if declared is not None and declared.system != name:
        raise BadInput(f"{found} is of {declared.system}, and this configuration of {name}", "", "give its --config")


def _recent(journal: SqliteJournal, system: str, session: Session) -> str | None:
    rows = journal.newest(1, system=system)
    if not rows or not rows[0].closed_at:
        return None
    age_s = (session.clock.now() - parse_stamp(rows[0].closed_at)).total_seconds()
    return rows[0].id if age_s <= watching.RECENT_S else None


def look_once(session: Session, door: Door) -> int:
    """Every sensor read once; nothing is recorded. What needs a log to be followed is left out, and said."""
    readings = WatchReadings(session, None)
    readings.start()
    readings.settle()
    found = readings.taken() or {}
    for name, looked in found.items():
        more = {"sensor": name, "ok": looked.ok, "seen": looked.seen, "expected": looked.expected}
        door.say("reading", watching.reading_words(name, looked), **more)
    red = tuple(name for name, looked in found.items() if not looked.ok)
    if not found:
        door.say("warning", "nothing is configured that could be looked at once ([[probe]])")
    words = f"one look: {watching.verdict(red, 0)}; the logs are followed only with --for"
    door.say("ended", words, ok=not red, complete=True)
    return 1 if red else 0


def rules_for(settings: Settings, lines: Sequence[str]) -> tuple[Rule, ...]:
    """What is looked for again: the pinned lines, and lines of failed queries."""
    configured = settings.watch.database_errors
    rules = rules_of(lines, configured)
    if configured or not log_count(settings):
        return rules
    return (*rules, Rule("failed queries, as Django and PostgreSQL tell of them", pattern="|".join(DEFAULT)))


def watch(session: Session, door: Door, wanted_s: int | None, every_s: int = 0, feed: LogFeed | None = None) -> int:
    """Watch until the time is over; into the record, where there is an incident. Exit status.

    Raises ``BadInput`` where the time is not said, or another watch is at work already.
    """
    settings, recording = session.settings, bool(session.incident.id)
    lock = WatchLock(session.folder(), session.journal.folder, session.who.login) if recording else None
    try:
        seen = _taken(lock) if lock is not None else ""
        until = _until(session, door, wanted_s, seen)
        lines = pinned(session.journal.events(session.incident.id)) if recording else ()
        rules = Recurrences(rules_for(settings, lines))
        feed = feed or _feed(session)
        plan = Plan(
            until,
            every_s or seconds_of("every", settings.watch.every),
            seconds_of("ask_every", settings.watch.ask_every),
            recording,
        )
        watched = Watch(session, door, plan, rules, feed, lock)
        if feed is not None:
            feed.start()
        return watched.run()
    finally:
        if feed is not None:
            feed.stop()
        if lock is not None:
            lock.release()


def _taken(lock: WatchLock) -> str:
    try:
        return lock.take()
    except GoaroundError as error:
        raise BadInput(error.title, error.detail, error.next_move) from error


def _until(session: Session, door: Door, wanted_s: int | None, seen: str) -> watching.Until:
    """Until when; a watch that broke off is said, and gets its end in the record."""
    now = session.clock.now()
    broken = watching.open_watch(session.incident) if session.incident.id else None
    try:
        until = watching.until_when(broken, wanted_s, session.settings.watch.hours, now)
    except ValueError as error:
        raise BadInput(str(error)) from error
    if broken is not None:
        ended = watching.broke_off(broken, max(seen, broken.at) if seen else "", now)
        session.record(ended, drive=False)
        door.say("warning", f"the watch that {broken.by} began {short_time(broken.at)} {ended.words}")
    return until


def _feed(session: Session) -> LogFeed | None:
    if not log_count(session.settings):
        return None

    def sources() -> list[LogSource]:
        from app.log_sources import log_sources

        return log_sources(session)

    return LogFeed(sources, session.clock)
