"""The kinds of notes that come from our own store; `test_release_history_seen` draws each of them."""

from __future__ import annotations

from actions.model.note_kinds import NoteKind

HISTORY = frozenset(kind for kind in NoteKind if kind.code.startswith("environment-")) | {NoteKind.GOLDEN}
