"""What `goaround predeploy` wrote down is found again when a reversal is drawn, and when none can be."""

from __future__ import annotations

from pathlib import Path

from performing import local_world

from actions.model.migrations import Migration
from actions.model.note_kinds import NoteKind
from actions.model.predeploy import Predeploy, ReverseSql
from actions.model.schema_shape import Compared
from actions.steps.migration_fake_option import Proof
from actions.steps.schema_proof_notes import kept_sql_notes, kept_words, proof_notes

A, B, C = Migration("shop", "0004_a"), Migration("shop", "0005_b"), Migration("shop", "0006_c")
DROP = 'BEGIN;\n--\n-- Add field x\n--\nALTER TABLE "t" DROP COLUMN "x" CASCADE;\nCOMMIT;\n'


def record(at: str, **sql: str) -> Predeploy:
    return Predeploy("shop", "staging", at, migrations=tuple(ReverseSql(f"shop.{k}", text) for k, text in sql.items()))


def test_the_reversal_is_compared_with_what_was_written_down_before(tmp_path: Path) -> None:
    """L02: the newest record of each counts, one of the future and one without SQL do not."""
    records = (
        record("2999-01-01T00:00:00Z", **{"0004_a": "SELECT 'of the future'"}),
        record("2026-03-02T10:00:00Z", **{"0004_a": DROP, "0005_b": ""}),
        record("2026-03-01T10:00:00Z", **{"0004_a": "SELECT 'older'", "0005_b": "SELECT 2"}),
    )
    world = local_world(tmp_path, predeploys=lambda: records)
    now = {A: DROP.replace("-- Add field x", "-- Add field x to t"), B: "SELECT 3", C: "SELECT 4"}
    notes = {note.code: note.text for note in kept_sql_notes(world, now)}
    same, other = notes[NoteKind.SCHEMA_READ_SO.code], notes[NoteKind.REVERSAL_KEEPS.code]
    assert same == "as goaround predeploy wrote it down at 2026-03-02T10:00:00Z: shop.0004_a"
    assert "another than goaround predeploy wrote down at 2026-03-01T10:00:00Z: shop.0005_b" in other
    assert "0006_c" not in same + other
    words = kept_words(world, (A, C))
    assert "at 2026-03-02T10:00:00Z what takes shop.0004_a back (predeploy/20260302T100000Z.json in the store)" in words
    assert kept_words(local_world(tmp_path), (A,)) == ""


def test_a_comparison_is_told_either_way() -> None:
    """Proven, with what was compared; not proven, with what stands against it; not asked, with nothing."""
    (yes,) = proof_notes(Proof((A,), Compared(("t",))))
    assert "only the record of shop.0004_a is wrong, the tables prove it; columns, types, nullability" in yes.text
    (no,) = proof_notes(Proof((), Compared(("t",), ("column t.x is there",))))
    assert "cannot simply be changed (--fake): not as it should be: column t.x is there" in no.text
    assert proof_notes(Proof()) == ()
