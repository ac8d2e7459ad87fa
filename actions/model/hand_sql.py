"""What may stand in SQL that was written by hand and is run in one transaction of ours. Pure."""

from __future__ import annotations

import re

LARGEST = 200_000
"""Bytes: it is shown in full, and somebody reads it."""
_SKIPPED = re.compile(
    r"--[^\n]*|/\*.*?\*/|\$(?P<tag>[A-Za-z_]?\w*)\$.*?\$(?P=tag)\$|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"",
    re.DOTALL,
)
_CONTROL = re.compile(
    r"^(BEGIN|COMMIT|ROLLBACK|ABORT|END|SAVEPOINT|RELEASE|START\s+TRANSACTION|PREPARE\s+TRANSACTION|VACUUM|REINDEX"
    r"|(?:CREATE|DROP|ALTER)\s+(?:DATABASE|TABLESPACE|SYSTEM)|COPY\b.*\bPROGRAM|.*\bCONCURRENTLY\b)\b",
    re.IGNORECASE | re.DOTALL,
)


def problem(text: str) -> str:
    """Why it cannot be run so, or empty: it ends our transaction, cannot run in one, or is a command to psql."""
    if "\0" in text:
        return "it holds a NUL byte"
    if len(text.encode()) > LARGEST:
        return f"it is larger than {LARGEST} bytes: nobody would read it"
    bare = _SKIPPED.sub(" ", text)
    if "\\" in bare:
        return "it holds a command to psql (a backslash)"
    statements = [" ".join(part.split()) for part in bare.split(";")]
    if not any(statements):
        return "it holds no statement"
    for statement in statements:
        if hit := _CONTROL.match(statement):
            return f"{' '.join(hit[0].split()[:3])} has no place in a transaction of ours"
    return ""
