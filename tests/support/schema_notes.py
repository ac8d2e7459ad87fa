"""The kinds of notes of the schema verdict and of the migration option; `test_schema_notes` draws each of them."""

from __future__ import annotations

from actions.model.note_kinds import NoteKind

SCHEMA = frozenset(kind for kind in NoteKind if kind.code.startswith(("schema-", "reversal-"))) | {
    NoteKind.NOT_ATOMIC,
    NoteKind.HALF_APPLIED,
    NoteKind.CODE_FOLLOWS,
}
