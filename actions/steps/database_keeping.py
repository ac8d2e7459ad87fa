"""What every first plan of the database option has: the present state is kept, and what stands beside is told."""

from __future__ import annotations

from actions.model.database_client import DatabaseClient
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.side_note import SideNote
from actions.model.system import Settings
from actions.steps.database_snapshot import draw_snapshot
from actions.steps.planned import planned


def keep_present(
    settings: Settings, world: World, client: DatabaseClient, incident: str
) -> tuple[tuple[PlannedStep, ...], tuple[Note, ...], bool | None]:
    """The dump of the present state, and whether its time was measured; without a folder for it, a note."""
    if settings.database is None or not settings.database.keep:
        words = "the present state is not dumped first: database.keep names no folder (the database itself is kept)"
        return (), (NoteKind.PRESENT_NOT_KEPT.note(words),), None
    drawn = draw_snapshot(settings, world, incident, client)
    step = planned(
        drawn.step, code="B1", phase="before", gate=True, about_s=drawn.about_s, silent_s=drawn.about_s * 3 + 120
    )
    return (step,), tuple(NoteKind.KEEPING_TAKES.note(words) for words in drawn.notes), drawn.measured


def left_beside(sides: dict[str, SideNote], live: str, incident: str) -> list[Note]:
    """A note for each database of this incident."""
    out = []
    for side, note in sorted(sides.items()):
        if note.goaround == incident and side != live:
            what = "was live: it is never dropped by itself" if note.live else f"{note.state}, from {note.path}"
            out.append(NoteKind.SIDE_LEFT.note(f"{sanitise(side)} stands beside: {what}"))
    return out
