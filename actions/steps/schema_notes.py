"""The schema verdict in a plan: its notes, its facts, and the gate before any change of code.

Only where ``[django]`` and a named ``[database]`` are configured; elsewhere nothing is asked and nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actions.model.errors import GoaroundError
from actions.model.migrations import Dropped, SchemaVerdict, Verdict, unasked
from actions.model.naming import first_of
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import PlannedStep
from actions.model.ports import World
from actions.model.release import Release
from actions.model.schema_state import Diagnosis, Finding, Standing
from actions.model.system import Settings
from actions.steps.planned import planned
from actions.steps.schema_check import CheckSchema
from actions.steps.schema_code import configured, question
from actions.steps.schema_reading import ask_schema, counts, diagnosis_of, inside

KINDS = {
    Verdict.SAFE: NoteKind.SCHEMA_SAFE,
    Verdict.REVERSE_FIRST: NoteKind.SCHEMA_REVERSE_FIRST,
    Verdict.IRREVERSIBLE: NoteKind.SCHEMA_IRREVERSIBLE,
    Verdict.UNKNOWN: NoteKind.SCHEMA_UNKNOWN,
}
_SHOWN = 5


@dataclass(frozen=True)
class Gate:
    """What a plan that changes code has of the verdict; everything empty where it is not asked for."""

    steps: tuple[PlannedStep, ...] = ()
    notes: tuple[Note, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def gate(settings: Settings, world: World, release: Release, code: str) -> Gate:
    """The verdict for going back to this release, and the step with this code that asks again. Reads only."""
    if not configured(settings):
        return Gate()
    asked = question(settings, world, release)
    state, numbers = Diagnosis(), None
    try:
        answered = ask_schema(world, asked)
        found = answered.verdict
        if answered.rows:
            # A deployment that failed half-way is seen by the code that it brought: that which runs.
            same = asked.running.image and asked.running.image == asked.target.image
            held = answered.running or (answered.target if same else inside(world, asked.running, answered.rows))
            held = answered.target if held.unknown or held.weak else held
            state = diagnosis_of(world, asked.client, asked.database, held, answered.rows)
        if found.drops:
            numbers = counts(world, asked.client, asked.database, found.drops)
    except GoaroundError as error:
        found = unasked(error.line())
    drawn = found.verdict.value + lost_words(numbers)
    step = planned(CheckSchema(asked, drawn), code=code, phase="before", gate=True, about_s=5, silent_s=180)
    return Gate((step,), (*notes_of(found, numbers), *state_notes(state)), facts_of(found))


def lost_words(counts: dict[Dropped, int] | None) -> str:
    """``; taking back drops 3 values of column shop_order.total and 2 more``; empty where no value goes."""
    rows = [f"{n} {'values' if one.column else 'rows'} of {one}" for one, n in (counts or {}).items() if n]
    return f"; taking back drops {first_of(rows, 1)}" if rows else ""


def facts_of(found: SchemaVerdict) -> dict[str, str]:
    """The verdict as facts of a plan."""
    facts = {"schema": found.verdict.value, "schema why": found.why}
    if found.unknown:
        facts["schema unknown to the target"] = ", ".join(map(str, found.unknown))
    if found.back:
        facts["schema way back"] = "; ".join(f"migrate {row.app} {row.to}" for row in found.back)
    if found.one_way:
        facts["schema one way"] = "; ".join(found.one_way)
    return facts


def notes_of(found: SchemaVerdict, counts: dict[Dropped, int] | None = None) -> tuple[Note, ...]:
    """The verdict as notes; ``counts``: how many values are in what a reversal drops, where they were counted."""
    says = f"{found.verdict.value}: {found.why}"
    if found.verdict is Verdict.REVERSE_FIRST:
        says += " (option migration)"
    if found.ways:
        says += f"; what is left: {', or '.join(found.ways)}"
    notes = [KINDS[found.verdict].note(says)]
    if found.drops:
        rows = [f"{drop}{_counted(drop, counts)}" for drop in found.drops]
        notes.append(NoteKind.REVERSAL_DROPS.note(f"taking them back drops {first_of(rows, len(rows))}"))
    if found.noops:
        stays = f"not taken back by it, the data stay as they were made: {first_of(found.noops, _SHOWN)}"
        notes.append(NoteKind.REVERSAL_KEEPS.note(stays))
    if found.not_atomic:
        half = f"not atomic, may stay half done: {first_of(tuple(map(str, found.not_atomic)), _SHOWN)}"
        notes.append(NoteKind.NOT_ATOMIC.note(half))
    if found.missing and found.verdict is not Verdict.UNKNOWN:
        names = first_of(tuple(map(str, found.missing)), _SHOWN)
        notes.append(NoteKind.SCHEMA_AHEAD.note(f"starting the target with its migrations would apply {names}"))
    notes += [NoteKind.SCHEMA_READ_SO.note(note) for note in found.notes]
    return tuple(notes)


def state_notes(state: Diagnosis) -> tuple[Note, ...]:
    """Half-applied states as notes; none where record and schema agree."""
    rows = [f"{one.words()}; {_move(one)}" for one in state.findings]
    rows += [
        f"the index {name} is invalid: a concurrent build failed; DROP INDEX CONCURRENTLY {name}, and build it anew"
        for name in state.invalid
    ]
    return tuple(NoteKind.HALF_APPLIED.note(row) for row in rows)


def _move(one: Finding) -> str:
    """What to do about it."""
    if one.standing is Standing.NOT_THERE:
        if one.gone_proven:
            return "option migration compares the tables, and can record it as taken back, with a second person"
        return "find out who took it away: restore the database, or bring it back by hand, with a second pair of eyes"
    if one.fake_proven:
        return (
            "option migration to the release that holds it compares the tables, and can record it, with a second person"
        )
    words = "finish it, or take its parts away, with SQL by hand and a second pair of eyes; then migrate"
    return f"a migration that is not atomic failed or was killed: {words}"


def _counted(drop: Dropped, counts: dict[Dropped, int] | None) -> str:
    if counts is None or drop not in counts:
        return ""
    return f" ({counts[drop]} {'values that are not NULL' if drop.column else 'rows'})"
