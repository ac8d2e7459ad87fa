"""How the schema verdict of a release looks in the list: glyph, word, colour, and the columns that make room."""

from __future__ import annotations

from widgets.presentation import Mark, fit

SCHEMA: dict[str, tuple[Mark, str]] = {
    "SAFE": (Mark("✔", "safe", "tone--done"), "safe"),
    "REVERSE FIRST": (Mark("↷", "reverse first", "tone--warning"), "reverse"),
    "IRREVERSIBLE": (Mark("✖", "irreversible", "tone--failed"), "one way"),
    "UNKNOWN": (Mark("?", "unknown", "tone--warning"), "unknown"),
    "": (Mark("○", "not read yet", "tone--dim"), "unread"),
}
"""Verdict -> how it looks, and a shorter word for narrow panes. Empty: it has not been read yet."""


def schema_mark(verdict: str) -> Mark:
    """The mark of a verdict; one that we do not know is unknown."""
    return SCHEMA.get(verdict, SCHEMA["UNKNOWN"])[0]


def schema_cell(verdict: str, size: int) -> tuple[str, str]:
    """(text of this many cells, colour class)."""
    mark, short = SCHEMA.get(verdict, SCHEMA["UNKNOWN"])
    words = mark.text if len(mark.text) < size else f"{mark.glyph} {short}"
    return fit(words, size - 1) + " ", mark.style_class


def columns_with_schema(width: int) -> tuple[tuple[str, int], ...]:
    """Name and width of each column that a pane of this width shows beside the verdict."""
    if width >= 110:
        return (
            ("release", 20), ("live since", 17), ("schema", 16), ("ended", 8), ("image/commit", 17), ("way back", 19),
        )  # fmt: skip
    if width >= 74:
        return (("release", 18), ("live since", 17), ("schema", 16), ("way back", 16))
    if width >= 50:
        return (("release", 15), ("schema", 16), ("way back", 14))
    return (("release", max(8, width // 2 - 9)), ("schema", 10), ("way back", 12))
