"""Draws the second stage of the database option: stop who writes, count once more, swap, start the right code, prove.

Drawn when a verified side database of the incident stands. What is lost is counted anew here, so that the number in
the plan, over which people approve, is the one of its moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from actions.model.clock import parse_stamp, stamp
from actions.model.database_client import DatabaseClient
from actions.model.database_names import side_name
from actions.model.effect_queue import AskQueue
from actions.model.effect_side import AwaitNoSessions, MeasureLoss
from actions.model.loss import LossReport
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import SWAPS, Plan, PlannedStep
from actions.model.ports import World
from actions.model.queue_depth import Depth
from actions.model.release import Release
from actions.model.rights_sql import LACKING_SQL
from actions.model.sensor_rules import size_words
from actions.model.side_note import SideNote
from actions.model.swap_sql import SwapNames
from actions.model.system import Settings
from actions.model.system_checks import seconds_of
from actions.steps.configured_probes import configured_probes
from actions.steps.database_census import Census, take
from actions.steps.database_code import Way, choose
from actions.steps.database_code_drawing import CodeGround, CodeSteps, draw_code
from actions.steps.database_loss import CountLoss
from actions.steps.database_preflight import LiveDatabase
from actions.steps.database_prove import ProveDatabase
from actions.steps.database_quiesce import AwaitQuiet, StopWriters
from actions.steps.database_reading import ask
from actions.steps.database_releases import running_identity
from actions.steps.database_server import server_facts
from actions.steps.database_snapshot_option import itself
from actions.steps.database_swap import SwapDatabases
from actions.steps.database_timing import swapping
from actions.steps.drawing_ground import DrawingGround
from actions.steps.loss_reading import measure, shapes
from actions.steps.planned import planned
from actions.steps.queue_reading import after, question
from actions.steps.queue_reading import notes as queue_notes
from actions.steps.sessions import told

WAIT_S = 30
"""How long sessions may take to go, once their services are stopped."""
TABLES_SHOWN = 12


@dataclass(frozen=True)
class _Swap:
    """What every part of the plan needs."""

    ground: DrawingGround
    release: Release
    names: SwapNames
    note: SideNote
    census: Census
    report: LossReport
    drawn: str
    asked: AskQueue | Depth | None

    @property
    def stopped(self) -> tuple[str, ...]:
        """Everything that is stopped when the names are swapped: by an earlier plan, too."""
        return tuple(sorted({*self.note.stopped, *self.census.stop}))


def draw(ground: DrawingGround, release: Release, side: str, sides: dict[str, SideNote]) -> Plan:
    """The plan that puts ``side`` in the place of the live database. Reads both; raises what reading raises."""
    settings, world, client, live = ground.settings, ground.world, ground.client, ground.live
    note = sides[side]
    names = SwapNames(live.name, side, side_name(live.name, "pre_rb", ground.mark))
    report = _loss(world, client, names, note)
    census = take(settings, world, client, live.name)
    drawn, asked = stamp(world.clock.now()), question(settings, world, census.facts)
    swap = _Swap(ground, release, names, note, census, report, drawn, asked)
    choice = choose(settings, world, client, names, note, census.facts)
    under = CodeGround(settings, world, ground.incident, client, names, release.identity, census, swap.stopped)
    code = draw_code(under, choice)
    steps = tuple(_steps(swap, code))
    return Plan(
        option="database",
        system=settings.system.name,
        target=release,
        running=running_identity(live.name, sides),
        drawn={"time": drawn, "mark": ground.mark, "side": side, "kept": names.kept},
        steps=steps,
        notes=(
            *_loss_notes(report, note),
            *itself(note, names.side),
            swapping(steps, bool(census.stop)),
            *_notes(settings, census, names, live, swap.stopped),
            *queue_notes(world, asked),
            *code.notes,
            *(_schema_notes(world, client, names) if choice.way in (Way.NONE, Way.UNKNOWN, Way.UNASKED) else ()),
        ),
        facts={
            "stage": SWAPS,
            "database": sanitise(live.name),
            "size": size_words(live.size),
            "backup": note.path,
            "verified": note.verified,
            "loss": report.words(),
            "loss rows": str(report.rows),
            "loss at": report.at,
            "timed": "the snapshot stands there" if note.snapshot else "the restore is done; what is left is the swap",
            **code.facts,
        },
    )


def _steps(swap: _Swap, code: CodeSteps) -> list[PlannedStep]:
    """Gates, then: stop, count, swap, start the code that fits, wait, prove."""
    steps = [
        *code.before,
        _quiesce(swap, replaced=code.former is not None),
        planned(CountLoss(_again(swap)), code="Y2", phase="carry out", needs=("Y1",), about_s=5, silent_s=300),
        planned(
            _swapping(swap, code),
            code="Y3",
            phase="carry out",
            needs=("Y1", "Y2"),
            about_s=2 if code.former is None else 20,
            silent_s=60,
        ),
        *code.start,
    ]
    silent = max([60, *(probe.deadline for probe in swap.ground.settings.probe)])
    prove = planned(
        _proof(swap, code),
        code="Y6",
        phase="carry out",
        needs=(steps[-1].code,),
        proves=True,
        about_s=swap.ground.settings.prove.seconds + 2,
        silent_s=silent,
    )
    return [*steps, prove, *code.after]


def _again(swap: _Swap) -> MeasureLoss:
    """Once nobody writes: rows that were changed are known by then, and as many as are in the plan may be lost."""
    return replace(swap.ground.loss(swap.names.side, swap.note.at), changes=False, at_most=swap.report.rows)


def _swapping(swap: _Swap, code: CodeSteps) -> SwapDatabases:
    kept_for = timedelta(seconds=seconds_of("drop_after", swap.ground.table.drop_after))
    return SwapDatabases(
        client=swap.ground.client,
        incident=swap.ground.incident,
        names=swap.names,
        loss=swap.report.words(),
        counted=swap.report.counted,
        drawn=swap.drawn,
        size=size_words(swap.ground.live.size),
        due=stamp(parse_stamp(swap.drawn) + kept_for),
        code=code.former,
    )


def _proof(swap: _Swap, code: CodeSteps) -> ProveDatabase:
    lacking = ask(swap.ground.world, swap.ground.client, swap.ground.live.name, LACKING_SQL)
    return ProveDatabase(
        client=swap.ground.client,
        live=swap.ground.live.name,
        backup=swap.release.name,
        identity=swap.release.identity,
        table=_tried(swap.ground.world, swap.ground.client, swap.names.side),
        probes=configured_probes(swap.ground.settings),
        code=code.proof,
        lacking=tuple(sanitise(str(name)) for name in lacking),
        rights=True,
    )


def _loss(world: World, client: DatabaseClient, names: SwapNames, note: SideNote) -> LossReport:
    """Counted now; which rows were changed is taken from the slow count before, where nothing newer is known."""
    report, _ = measure(world, client, names.live, names.side, since=note.at, changes=False)
    return report.with_changes_of(note.loss)


def _tried(world: World, client: DatabaseClient, side: str) -> tuple[str, ...]:
    """Schema, table and column that the proof writes: of Django's own record, else of the first table with rows."""
    found = [one for _, one in sorted(shapes(world, client, side).items()) if one.columns and one.rows]
    best = next((one for one in found if one.name == "django_migrations"), found[0] if found else None)
    if best is None:
        return ()
    return (best.schema, best.name, "name" if "name" in best.columns else next(iter(best.columns)))


def _quiesce(swap: _Swap, *, replaced: bool) -> PlannedStep:
    """The step that stops what writes; where nothing can be stopped from here, the one that looks."""
    census, names = swap.census, swap.names
    before = swap.asked if isinstance(swap.asked, AskQueue) else None
    if not census.stop:
        wait = AwaitNoSessions(swap.ground.client, names.live, 5 if census.facts is None else WAIT_S)
        return planned(AwaitQuiet(wait, before), code="Y1", phase="carry out", about_s=2)
    stop = StopWriters(
        client=swap.ground.client,
        incident=swap.ground.incident,
        live=names.live,
        side=names.side,
        compose=census.services(census.stop, swap.ground.world.host.name),
        remembered=swap.stopped,
        deadline_s=WAIT_S,
        before=before,
        after=after(swap.asked),
        replaced=replaced,
    )
    return planned(stop, code="Y1", phase="carry out", about_s=15, silent_s=90)


def _loss_notes(report: LossReport, note: SideNote) -> list[Note]:
    out = [NoteKind.DATA_LOST.note(f"lost: {report.words()} (counted {report.at[:16].replace('T', ' ')}Z)")]
    out += [NoteKind.DATA_LOST.note(f"lost in {line}") for line in report.lines(TABLES_SHOWN)]
    if note.loss is not None and note.loss.changed:
        out.append(NoteKind.DATA_LOST.note(f"changed rows were counted {note.loss.at[:16].replace('T', ' ')}Z"))
    return out


def _notes(
    settings: Settings,
    census: Census,
    names: SwapNames,
    live: LiveDatabase,
    stopped: tuple[str, ...],
) -> list[Note]:
    table = settings.database
    after = table.drop_after if table is not None else ""
    out = [
        NoteKind.DATABASE_KEPT.note(
            f"the present database is kept, closed, as {names.kept} ({size_words(live.size)}); undo swaps it back; "
            f"it is never dropped by itself, and is a debt that is due in {after}"
        )
    ]
    if census.facts is None:
        words = "there is no [compose] table: stop what writes by hand; who is connected is ended by the swap"
        out.append(NoteKind.NOTHING_STOPPED.note(words))
    if census.strangers:
        out.append(NoteKind.SESSIONS_END.note(f"not ours to stop: {told(census.strangers)}"))
    held = sorted(set(census.jobs) & {*stopped, *census.jobs})
    if held:
        out.append(NoteKind.JOBS_HELD.note(f"not started, because it would migrate: {', '.join(held)}"))
    return out


def _schema_notes(world: World, client: DatabaseClient, names: SwapNames) -> list[Note]:
    """What the code that runs now would miss in the backup's schema: services start with the images they have."""
    now, then = (server_facts(world, client, name).migrations for name in (names.live, names.side))
    missing, more = [one for one in now if one not in then], [one for one in then if one not in now]
    if not missing and not more:
        return []
    parts = []
    if missing:
        parts.append(f"{len(missing)} migrations that are recorded now are not in the backup ({_some(missing)})")
    if more:
        parts.append(f"{len(more)} of the backup's are not recorded now ({_some(more)})")
    words = (
        f"code and schema must fit: {'; '.join(parts)}. The services start with the images that they have now: where "
        "those need these migrations, switch the images first (option compose), or this leaves the application broken"
    )
    return [NoteKind.SCHEMA_MUST_FIT.note(words)]


def _some(names: list[str]) -> str:
    return ", ".join(names[-3:]) + (" …" if len(names) > 3 else "")
