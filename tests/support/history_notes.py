"""Kinds of notes that come from our own store; `test_release_history_seen`, `test_environment_back` draw them."""

from __future__ import annotations

from actions.model.note_kinds import NoteKind

HISTORY = frozenset(kind for kind in NoteKind if kind.code.startswith("environment-")) | {NoteKind.GOLDEN}
