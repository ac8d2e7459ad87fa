"""Says for ``goaround ready`` what the schema verdict of a release means. Asking for it is ``schema_reading``'s."""

from __future__ import annotations

from actions.model.migrations import SchemaVerdict, Verdict
from actions.model.ready import Finding
from actions.model.ready_kinds import ReadyKind
from actions.model.release import Release

_KINDS = {
    Verdict.REVERSE_FIRST: ReadyKind.SCHEMA_REVERSE_FIRST,
    Verdict.IRREVERSIBLE: ReadyKind.SCHEMA_IRREVERSIBLE,
    Verdict.UNKNOWN: ReadyKind.SCHEMA_UNKNOWN,
}


def schema_finding(found: SchemaVerdict, option: str, release: Release) -> Finding | None:
    """What it means for going back; None: nothing stands in the way."""
    kind = _KINDS.get(found.verdict)
    if kind is None:
        return None
    return kind.finding(f"{release.name}: {found.verdict.value}: {found.why}", option)
