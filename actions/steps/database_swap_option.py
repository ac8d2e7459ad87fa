"""Draws the second stage of the database option: stop who writes, count once more, swap, start, prove.

Drawn when a verified side database of the incident stands. What is lost is counted anew here, so that the number in
the plan, over which people approve, is the one of its moment.
"""

from __future__ import annotations

from datetime import timedelta

from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.database_names import side_name
from actions.model.effect_side import AwaitNoSessions, MeasureLoss
from actions.model.loss import LossReport
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.plan import Plan, PlannedStep
from actions.model.ports import World
from actions.model.release import Release
from actions.model.sensor_rules import size_words
from actions.model.side_note import SideNote
from actions.model.swap_sql import SwapNames
from actions.model.system import Settings
from actions.model.system_checks import seconds_of
from actions.steps.compose_wait import AwaitHealthy
from actions.steps.database_census import Census, take
from actions.steps.database_loss import CountLoss
from actions.steps.database_preflight import LiveDatabase
from actions.steps.database_prove import ProveDatabase
from actions.steps.database_quiesce import AwaitQuiet, StartServices, StopWriters
from actions.steps.database_releases import running_identity
from actions.steps.database_server import server_facts
from actions.steps.database_swap import SwapDatabases
from actions.steps.loss_reading import measure, shapes
from actions.steps.planned import planned, probes_of
from actions.steps.sessions import told

WAIT_S = 30
"""How long sessions may take to go, once their services are stopped."""
TABLES_SHOWN = 12


def draw(
    settings: Settings,
    release: Release,
    world: World,
    incident: str,
    client: DatabaseClient,
    live: LiveDatabase,
    side: str,
    sides: dict[str, SideNote],
    mark: str,
) -> Plan:
    """The plan that puts ``side`` in the place of the live database. Reads both; raises what reading raises."""
    table, note = settings.database, sides[side]
    assert table is not None  # the caller has looked
    names = SwapNames(live.name, side, side_name(live.name, "pre_rb", mark))
    report = _loss(world, client, names, note)
    census = take(settings, world, client, live.name)
    drawn = stamp(world.clock.now())
    due = stamp(world.clock.now() + timedelta(seconds=seconds_of("drop_after", table.drop_after)))
    again = MeasureLoss(
        host=world.host.name,
        client=client,
        live=live.name,
        side=side,
        incident=incident,
        since=note.at,
        changes=False,
        at_most=report.rows,
        export=f"lost-{side}",
        encrypt_to=world.evidence.encrypts_to,
    )
    swap = SwapDatabases(
        client=client,
        incident=incident,
        names=names,
        loss=report.words(),
        counted=report.counted,
        drawn=drawn,
        size=size_words(live.size),
        due=due,
    )
    prove = ProveDatabase(
        client=client,
        live=live.name,
        backup=release.name,
        identity=release.identity,
        table=_tried(world, client, side),
        probes=probes_of(settings),
    )
    steps, stopped = _quiesce(settings, world, incident, client, names, census, note)
    steps += [
        planned(CountLoss(again), code="Y2", phase="carry out", needs=("Y1",), about_s=5, silent_s=300),
        planned(swap, code="Y3", phase="carry out", needs=("Y1", "Y2"), about_s=2, silent_s=60),
    ]
    steps += _start(settings, world, census, stopped)
    last = steps[-1].code
    silent = max([60, *(probe.deadline for probe in settings.probe)])
    steps.append(
        planned(
            prove,
            code="Y6",
            phase="carry out",
            needs=(last,),
            proves=True,
            about_s=settings.prove.seconds + 2,
            silent_s=silent,
        )
    )
    return Plan(
        option="database",
        system=settings.system.name,
        target=release,
        running=running_identity(live.name, sides),
        drawn={"time": drawn, "mark": mark, "side": side, "kept": names.kept},
        steps=tuple(steps),
        notes=(
            *_loss_notes(report, note),
            *_notes(settings, census, names, live, stopped),
            *_schema_notes(world, client, names),
        ),
        facts={
            "stage": "swap",
            "database": sanitise(live.name),
            "size": size_words(live.size),
            "backup": note.path,
            "verified": note.verified,
            "loss": report.words(),
            "loss rows": str(report.rows),
            "loss at": report.at,
        },
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


def _quiesce(
    settings: Settings,
    world: World,
    incident: str,
    client: DatabaseClient,
    names: SwapNames,
    census: Census,
    note: SideNote,
) -> tuple[list[PlannedStep], tuple[str, ...]]:
    """The step that stops, and everything that is stopped then: by an earlier plan, too."""
    stopped = tuple(sorted({*note.stopped, *census.stop}))
    if not census.stop:
        quiet = AwaitQuiet(AwaitNoSessions(client, names.live, 5 if census.facts is None else WAIT_S))
        return [planned(quiet, code="Y1", phase="carry out", about_s=2)], stopped
    services = census.services(census.stop, world.host.name)
    stop = StopWriters(client, incident, names.live, names.side, services, stopped, WAIT_S)
    return [planned(stop, code="Y1", phase="carry out", about_s=15, silent_s=90)], stopped


def _start(settings: Settings, world: World, census: Census, stopped: tuple[str, ...]) -> list[PlannedStep]:
    """What was stopped is started, but for what migrates; and waited for."""
    if census.facts is None or settings.compose is None:
        return []
    names = tuple(one for one in stopped if one not in census.jobs)
    if not names:
        return []
    start = StartServices(census.services(names, world.host.name), tuple(sorted(census.jobs)))
    images = {
        name: max(census.facts.of(name), key=lambda one: one.created_at).image_id
        for name in names
        if census.facts.of(name)
    }
    table = settings.compose
    wait = AwaitHealthy(world.host.name, census.facts.project.name, images, table.health_deadline, table.steady)
    return [
        planned(start, code="Y4", phase="carry out", needs=("Y3",), about_s=15, silent_s=90),
        planned(wait, code="Y5", phase="carry out", needs=("Y4",), silent_s=table.health_deadline + 10),
    ]


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
