"""Draws the way back over a backup or a snapshot, in two stages: beside the live database first, then the swap.

The first plan restores, verifies and counts, and changes nothing that runs; the second is drawn when that stands, so
that approvals are over the number of rows that are lost. Every name and time is drawn once, here.
"""

from __future__ import annotations

import re
import string
from dataclasses import replace

from actions.model.backup_file import BackupFile, Inspected
from actions.model.clock import span, stamp
from actions.model.database_names import side_name
from actions.model.errors import BadInput, Refused, Unreachable
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import PREPARES, Plan
from actions.model.ports import World
from actions.model.release import Release
from actions.model.sensor_rules import size_words
from actions.model.side_note import SideNote
from actions.model.system import Settings
from actions.steps import database_snapshot_option, database_swap_option
from actions.steps.backup_inspect import inspect
from actions.steps.database_drawing import Beside, analyze_side, restore_step, verify_step
from actions.steps.database_keeping import keep_present, left_beside
from actions.steps.database_loss import CountLoss
from actions.steps.database_preflight import LiveDatabase, check, clocks, connections, live_database, room
from actions.steps.database_reach import client_of, place_of
from actions.steps.database_releases import deployment, find, releases, running_identity
from actions.steps.database_timing import beside, prepared
from actions.steps.drawing_ground import DrawingGround
from actions.steps.planned import planned
from actions.steps.side_reading import notes as side_notes
from actions.steps.snapshot_releases import SNAPSHOT

BYTES_PER_S = 15_000_000
"""Of a database that a restore writes at least, for the estimate of time."""


def draw(settings: Settings, release: Release, world: World, incident: str) -> Plan:
    """The plan that restores this backup beside, or, where that is done, the one that swaps.

    Reads the whole backup. Raises BadInput or Refused with the reason and the next move.
    """
    table = settings.database
    if table is None or not table.name:
        raise BadInput("no database is configured", "", "set name and reach in a [database] table")
    client = client_of(settings, world)
    try:
        live = live_database(world, client, table.name)
    except Unreachable as error:
        from actions.steps.database_files import draw_down  # only then

        return draw_down(settings, release, world, incident, client, error)
    check(live)
    ground = DrawingGround(settings, table, world, client, live, incident, mark_of(world, incident, live))
    sides = side_notes(world, client)
    ready = _ready(sides, release, incident)
    if ready:
        return database_swap_option.draw(ground, release, ready, sides)
    if release.source == SNAPSHOT:
        return database_snapshot_option.draw(ground, release, sides)
    connections(live, table.jobs)
    backup = find(release, settings, world, client, incident)
    inspected = _inspected(ground, backup)
    return _prepare(ground, release, inspected, sides)


def mark_of(world: World, incident: str, live: LiveDatabase) -> str:
    """What makes the drawn names this plan's own: the end of the incident's name, and the time."""
    tail = re.sub(r"[^a-z0-9]+", "", incident.casefold())[-6:] or "x"
    mark = f"{tail}_{world.clock.now():%d%H%M%S}"
    taken = (f"{mark}{letter}" for letter in ("", *string.ascii_lowercase))
    free = (one for one in taken if not {side_name(live.name, kind, one) for kind in ("rb", "pre_rb")} & live.databases)
    found = next(free, "")
    if not found:
        raise Refused("no name is free for a database beside the live one", mark, "wait a second and draw again")
    return found


def _ready(sides: dict[str, SideNote], release: Release, incident: str) -> str:
    """The side database of this incident that holds the backup, verified and never live; the newest."""
    fitting = [
        name
        for name, note in sides.items()
        if note.goaround == incident and note.backup == release.identity and note.usable
    ]
    return max(fitting, default="")


def _inspected(ground: DrawingGround, backup: BackupFile) -> Inspected:
    place_of(ground.world, ground.client, backup)
    found = inspect(ground.world, ground.client, backup, ground.table)
    against = found.blocking()
    if against or not found.whole:
        words = "; ".join(one.words for one in against[:3]) or "it is not whole"
        raise Refused(f"{backup.name} must not be restored", words, "choose another backup", code="backup-unusable")
    return found


def _prepare(ground: DrawingGround, release: Release, found: Inspected, sides: dict[str, SideNote]) -> Plan:
    table, world, live = ground.table, ground.world, ground.live
    side = side_name(table.name, "rb", ground.mark)
    space = room(world, ground.client, live)
    kept, kept_notes, dump_known = keep_present(ground.settings, world, ground.client, ground.incident)
    ground_of = (ground.settings, world, ground.client, live, found, Beside(ground.incident, side, ground.mark))
    restore = restore_step(*ground_of)
    # As the list named it: what was listed without a checksum stays named so, until it is swapped in.
    restore = replace(restore, source=replace(restore.source, identity=release.identity), due=ground.due())
    verify = verify_step(*ground_of)
    loss = CountLoss(ground.loss(side, restore.source.at), analyze_side(ground.client, side, table.jobs))
    about, whence = restore_s(found, live.size)
    needs = tuple(step.code for step in kept)
    steps = (
        *kept,
        planned(restore, code="X1", phase="carry out", needs=needs, about_s=about, silent_s=about * 3 + 120),
        planned(verify, code="X2", phase="carry out", needs=("X1",), about_s=about // 3 + 1, silent_s=about + 120),
        planned(loss, code="X3", phase="carry out", needs=("X2",), about_s=about // 2 + 1, silent_s=about + 120),
    )
    return Plan(
        option="database",
        system=ground.settings.system.name,
        target=release,
        running=running_identity(table.name, sides),
        drawn={"time": stamp(world.clock.now()), "mark": ground.mark, "side": side},
        steps=steps,
        notes=(*_notes(ground, found, sides, restore.source.at), _takes(about, whence), beside(), *space, *kept_notes),
        facts={
            "stage": PREPARES,
            "database": sanitise(table.name),
            "size": size_words(live.size),
            "backup": found.backup.path,
            "sha256": found.backup.sha256,
            **prepared(dump_known, whence != GUESSED),
        },
    )


GUESSED = "guessed from its size: no trial has shown it"


def restore_s(found: Inspected, size: int) -> tuple[int, str]:
    """Seconds that the restore will take, and how that is known: from its trial, else from the size in bytes."""
    proven = found.backup.proven
    if proven is not None and proven.sha256 == found.backup.sha256:
        return max(2, proven.seconds), f"as in the trial of {proven.at[:10]}"
    return max(2, size // BYTES_PER_S), GUESSED


def _takes(about: int, whence: str) -> Note:
    return NoteKind.RESTORE_TAKES.note(f"the restore takes about {span(about)}, {whence}")


def _notes(ground: DrawingGround, found: Inspected, sides: dict[str, SideNote], at: str) -> tuple[Note, ...]:
    out = [
        NoteKind.ONLY_PREPARES.note(
            "this plan restores beside the live database and counts what is lost; nothing that runs is changed. "
            "Choose the backup again when it is done: that draws the swap"
        )
    ]
    out += clocks(ground.live)
    if far := place_of(ground.world, ground.client, found.backup):
        out.append(NoteKind.BACKUP_WARNS.note(far))
    out += [NoteKind.BACKUP_WARNS.note(one.words) for one in found.warnings]
    deployed, name = deployment(ground.world)
    if deployed and at > deployed:
        words = f"the backup was made after the deployment of {name}: it may hold what that did to the data"
        out.append(NoteKind.BACKUP_AFTER.note(words))
    if not found.facts.rows:
        words = "how many rows the backup held is not known: that all of them are there cannot be verified"
        out.append(NoteKind.ROWS_UNKNOWN.note(words))
    out += left_beside(sides, ground.table.name, ground.incident)
    return tuple(out)


__all__ = ["draw", "mark_of", "releases"]
