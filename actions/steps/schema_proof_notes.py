"""Notes of a plan over migrations: what a comparison of tables proved, and what was written down before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from actions.model.clock import stamp
from actions.model.migration import Migration
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import World
from actions.steps.migration_fake_option import Proof


def proof_notes(proof: Proof) -> tuple[Note, ...]:
    """What was compared, where anything was."""
    names = ", ".join(map(str, proof.moves))
    if proof.moves:
        words = f"only the record of {names} is wrong, the tables prove it; {proof.compared.words()}"
        return (NoteKind.HALF_APPLIED.note(words),)
    if proof.compared.differences:
        words = f"the record cannot simply be changed (--fake): {proof.compared.words()}"
        return (NoteKind.HALF_APPLIED.note(words),)
    return ()


def kept_sql(world: World) -> dict[str, tuple[str, str]]:
    """``app.name`` -> when ``goaround predeploy`` wrote down what takes it back, and that; the newest of each."""
    now = stamp(world.clock.now())
    found: dict[str, tuple[str, str]] = {}
    for record in world.predeploys():
        if record.at <= now:
            for one in record.migrations:
                if one.sql:
                    found.setdefault(one.migration, (record.at, one.sql))
    return found


def kept_words(world: World, migrations: Iterable[Migration]) -> str:
    """Where the SQL is that was written down before the deployment, for one who has to write it by hand; or empty."""
    kept = kept_sql(world)
    found: dict[str, list[str]] = {}
    for one in migrations:
        if str(one) in kept:
            found.setdefault(kept[str(one)][0], []).append(str(one))
    return "; ".join(
        f"goaround predeploy wrote down at {at} what takes {', '.join(names)} back"
        f" (predeploy/{re.sub(r'[^0-9TZ.]', '', at)}.json in the store)"
        for at, names in found.items()
    )


def kept_sql_notes(world: World, sql: Mapping[Migration, str]) -> tuple[Note, ...]:
    """Whether the reversal is still the one that was written down before the deployment."""
    kept = kept_sql(world)
    same: dict[str, list[str]] = {}
    other: dict[str, list[str]] = {}
    for migration, text in sql.items():
        if str(migration) in kept:
            at, before = kept[str(migration)]
            side = same if _plain(before) == _plain(text) else other
            side.setdefault(at, []).append(str(migration))
    notes = [
        NoteKind.SCHEMA_READ_SO.note(f"as goaround predeploy wrote it down at {at}: {', '.join(names)}")
        for at, names in same.items()
    ]
    notes += [
        NoteKind.REVERSAL_KEEPS.note(
            f"the SQL is another than goaround predeploy wrote down at {at}: {', '.join(names)}; what runs may not be"
            " what was deployed then: read it"
        )
        for at, names in other.items()
    ]
    return tuple(notes)


def _plain(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("--")]
