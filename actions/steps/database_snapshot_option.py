"""Draws the first plan over a snapshot: the present state is kept, the snapshot verified, the loss counted.

Nothing is restored. The second plan is that of a restored backup: the snapshot itself, no copy of it, is swapped in.
"""

from __future__ import annotations

from actions.model.clock import parse_stamp, span, stamp
from actions.model.effect_snapshot import AdoptSnapshot
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import PREPARES, Plan
from actions.model.release import Release
from actions.model.sensor_rules import size_words
from actions.model.side_note import SideNote
from actions.model.system import seconds_of
from actions.steps.database_adopt import VerifySnapshot
from actions.steps.database_keeping import keep_present, left_beside
from actions.steps.database_loss import CountLoss
from actions.steps.database_preflight import clocks
from actions.steps.database_releases import deployment, running_identity
from actions.steps.database_timing import AFTER_S, beside
from actions.steps.drawing_ground import DrawingGround
from actions.steps.planned import planned
from actions.steps.snapshot_releases import find_snapshot, warnings
from actions.steps.snapshots import Snapshot

COUNTED_PER_S = 400_000_000
"""Bytes of a database whose rows are counted; and four times as long until they are compared with those of another."""


def draw(ground: DrawingGround, release: Release, sides: dict[str, SideNote]) -> Plan:
    """The plan that makes this snapshot ready for the swap. Raises Refused with the reason and the next move."""
    settings, world, client, live = ground.settings, ground.world, ground.client, ground.live
    one = find_snapshot(release, world, client, live.name)
    kept, kept_notes, dump_known = keep_present(settings, world, client, ground.incident)
    verify = VerifySnapshot(_adoption(ground, release, one), ground.due())
    loss = CountLoss(ground.loss(one.name, one.at))
    about = max(1, live.size // COUNTED_PER_S)
    needs = tuple(step.code for step in kept)
    steps = (
        *kept,
        planned(verify, code="X2", phase="carry out", needs=needs, about_s=about, silent_s=about * 8 + 120),
        planned(loss, code="X3", phase="carry out", needs=("X2",), about_s=about * 4, silent_s=about * 16 + 120),
    )
    return Plan(
        option="database",
        system=settings.system.name,
        target=release,
        running=running_identity(live.name, sides),
        drawn={"time": stamp(world.clock.now()), "mark": ground.mark, "side": one.name},
        steps=steps,
        notes=(*_notes(ground, one, sides), beside(), *kept_notes),
        facts={
            "stage": PREPARES,
            "database": sanitise(live.name),
            "size": size_words(live.size),
            "backup": sanitise(one.name),
            **({} if dump_known is False else _timed(dump_known)),
        },
    )


def _adoption(ground: DrawingGround, release: Release, one: Snapshot) -> AdoptSnapshot:
    live = ground.live
    note = SideNote(
        goaround=ground.incident,
        backup=release.identity,
        path=sanitise(one.name),
        at=one.at,
        state="restored",
        comment=live.shape.comment,
    )
    return AdoptSnapshot(ground.client, live.name, one.seen, note, ground.settings.django is not None)


def _timed(dump: bool | None) -> dict[str, str]:
    first = "" if dump is None else "the dump as it took last, "
    return {"timed": f"{first}nothing is restored; the swap after it about {span(AFTER_S)}", "then s": str(AFTER_S)}


def _notes(ground: DrawingGround, one: Snapshot, sides: dict[str, SideNote]) -> tuple[Note, ...]:
    table, world, incident = ground.table, ground.world, ground.incident
    out = [
        NoteKind.ONLY_PREPARES.note(
            "this plan verifies the snapshot and counts what is lost; nothing that runs is changed. "
            "Choose the snapshot again when it is done: that draws the swap"
        ),
        _itself(sanitise(one.name), "until the swap is drawn undo of X2 gives it back as one"),
        *clocks(ground.live),
        *(NoteKind.SNAPSHOT_WARNS.note(words) for words in warnings(one)),
    ]
    if one.adopted and one.adopted != incident:
        words = f"it was verified for {one.adopted}, which has not swapped it in: this plan takes it over"
        out.append(NoteKind.SNAPSHOT_WARNS.note(words))
    age = round((world.clock.now() - parse_stamp(one.at)).total_seconds())
    if age > seconds_of("backup_max_age", table.backup_max_age):
        words = f"it is {span(age)} old, and backup_max_age is {table.backup_max_age}: all that came since is lost"
        out.append(NoteKind.SNAPSHOT_WARNS.note(words))
    deployed, name = deployment(world)
    if deployed and one.at > deployed:
        words = f"the snapshot was taken after the deployment of {name}: it may hold what that did to the data"
        out.append(NoteKind.BACKUP_AFTER.note(words))
    others = {side: note for side, note in sides.items() if side != one.name}
    return (*out, *left_beside(others, table.name, incident))


def itself(note: SideNote, side: str) -> tuple[Note, ...]:
    """Of the second plan, where it is a snapshot that is swapped in."""
    return (_itself(sanitise(side), "after the swap its undo keeps it, because it was live"),) if note.snapshot else ()


def _itself(name: str, then: str) -> Note:
    words = f"{name} itself is swapped in, no copy: that takes a moment, and from then on it is no snapshot any more"
    return NoteKind.SNAPSHOT_ITSELF.note(f"{words}; {then}")
