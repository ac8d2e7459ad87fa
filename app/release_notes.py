"""What our own store knows of a release that the plan to it must say: that it is golden, and what environment it ran
with. Nothing here stands in a plan's way: what cannot be learnt is a note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal
from actions.model.errors import GoaroundError
from actions.model.golden import pin_of
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.release import Release
from actions.model.release_history import History
from actions.model.release_rows import Listing
from app import golden_file

if TYPE_CHECKING:
    from actions.model.ports import World
    from actions.model.system import Settings


def notes_of(journal: SqliteJournal, settings: Settings, world: World, release: Release) -> tuple[Note, ...]:
    """Golden by whom, and which variables are others now than when it ran. Asks the world where one was kept."""
    pins, trouble = golden_file.read(journal.folder, settings.system.name, drill=settings.system.environment == "drill")
    pin = pin_of(pins, release)
    notes = [NoteKind.GOLDEN.note(pin.words())] if pin is not None else []
    if trouble:
        notes.append(NoteKind.HISTORY_UNUSED.note(trouble))
    found = _environment(journal, settings, world, release)
    return (*notes, found) if found is not None else tuple(notes)


def _environment(journal: SqliteJournal, settings: Settings, world: World, release: Release) -> Note | None:
    from app.environment_reading import compare, source_of

    option = "coolify" if release.source.startswith("coolify") else "compose" if release.images else "git"
    if not source_of(settings, option):
        return None
    row = History("", (Listing("", (release,)),), now=world.clock.now()).row(0)
    try:
        compared = compare(settings, world, journal, release, row.lives, option)
    except GoaroundError as error:
        return NoteKind.ENVIRONMENT_UNKNOWN.note(f"whether the environment changed is not known: {error.line()}")
    if compared.found is None:
        return NoteKind.ENVIRONMENT_UNKNOWN.note(compared.why) if compared.kept else None
    words = f"environment since the target ran: {compared.words()}"
    if compared.found.differs or compared.found.untold:
        return NoteKind.ENVIRONMENT_CHANGED.note(f"{words}; going back changes none of it")
    return NoteKind.ENVIRONMENT_SAME.note(words)
