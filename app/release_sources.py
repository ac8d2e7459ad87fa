"""Reads the release history over all sources and joins it: each configured way back of the code, and our own record.

Slow: not for the screen's thread. A source that fails is named and hides no other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.engine import planner
from actions.gateways.journal import SqliteJournal
from actions.gateways.journal_summaries import IncidentSummary
from actions.model.deployed import BY_ROLLBACK, Deployed
from actions.model.errors import GoaroundError
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import Listing, Trouble
from actions.model.step import Risk
from actions.model.watch_history import Watch
from app import golden_file
from app.watches_kept import watches_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from actions.model.note import Note
    from actions.model.ports import World
    from actions.model.system import Settings
    from app.session import Session

CODE = ("coolify", "compose", "git")
"""Ways back that know releases of the code."""
INCIDENTS = 100
"""So many of the newest incidents speak for or against releases."""
PAGES = 20


def read_history(session: Session, releases: tuple[Release, ...], option: str, depth: int = 1) -> History:
    """Everything, joined. ``releases``: as the way back in use told them."""
    others = other_listings(session.settings, session.world(), option, depth)
    return with_record(session, (Listing(option, releases), *others), option)


def of_record(session: Session, releases: tuple[Release, ...], option: str) -> History:
    """These releases joined with our own record alone: it is quick."""
    return with_record(session, (Listing(option, releases),), option)


def with_record(session: Session, listings: tuple[Listing, ...], option: str) -> History:
    """Listings joined with incidents and pins of our own record."""
    system = session.settings.system
    return joined(
        session.journal,
        session.settings,
        listings,
        option,
        now=session.clock.now(),
        drill=system.environment == "drill",
    )


def joined(
    journal: SqliteJournal | None,
    settings: Settings,
    listings: tuple[Listing, ...],
    option: str,
    *,
    now: datetime,
    drill: bool,
) -> History:
    """The same for a command without a session; ``journal``: None where there is no store."""
    system = settings.system.name
    if journal is None:
        return History(option, listings, now=now, healthy_s=settings.releases.healthy_s)
    watches: tuple[Watch, ...] = ()
    try:
        incidents, proven = record_of(journal, system, drill=drill)
        record = Listing("record", proven)
        watches = watches_of(journal, system, drill=drill, now=now)
    except GoaroundError as error:
        incidents, record = (), Listing("record", error=error.line())
    pins, trouble = golden_file.read(journal.folder, system, drill=drill)
    more = (record, *((Listing("golden", error=trouble),) if trouble else ()))
    healthy_s = settings.releases.healthy_s
    return History(option, (*listings, *more), incidents, pins, now=now, healthy_s=healthy_s, watches=watches)


def other_listings(settings: Settings, world: World, option: str, depth: int = 1) -> tuple[Listing, ...]:
    """What every other configured way back of the code tells; one after the other, a failure each for itself."""
    if option == "database":
        return ()  # what a database is restored from is no release of the code: there is nothing to be joined
    there = (settings.coolify is not None, settings.compose is not None, settings.git is not None)
    code = "compose" if settings.compose is not None else "git"
    own = code if option == "migration" else option
    ways = [name for name, has in zip(CODE, there, strict=True) if has and name != own]
    return tuple(listing_of(settings, name, world, depth) for name in ways)


def listing_of(settings: Settings, option: str, world: World, depth: int = 1) -> Listing:
    """What one way back tells; a failure is a listing that says so."""
    try:
        found, notes = planner.releases(settings, option, world, depth=depth)
    except GoaroundError as error:
        return Listing(option, error=error.line())
    return Listing(option, found, partly(notes))


def partly(notes: Iterable[Note]) -> str:
    """What a source could not tell, where it told the rest; else empty."""
    return "; ".join(note.text for note in notes if note.code == NoteKind.HISTORY_UNUSED.code)


def record_of(
    journal: SqliteJournal, system: str, *, drill: bool = False
) -> tuple[tuple[Trouble, ...], tuple[Release, ...]]:
    """Incidents of the record, and the releases that they proved when they went back, newest first.

    ``drill``: the system is one for drills; else what happened in a drill speaks against nothing.
    """
    troubles: list[Trouble] = []
    proven: list[Release] = []
    for one in _incidents(journal, system, drill=drill):
        trouble, target = _told(journal, one)
        troubles.append(trouble)
        proven += [target] if target is not None else []
    return tuple(troubles), tuple(proven)


def watches_of(journal: SqliteJournal, system: str, *, drill: bool, now: datetime) -> tuple[Watch, ...]:
    """Every watch of the newest incidents, also those after the end of one."""
    every = _incidents(journal, system, drill=drill)
    return tuple(watch for one in every for watch in watches_in(journal, one.id, now))


def _incidents(journal: SqliteJournal, system: str, *, drill: bool) -> list[IncidentSummary]:
    found: list[IncidentSummary] = []
    before = 0
    for _ in range(PAGES):  # where drills are flown each night, the real ones lie far behind
        page = journal.newest(INCIDENTS, before, system)
        found += [one for one in page if drill or one.mode != "drill"]
        if len(found) >= INCIDENTS or len(page) < INCIDENTS:
            break
        before = page[-1].number
    return found[:INCIDENTS]


def _told(journal: SqliteJournal, one: IncidentSummary) -> tuple[Trouble, Release | None]:
    """An incident, and what it proved. One that is closed stays as it is: it is read once."""
    key = (str(journal.folder), one.id, one.closed_at)
    found = _KNOWN.get(key)
    if found is None:
        plans = _plans(journal, one.id)
        plan = plans[-1] if plans else None
        target = plan.target.identity if plan is not None else ""
        fled = plan.running if plan is not None and plan.running != target else ""
        before = tuple(dict.fromkeys(each.running for each in plans if each.running not in ("", target, fled)))
        proven = None
        if plan is not None and one.outcome == "recovered" and fled:
            began, at = _flown(journal, one.id, plan)
            proven = _as_proven(plan.target, one.id, began, at or one.closed_at)
        found = Trouble(one.id, one.declared_at, one.outcome, one.closed_at, fled, target, before), proven
        if one.outcome:
            _KNOWN[key] = found
    return found


_KNOWN: dict[tuple[str, str, str], tuple[Trouble, Release | None]] = {}


def _as_proven(target: Release, incident: str, began: str, at: str) -> Release:
    """The target as the record knows it; what was noted of it then may be no more so."""
    return Release(
        name=target.name,
        commit=target.commit,
        images=target.images,
        digests=target.digests,
        source=incident,
        created=target.created,
        live_since=at,
        ended="ok",
        way_back=WayBack.UNKNOWN,
        subject=target.subject,
        author=target.author,
        deployments=(Deployed(at, began, ended="ok", trigger=f"{BY_ROLLBACK} of {incident}"),),
    )


def _plans(journal: SqliteJournal, incident: str) -> list[Plan]:
    """The plans that were drawn for the code, the last one last, as far as this version can read them."""
    found: list[Plan] = []
    for event in journal.events_of_kinds(incident, ("plan.drawn",)):
        try:
            plan = Plan.from_json(event.data["plan"])
        except (ValueError, KeyError):
            continue  # of another version: what it knew of releases must not stop this incident
        if plan.option != "database":
            found.append(plan)
    return found


def _flown(journal: SqliteJournal, incident: str, plan: Plan) -> tuple[str, str]:
    """When its first step that changes something began, and when the one that proves had passed; empty: not told."""
    proving = {step.code for step in plan.steps if step.proves}
    changing = {step.code for step in plan.steps if step.risk is not Risk.READ}
    began, runs = "", set()
    for event in journal.events_of_kinds(incident, ("step.started", "step.finished")):
        data = event.data
        if event.kind == "step.started" and data.get("digest") == plan.digest:
            began = began or (event.at if data.get("code") in changing else "")
            runs |= {int(data["run"])} if data.get("code") in proving else set()
        elif event.kind == "step.finished" and data.get("run") in runs and data.get("outcome") == "done":
            return began, event.at
    return began, ""
