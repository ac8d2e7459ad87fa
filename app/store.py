"""Opens a session on a configuration: store, redactor, person and worker put together."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model.clock import Clock, SystemClock
from app.known import known_releases
from app.places import store_folder
from app.secrets_in import redactor_for
from app.session import Session
from app.settings import Loaded
from app.who import who_am_i

if TYPE_CHECKING:
    from actions.model.note import Note
    from actions.model.ports import World
    from actions.model.release import Release


def open_session(loaded: Loaded, *, store: str = "", acting_as: str = "", clock: Clock | None = None) -> Session:
    """A session on this configuration; nothing is declared and no lease is taken yet."""
    clock = clock or SystemClock()
    folder = store_folder(loaded.settings, store)
    journal = SqliteJournal(folder, clock)
    redactor = redactor_for(loaded.settings)

    def argv(incident: str) -> tuple[str, ...]:
        from app.worker import worker_argv

        return worker_argv(folder, incident)

    def world(loaded: Loaded, incident_folder: Path) -> World:
        from app.environment_values import with_environments
        from app.world import build_world

        known = known_releases(journal, loaded.settings.system.name)
        world = build_world(loaded, incident_folder, redactor, known, store=folder)
        incident = incident_folder.name if incident_folder != journal.folder else ""
        world = with_environments(world, journal, loaded.settings, incident)
        return replace(world, notes_of=functools.partial(_notes_of, journal, loaded, world))

    return Session(
        loaded=loaded,
        journal=journal,
        clock=clock,
        who=who_am_i(loaded.settings.people, acting_as),
        redactor=redactor,
        worker_argv=argv,
        build_world=world,
    )


def _notes_of(journal: SqliteJournal, loaded: Loaded, world: World, release: Release) -> tuple[Note, ...]:
    from app.release_notes import notes_of  # a plan is drawn: the screen stands

    return notes_of(journal, loaded.settings, world, release)
