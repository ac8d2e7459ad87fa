"""Reads what the readiness cards need: the configured file of each release, and the ages of the backups.

It asks the host, so it is called from a thread. It never stands in anybody's way: what cannot be read becomes a note.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp
from actions.model.codec import to_json
from actions.model.errors import GoaroundError
from actions.model.events import Observed
from actions.model.outside_text import sanitise
from actions.model.procedure import Procedure
from actions.model.quick_dataclass import replace
from actions.model.readiness import Card, Known, card, deployed_words
from actions.model.readiness_backups import Proof
from actions.model.readiness_file import MOST_BYTES, Said, file_of, of_release, parse
from actions.model.release import Release, WayBack, short_id
from actions.model.sensing import reading
from app.session import Session

if TYPE_CHECKING:
    from actions.model.backup_file import BackupFile

NOTED = 12
"""So many releases say in the history with which gaps they were deployed: each is a file to be read."""


def read_cards(session: Session, procedure: Procedure, releases: Iterable[Release] | None = None) -> tuple[Card, ...]:
    """The card of what runs, and that of the plan's target where there is one. Slow: not for the screen's thread.

    ``releases``: as they were read already; None: they are read now.
    """
    known = _around(session)
    if releases is None:
        try:
            releases = session.releases()
        except GoaroundError as error:
            releases = ()
            known = replace(known, notes=(*known.notes, f"the releases cannot be read: {error.line()}"))
    running = next((one for one in releases if one.way_back is WayBack.RUNNING), None)
    plan = session.incident.plan
    name = f"runs now: {_named(running)}" if running else "what runs now (not known)"
    cards = [card(procedure, name, _of(session, known, running))]
    if plan is not None and (running is None or plan.target.identity != running.identity):
        cards.append(card(procedure, f"target: {_named(plan.target)}", _of(session, known, plan.target)))
    return tuple(cards)


def _named(release: Release) -> str:
    identity = short_id(release.identity)
    return release.name if release.name in identity or not identity else f"{release.name} ({identity})"


def _around(session: Session) -> Known:
    """What is the same for every release."""
    incident, settings = session.incident, session.settings
    data = incident.declared.settings if incident.declared else session.redactor.redact_json(to_json(settings))
    known = Known(data, marks=incident.marks, newest_backup=reading(incident, "backup.current"))
    table = settings.database
    if table is None or not (table.backups or table.keep):
        return replace(known, backups="nobody said, and neither [database] backups nor keep is configured")
    now = session.clock.now().timestamp()
    try:
        found = _backups(session)
    except GoaroundError as error:
        return replace(known, backups=f"cannot be looked at: {error.line()}")
    # Those that are known to be no source (empty, unfinished) hold nothing that could be restored.
    ages = tuple(int(now) - one.mtime for one in found if one.size and not one.problem)
    known = replace(known, proof=_newest_proof(session, found))
    places = " or ".join(filter(None, (table.backups, table.keep)))
    return replace(known, backup_ages_s=ages, backups=sanitise(places, limit=120))


def _backups(session: Session) -> tuple[BackupFile, ...]:
    """All that lie in the folder of the daily ones and in that of those that were made here."""
    from actions.steps.backups import backups
    from actions.steps.database_reach import client_of

    client, table = None, session.settings.database
    if table is not None and table.name:
        with contextlib.suppress(GoaroundError):  # what lies on the system's host is listed all the same
            client = client_of(session.settings, session.world())
    return backups(session.settings, session.world(), client)


def _newest_proof(session: Session, found: tuple[BackupFile, ...]) -> Proof | None:
    """What ``goaround ready --restore`` proved last, of a backup that still lies there; None: nothing is known."""
    try:
        proven = [(one.proven, one.name) for one in found if one.proven]
        proof, name = max(proven, key=lambda one: one[0].at)
        age_s = int((session.clock.now() - parse_stamp(proof.at)).total_seconds())
    except ValueError:  # none is proven
        return None
    return Proof(sanitise(name, limit=80), age_s, proof.rows, proof.seconds, proof.differences)


def _of(session: Session, known: Known, release: Release | None) -> Known:
    try:
        said, why = said_of(session, release)
    except GoaroundError as error:
        return replace(known, notes=(*known.notes, error.line()))
    return replace(known, said=said, notes=(*known.notes, *((why,) if why else ())))


def said_of(session: Session, release: Release | None) -> tuple[dict[str, Said], str]:
    """What the file says of this release, safe to be shown; and why there is nothing, where a file is configured.

    Raises GoaroundError, one clear line, for a file that cannot be read or understood.
    """
    template = session.settings.readiness.file
    if not template:
        return {}, ""
    path, why = file_of(template, release)
    shown = sanitise(path or template, limit=200)
    if not path:
        return {}, f"{shown}: {why}"
    content = session.world().host.read_file(path, MOST_BYTES)
    if content is None:
        return {}, f"{shown}: there is no such file"
    found = parse(content, shown)
    safe = session.clean
    return {
        safe(name, 200): Said(one.ok, safe(one.seen, 120), safe(one.by, 60), safe(one.at, 40))
        for name, one in found.items()
    }, ""


def with_gaps(session: Session, releases: tuple[Release, ...]) -> tuple[Release, ...]:
    """The same releases; those whose file tells of gaps say so. What runs puts its gaps on record, once an incident."""
    if not session.settings.readiness.file:
        return releases
    each = of_release(session.settings.readiness.file)
    noted: list[Release] = []
    for number, release in enumerate(releases):
        runs = release.way_back is WayBack.RUNNING
        if not runs and (not each or number >= NOTED):
            noted.append(release)
            continue
        try:
            said, _ = said_of(session, release)
        except GoaroundError:
            said = {}  # the card says why; the history goes without a word of it
        words = deployed_words(said)
        noted.append(replace(release, note="; ".join(filter(None, (words, release.note)))) if words else release)
        if runs and said:
            _record(session, release, said)
    return tuple(noted)


def _record(session: Session, release: Release, said: dict[str, Said]) -> None:
    """So that it can be seen later which gaps led to a rollback."""
    what = f"readiness of {sanitise(release.name, limit=80)}"
    incident = session.incident
    if not session.driver or incident.declared is None or incident.closed or what in incident.observations:
        return
    gaps = [name for name, one in said.items() if not one.ok]
    seen = f"{deployed_words(said)}: {', '.join(gaps)}" if gaps else f"{len(said)} items said, no gaps"
    with contextlib.suppress(GoaroundError):  # the lease was lost meanwhile: whoever flies now says it
        session.record(Observed(0, what, not gaps, session.clean(seen, 300), "deployed without gaps"))
