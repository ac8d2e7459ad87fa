"""The procedure's page as rows: each look as glyph, words and tone. Pure; scrolling is left to ``procedure_screen``."""

from __future__ import annotations

from collections.abc import Iterable

from actions.model.procedure_line import Line, Look
from widgets.painted import Row, wrapped
from widgets.presentation import harmless

_TONES = {
    Look.TITLE: "tone--title",
    Look.HEADING: "tone--title",
    Look.NAME: "tone--key",
    Look.PLAIN: "",
    Look.QUIET: "tone--dim",
    Look.NOW: "tone--mark",
    Look.WARNING: "tone--warning",
    Look.READY: "tone--done",
    Look.GAP: "tone--warning",
    Look.UNKNOWN: "tone--open",
}
_GLYPHS = {Look.NOW: "▶ ", Look.WARNING: "! ", Look.READY: "✔ ", Look.GAP: "✖ ", Look.UNKNOWN: "? "}


def sheet_rows(lines: Iterable[Line], width: int) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """The rows for a width in cells, nothing of a line cut away, and where the sections begin among them."""
    rows: list[Row] = []
    sections: list[int] = []
    for line in lines:
        if line.look is Look.HEADING:
            if rows:
                rows.append(())
            sections.append(len(rows))
        indent = "  " * (line.depth if width >= 50 else min(line.depth, 2))
        text = f"{indent}{_GLYPHS.get(line.look, '')}{harmless(line.text)}"
        rows += wrapped(((text, _TONES[line.look]),), max(8, width))
    return tuple(rows), tuple(sections)
