"""Finds what may be recorded without being done (``--fake``), by comparing tables. Plans are ``migration_option``'s."""

from __future__ import annotations

from dataclasses import dataclass

from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskSchema, RunMigrate
from actions.model.errors import Refused
from actions.model.migration_way import is_there
from actions.model.migrations import ZERO, Inside, Migration, Recorded, SchemaVerdict
from actions.model.ports import World
from actions.model.schema_shape import Compared
from actions.model.schema_state import Diagnosis, Standing
from actions.steps.migration_fake import FakeForward
from actions.steps.schema_reading import Answered, diagnosis_of, inside
from actions.steps.schema_shapes import compare

_NONE = Compared()


@dataclass(frozen=True)
class Proof:
    """Migrations of which the tables prove that only the record is wrong."""

    moves: tuple[Migration, ...] = ()
    compared: Compared = _NONE
    half: tuple[str, ...] = ()
    """Words for what is there in part, or whole and unproven."""


def taken_back_already(
    world: World, asked: AskSchema, found: SchemaVerdict, state: Diagnosis, running: Inside
) -> Proof:
    """All that would be taken back, where nothing of it is there any more; else nothing, and why.

    The tables are compared only where that may be: nothing that one of them makes is there.
    """
    moves = tuple(m for row in found.back for m in row.takes)
    empty = {one.migration for one in state.findings if one.standing is Standing.NOT_THERE and not one.there}
    makes = {one.migration for one in running.migrations if one.drops}
    if (
        not moves
        or any(m in makes and m not in empty for m in moves)
        or not (empty & set(moves) or not makes & set(moves))
    ):
        return Proof()
    compared = compare(world, asked.client, asked.database, asked.running, found.recorded, moves, forward=False)
    return Proof(moves if compared.proven else (), compared)


def there_already(world: World, asked: AskSchema, answered: Answered) -> tuple[Proof, DjangoCode, Inside]:
    """What the target holds and nobody has recorded, where the tables are as after it; and the code that says so.

    As many as can be proven, from the first one on. The target is asked where it can be run, else what runs.
    """
    code, held = asked.target, answered.target
    if held.weak or code.commit:
        code, held = asked.running, inside(world, asked.running, answered.rows)
    if held.unknown or held.weak:
        return Proof(), code, held
    state = diagnosis_of(world, asked.client, asked.database, held, answered.rows)
    moves = _candidates(held, answered, state)
    half = tuple(one.words() for one in state.findings if one.migration in set(answered.verdict.missing))
    while moves:
        there = [row.migration for row in answered.rows]
        compared = compare(world, asked.client, asked.database, code, there, moves, forward=True)
        if compared.proven or len(moves) == 1:
            return Proof(moves if compared.proven else (), compared, half), code, held
        moves = moves[:1]
    return Proof(half=half), code, held


def _candidates(held: Inside, answered: Answered, state: Diagnosis) -> tuple[Migration, ...]:
    """Not recorded, on ground that is or would be, in order; somewhat of each is there, or none of it shows as such."""
    done = {row.migration for row in answered.rows}
    done |= {one.migration for one in held.migrations if is_there(one, done)}
    missing = set(answered.verdict.missing)
    standing = {one.migration: one for one in state.findings}
    replaced = {part for one in held.migrations for part in one.replaces}
    found: list[Migration] = []
    for one in held.migrations:
        m = one.migration
        if m not in missing or m in replaced or not all(parent in done for parent in one.parents):
            continue
        seen = standing.get(m)
        if (seen is None and not one.drops) or (seen is not None and seen.standing is Standing.NOT_RECORDED):
            found.append(m)
            done.add(m)
    return tuple(found) if any(m in standing for m in found) or len(found) == len(missing) else ()


def unproven(release: str, proof: Proof) -> Refused:
    """What is said where somewhat is there that nobody has recorded, and the tables do not prove the whole of it."""
    return Refused(
        f"what is there and not recorded cannot simply be recorded for {release}",
        "; ".join((*proof.half, *((proof.compared.words(),) if proof.compared != _NONE else ()))),
        "make the schema whole, or take its parts away, with SQL by hand and a second pair of eyes; then migrate",
        code="fake-unproven",
    )


def forward_step(
    asked: AskSchema, code: DjangoCode, held: Inside, rows: tuple[Recorded, ...], proof: Proof, lock: int
) -> FakeForward:
    """The step that records them, one by one in their order; its undo takes the records away again."""
    parents = {one.migration: one.parents for one in held.migrations}

    def run(m: Migration, to: str, number: int, *, forward: bool) -> RunMigrate:
        name = f"goaround-migrate-fake-{'back' if not forward else 'on'}-{number}"
        return RunMigrate(asked.client, asked.database, code, m.app, to, (m,), forward, lock, name, "", True)

    def before(m: Migration) -> str:
        return next((parent.name for parent in parents[m] if parent.app == m.app), ZERO)

    return FakeForward(
        client=asked.client,
        database=asked.database,
        target=asked.target.release,
        back=tuple(run(m, m.name, number, forward=True) for number, m in enumerate(proof.moves, start=1)),
        again=tuple(run(m, before(m), n, forward=False) for n, m in enumerate(reversed(proof.moves), start=1)),
        recorded=(*(row.migration for row in rows), *proof.moves),
    )
