"""Draws the way back over migrations: keep the database, see who is in the way, take back, ask for the verdict again.

It is drawn only where the verdict is REVERSE FIRST, and it brings no code back: the option of the code follows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.model.clock import stamp
from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskLocks, AskSchema, RunMigrate
from actions.model.errors import BadInput, Refused
from actions.model.migrations import GoBack, Migration, SchemaVerdict, Verdict, forward
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import Plan, PlannedStep
from actions.model.ports import World
from actions.model.quick_dataclass import replace
from actions.model.release import Release
from actions.model.step import Step
from actions.model.system import Settings, seconds_of
from actions.model.system_database import DatabaseTable, DjangoTable
from actions.steps.database_snapshot import draw_snapshot
from actions.steps.hand_sql import draw_hand_sql, draw_try
from actions.steps.migration_fake import FakeReversal
from actions.steps.migration_fake_option import forward_step, taken_back_already, there_already, unproven
from actions.steps.migration_reverse import ReverseMigrations, ReverseWithLoss
from actions.steps.planned import planned
from actions.steps.schema_check import CheckLocks, CheckSchema
from actions.steps.schema_code import question
from actions.steps.schema_notes import facts_of, notes_of, state_notes
from actions.steps.schema_proof_notes import kept_sql_notes, kept_words, proof_notes
from actions.steps.schema_reading import Answered, ask_schema, backwards_sql, counts, diagnosis_of

SILENT_S = 300
"""Real reversals take minutes, and say nothing in between."""
SQL_LINES = 400
"""Lines of SQL shown of each reversal; all of it is drawn by Django itself when it runs."""
_TABLE = re.compile(
    r"\b(?:ALTER TABLE|DROP TABLE|UPDATE|DELETE FROM|INSERT INTO|REFERENCES|TRUNCATE)\s+"
    r'(?:IF EXISTS\s+|ONLY\s+)*"([^"]+)"'
)


def draw(settings: Settings, release: Release, world: World, incident: str) -> Plan:
    """The plan that takes back what this release does not know. Reads only.

    Raises Refused where there is nothing to take back, or where it cannot be taken back, with what is left.
    """
    table, database = _tables(settings)
    asked = question(settings, world, release)
    answered = ask_schema(world, asked)
    found = answered.verdict
    if found.verdict is Verdict.IRREVERSIBLE and table.reverse_sql:
        return _by_hand(settings, release, world, incident, asked, found)
    if plan := _recorded_only(settings, release, world, incident, asked, answered):
        return plan
    _refuse(world, release, found)
    assert answered.running is not None  # the verdict stands on it
    numbers = counts(world, asked.client, asked.database, found.drops)
    sql = backwards_sql(world, asked.running, [m for row in found.back for m in row.takes])
    state = diagnosis_of(world, asked.client, asked.database, answered.running, answered.rows)
    lost = {str(drop): count for drop, count in numbers.items()}
    proof = taken_back_already(world, asked, found, state, answered.running)
    step = _step(table, asked, answered, lost, sql, incident, fake=bool(proof.moves))
    steps, notes = _kept(settings, database, world, incident, asked, isinstance(step, ReverseWithLoss))
    tables = sorted(
        {drop.table for drop in found.drops} | {name for text in sql.values() for name in _TABLE.findall(text)}
    )
    locks = CheckLocks(AskLocks(asked.client, asked.database, tuple(tables)))
    notes = (*notes_of(found, numbers), *state_notes(state), *proof_notes(proof), *kept_sql_notes(world, sql), *notes)
    return _plan(settings, release, world, asked, found, steps, (locks, step), notes)


def _recorded_only(
    settings: Settings, release: Release, world: World, incident: str, asked: AskSchema, answered: Answered
) -> Plan | None:
    """The plan that records what is there already; None where nothing is. Raises Refused where that is not proven."""
    if answered.verdict.verdict is not Verdict.SAFE or not answered.verdict.missing:
        return None
    table, database = _tables(settings)
    proof, code, held = there_already(world, asked, answered)
    if not proof.moves:
        if proof.half:
            raise unproven(release.name, proof)
        return None
    step = forward_step(asked, code, held, answered.rows, proof, _lock_s(table))
    steps, notes = _kept(settings, database, world, incident, asked, False)
    locks = CheckLocks(AskLocks(asked.client, asked.database, ("django_migrations",)))
    notes = (*notes_of(answered.verdict), *proof_notes(proof), *notes)
    return _plan(settings, release, world, asked, answered.verdict, steps, (locks, step), notes, follows=False)


def _by_hand(
    settings: Settings, release: Release, world: World, incident: str, asked: AskSchema, found: SchemaVerdict
) -> Plan:
    """The plan with the file of ``django.reverse_sql`` in place of Django's own reversal."""
    table, database = _tables(settings)
    lock = _lock_s(table)
    step = draw_hand_sql(world, asked.client, asked.database, table.reverse_sql, lock)
    steps, notes = _kept(settings, database, world, incident, asked, True)
    locks = CheckLocks(AskLocks(asked.client, asked.database))
    drawn = {"sql": f"{step.path} sha256:{step.sha256}"}
    plan = _plan(settings, release, world, asked, found, steps, (locks, step), (*notes_of(found), *notes), drawn)
    tried = planned(draw_try(world, step), code="B3", phase="before", optional=True, about_s=30, silent_s=SILENT_S)
    first = len(plan.steps) - 2
    return replace(plan, steps=(*plan.steps[:first], tried, *plan.steps[first:]))


def _plan(
    settings: Settings,
    release: Release,
    world: World,
    asked: AskSchema,
    found: SchemaVerdict,
    kept: Sequence[PlannedStep],
    steps: tuple[CheckLocks, Step],
    notes: Sequence[Note],
    drawn: dict[str, str] | None = None,
    *,
    follows: bool = True,
) -> Plan:
    """What is kept, who is in the way, the step that goes back, and whether the schema fits then."""
    locks, step = steps
    before = (*(one.code for one in kept), "B2")
    return Plan(
        option="migration",
        system=settings.system.name,
        target=release,
        running=asked.running.image or asked.running.release,
        drawn={"time": stamp(world.clock.now()), **(drawn or {})},
        steps=(
            *kept,
            planned(locks, code="B2", phase="before", gate=True, about_s=1),
            planned(step, code="X1", phase="carry out", needs=before, about_s=60, silent_s=SILENT_S),
            planned(CheckSchema(asked, Verdict.SAFE.value), code="X2", phase="carry out", needs=("X1",), silent_s=180),
        ),
        notes=(*notes, *((NoteKind.CODE_FOLLOWS.note(_follows(release)),) if follows else ())),
        facts=facts_of(found),
    )


def _follows(release: Release) -> str:
    return f"the code that runs does not fit the schema after it: switch to {release.name} at once (compose or git)"


def _tables(settings: Settings) -> tuple[DjangoTable, DatabaseTable]:
    if settings.django is None or settings.database is None or not settings.database.name:
        raise BadInput("there is no migration option", "", "add [django], and [database] with name and reach")
    return settings.django, settings.database


def _lock_s(table: DjangoTable) -> int:
    """``lock_timeout`` in seconds."""
    return round(seconds_of("lock_timeout", table.lock_timeout))


def _refuse(world: World, release: Release, found: SchemaVerdict) -> None:
    if found.verdict is Verdict.SAFE:
        raise Refused(
            f"there is nothing to take back for {release.name}",
            found.why,
            "go back with the code alone (option compose or git)",
            code="schema-safe",
        )
    if found.verdict is Verdict.IRREVERSIBLE:
        raise Refused(
            f"the migrations cannot be taken back for {release.name}",
            "; ".join(filter(None, (f"IRREVERSIBLE: {'; '.join(found.one_way)}", kept_words(world, found.unknown)))),
            ", or ".join(found.ways),
            code="schema-irreversible",
        )
    if found.verdict is Verdict.UNKNOWN:
        raise Refused(
            f"whether {release.name} can live with the schema is not known",
            "; ".join(filter(None, (found.why, kept_words(world, found.unknown)))),
            "find out first, restore the database, or fix forward",
            code="schema-unknown",
        )


def _step(
    table: DjangoTable,
    asked: AskSchema,
    answered: Answered,
    lost: dict[str, int],
    sql: dict[Migration, str],
    incident: str,
    *,
    fake: bool,
) -> ReverseMigrations:
    found, running = answered.verdict, answered.running
    assert running is not None
    lock = _lock_s(table)
    kind = FakeReversal if fake else ReverseWithLoss if any(lost.values()) else ReverseMigrations
    again = forward(found.back, running)
    return kind(
        client=asked.client,
        database=asked.database,
        target=asked.target.release,
        back=tuple(
            _run(asked, row, lock, _name(incident, "back", number), sql=_shown(row, sql), fake=fake)
            for number, row in enumerate(found.back, start=1)
        ),
        again=tuple(
            _run(asked, row, lock, _name(incident, "again", number), forward=True, fake=fake)
            for number, row in enumerate(again, start=1)
        ),
        recorded=found.recorded,
        lost=lost,
        not_atomic=found.not_atomic,
    )


def _run(
    asked: AskSchema,
    row: GoBack,
    lock: int,
    name: str,
    *,
    forward: bool = False,
    sql: str = "",
    fake: bool = False,
) -> RunMigrate:
    code: DjangoCode = asked.running
    return RunMigrate(asked.client, asked.database, code, row.app, row.to, row.takes, forward, lock, name, sql, fake)


def _name(incident: str, way: str, number: int) -> str:
    return f"goaround-migrate-{re.sub(r'[^a-z0-9]+', '-', incident.casefold()).strip('-')}-{way}-{number}"


def _shown(row: GoBack, sql: dict[Migration, str]) -> str:
    lines = []
    for migration in row.takes:
        lines.append(f"-- {migration}")
        lines += sql.get(migration, "-- sqlmigrate told nothing").strip().splitlines()
    if len(lines) > SQL_LINES:
        lines = [*lines[:SQL_LINES], f"-- and {len(lines) - SQL_LINES} more lines"]
    return "\n".join(lines)


def _kept(
    settings: Settings, database: DatabaseTable, world: World, incident: str, asked: AskSchema, lossy: bool
) -> tuple[list[PlannedStep], tuple[Note, ...]]:
    """The step that keeps the database as it is. Where values go for good, there is no plan without it."""
    if not database.keep:
        if lossy:
            raise Refused(
                "values would be dropped, and nothing keeps them",
                "no folder for backups is configured",
                'set keep = "/folder/on/another/disk" in [database]',
                code="nothing-kept",
            )
        unkept = "the database is not kept before it: database.keep is not configured"
        return [], (NoteKind.REVERSAL_UNKEPT.note(unkept),)
    drawn = draw_snapshot(settings, world, incident, asked.client)
    step = planned(drawn.step, code="B1", phase="before", gate=True, about_s=drawn.about_s, silent_s=SILENT_S)
    return [step], tuple(NoteKind.REVERSAL_KEPT.note(f"kept before it: {note}") for note in drawn.notes)
