"""Outside text inside Markdown that nobody can break: escaped words, code spans and fenced blocks.

Made for documents in which every line begins with words of ours. What the document says is left to its writer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from actions.model.outside_text import sanitise

EMPTY = "(empty)"
"""Stands where there is no text: a gap would look like a fault of the report."""

_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$#]")
_SCHEME = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"^(\d+)([.)])(?=\s|$)")
_BACKTICKS = re.compile("`+")


def escape(text: str) -> str:
    """Text as running words: no emphasis, link, HTML, heading, list or table can come of it; empty is said."""
    plain = _SPECIAL.sub(r"\\\g<0>", sanitise(text).strip()) or EMPTY
    plain = _SCHEME.sub(r"\\\g<0>", plain)  # GitHub makes links of bare addresses
    plain = _LIST_NUMBER.sub(r"\1\\\2", plain)
    return f"\\{plain}" if plain[:1] in ("-", "+", "=") else plain


def code(text: str) -> str:
    """Text as a code span; what is empty is said to be."""
    plain = sanitise(text).strip()
    if not plain:
        return EMPTY
    ticks = "`" * (_longest_run(plain) + 1)
    pad = " " if plain[0] == "`" or plain[-1] == "`" else ""
    return f"{ticks}{pad}{plain}{pad}{ticks}"


def fenced(lines: Iterable[str], indent: str = "") -> list[str]:
    """Lines as a block of plain text whose fence is longer than any in it."""
    rows = [row for line in lines for row in sanitise(line, keep_newlines=True).split("\n")]
    ticks = "`" * max(3, max((_longest_run(row) for row in rows), default=0) + 1)
    return [f"{indent}{ticks}text", *(f"{indent}{row}".rstrip() for row in rows), f"{indent}{ticks}"]


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
