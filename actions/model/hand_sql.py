"""What may stand in SQL that was written by hand and is run in one transaction of ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

LARGEST = 200_000
"""Bytes: it is shown in full, and somebody reads it."""
_TOKEN = re.compile(
    r"--[^\n]*|/\*|(?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$"
    r"|(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"",
    re.DOTALL,
)
"""What holds text that is no statement. A letter before ``$`` or ``'`` belongs to a name."""
_COMMENT = re.compile(r"/\*|\*/")
_CONTROL = re.compile(
    r"^(?:BEGIN|COMMIT|ROLLBACK|ABORT|END|SAVEPOINT|RELEASE|START\s+TRANSACTION|PREPARE\s+TRANSACTION"
    r"|VACUUM|REINDEX\s+(?:\([^)]*\)\s*)?(?:DATABASE|SYSTEM|SCHEMA)|CLUSTER$|DISCARD\s+ALL"
    r"|(?:CREATE|DROP|ALTER)\s+(?:DATABASE|TABLESPACE|SYSTEM|SUBSCRIPTION)"
    r"|COPY\b.*\bPROGRAM|COPY\b.*\bSTDIN|(?!REFRESH\b).*\bCONCURRENTLY)(?:\b|$)",
    re.IGNORECASE | re.DOTALL,
)


def problem(text: str) -> str:
    """Why it cannot be run so, or empty; the first of ``problems`` and how many more there are."""
    found = problems(text)
    more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
    return "; ".join(found[:5]) + more


def problems(text: str) -> tuple[str, ...]:
    """Everything that ends our transaction, cannot run in one, or is a command to psql; each with its line."""
    if "\0" in text:
        return (f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: it holds a NUL byte",)
    if len(text.encode()) > LARGEST:
        return (f"it is larger than {LARGEST} bytes: nobody would read it",)
    try:
        bare = _bare(text)
    except ValueError as error:
        return (str(error),)
    lines = bare.split("\n")
    found = [
        (number, "it holds a command to psql (a backslash)") for number, line in enumerate(lines, 1) if "\\" in line
    ]
    every = list(_statements(bare))
    if not every:
        return ("it holds no statement",)
    for number, statement in every:
        if hit := _CONTROL.match(statement):
            found.append((number, f"{' '.join(_named(hit[0]))} has no place in a transaction of ours"))
    return tuple(f"line {number}: {words}" for number, words in sorted(found))


def _named(matched: str) -> list[str]:
    """The statement's first words, and the one that is the trouble where it stands further behind."""
    words = matched.split()
    return words if len(words) <= 3 else [*words[:2], "…", words[-1]]


def _bare(text: str) -> str:
    """The text without comments, strings and quoted names; every line stays where it is. Raises ValueError."""
    out: list[str] = []
    at = 0
    while hit := _TOKEN.search(text, at):
        end = _after_comment(text, hit.end()) if hit[0] == "/*" else hit.end()
        out += [text[at : hit.start()], " ", "\n" * text.count("\n", hit.start(), end)]
        at = end
    return "".join((*out, text[at:]))


def _after_comment(text: str, at: int) -> int:
    """Where a comment ends whose beginning was read; comments stand in comments, as PostgreSQL has it."""
    begun, deep = at, 1
    while deep:
        hit = _COMMENT.search(text, at)
        if hit is None:
            raise ValueError(f"line {text.count(chr(10), 0, begun) + 1}: a comment does not end")
        deep += 1 if hit[0] == "/*" else -1
        at = hit.end()
    return at


def _statements(bare: str) -> Iterator[tuple[int, str]]:
    """(line of its first word, the statement in one line)."""
    at = 0
    for part in bare.split(";"):
        if plain := " ".join(part.split()):
            before = len(part) - len(part.lstrip())
            yield bare.count("\n", 0, at + before) + 1, plain
        at += len(part) + 1
