"""The matrix as rows of spans for a width: the row that wins, and in each column the cell that an input points to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from actions.model.clock import span
from actions.model.matrix import Decision, Recommendation, Row
from widgets.painted import Row as Line
from widgets.painted import Span
from widgets.presentation import fit, harmless

HEADINGS = ("Severity", "Users", "Data risk", "Decision", "Within")
COLUMN_OF = {"severity": 0, "criteria": 0, "users": 1, "data risk": 2}
"""Which column an input points into."""
BY_PERSON, BY_CRITERIA = "●", "✔"
"""Marks before the cell that an input, or only the criteria, point to."""
SHORT = 12
"""A longer text of the last column gives way to its number where the room is small."""
LEAST = 6
NARROW = 44
"""Below so many cells the last column is left out: the bar counts it down, and a severity must be readable."""


def decision_words(decision: Decision, *, loud: bool = True) -> str:
    """``ROLL BACK`` is loud always, ``FIX FORWARD`` where it is what counts."""
    words: str = decision.value
    return words.upper() if loud or decision is Decision.ROLL_BACK else words


def table_rows(
    matrix: Sequence[Row], points: Mapping[str, int], found: Recommendation | None, width: int
) -> tuple[Line, ...]:
    """A heading and the matrix. ``points``: each known input with the row that it points to."""
    wins = found.index if found is not None else -1
    cells = [
        [row.severity, row.users, row.data_risk, decision_words(row.decision, loud=index == wins), row.within]
        for index, row in enumerate(matrix)
    ]
    cells = [[harmless(cell) for cell in row] for row in cells]
    sizes = _natural(cells)
    if _total(sizes) > width:
        for row, one in zip(cells, matrix, strict=True):
            if len(row[4]) > SHORT and one.within_s is not None:
                row[4] = span(one.within_s)
        if width < NARROW:
            cells = [row[:-1] for row in cells]
        sizes = _natural(cells)
    while _total(sizes) > width and max(sizes[1:]) > LEAST:
        sizes[sizes.index(max(sizes[1:]), 1)] -= 1
    while _total(sizes) > width and sizes[0] > LEAST:
        sizes[0] -= 1
    heading = "  " + " ".join(
        (" " if at < 3 else "") + fit(name, size) for at, (name, size) in enumerate(zip(HEADINGS, sizes, strict=False))
    )
    lines: list[Line] = [((heading.rstrip(), "tone--dim"),)]
    for index, row in enumerate(cells):
        lines.append(_line(row, sizes, index, points, found))
    return tuple(lines)


def _natural(cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(cell_len(text) for text in column) for column in zip(HEADINGS, *cells, strict=False)]


def _total(sizes: Sequence[int]) -> int:
    return 2 + sum(sizes) + 3 + len(sizes) - 1


def _line(
    row: Sequence[str], sizes: Sequence[int], index: int, points: Mapping[str, int], found: Recommendation | None
) -> Line:
    wins = found is not None and found.index == index
    line: list[Span] = [("▶ " if wins else "  ", "tone--title")]
    plain = "tone--title" if wins else ""
    for at, (text, size) in enumerate(zip(row, sizes, strict=True)):
        text = fit(text, size)
        if at > 2:
            line.append((f"{text} " if at < len(row) - 1 else text.rstrip(), plain))
            continue
        here = [name for name, where in points.items() if where == index and COLUMN_OF[name] == at]
        mark = BY_PERSON if any(name != "criteria" for name in here) else BY_CRITERIA if here else " "
        tone = plain if not here else "tone--found" if wins else "tone--warning"
        line += [(mark + text, tone), (" ", plain)]
    return tuple(line)
