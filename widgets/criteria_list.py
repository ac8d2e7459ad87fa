"""The criteria as a list that is ticked: grouped by level, each level with what the document says to do at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.criteria import CriterionState
from widgets.painted import Row, row_text, row_width, wrapped
from widgets.presentation import clock_text, harmless, wrap_cells
from widgets.row_view import RowView

INDENT = 8
"""Cells before a criterion's words: ``[x] Y12 ``."""


def criteria_rows(rows: Sequence[CriterionState], met: frozenset[str], width: int) -> list[tuple[str, Row]]:
    """The lines for a width in cells, each with its code; headings and the rest of a long text have none."""
    lines: list[tuple[str, Row]] = []
    level = None
    for one in rows:
        if one.level != level:
            level = one.level
            lines += [("", line) for line in _heading(one, width)]
        lines += _lines(one, one.code in met, width)
    return lines


def _heading(one: CriterionState, width: int) -> list[Row]:
    name = harmless(one.level) or "No level named"
    action = f": {harmless(one.action)}" if one.action else ""
    proposes = "" if one.severity.casefold() == one.level.casefold() else f" (proposes {harmless(one.severity)})"
    return wrapped(((name, "tone--title"), (action + proposes, "")), width)


def _lines(one: CriterionState, met: bool, width: int) -> list[tuple[str, Row]]:
    tone = "tone--warning" if met else ""
    lead = f"[{'x' if met else ' '}] {one.code:<3} "
    seen = f"   {harmless(one.by)} {clock_text(one.at)}" if one.at and one.met is met else ""
    first, *more = wrap_cells(harmless(one.text), max(8, width - INDENT)) or [""]
    rows: list[tuple[str, Row]] = [(one.code, ((lead, "tone--warning" if met else "tone--open"), (first, tone)))]
    rows += [("", ((" " * INDENT + line.lstrip(" "), tone),)) for line in more]
    code, last = rows[-1]
    if seen and row_width(last) + len(seen) <= width:
        rows[-1] = (code, (*last, (seen, "tone--dim")))
    elif seen:
        rows.append(("", ((" " * INDENT + seen.strip(), "tone--dim"),)))
    return rows


class CriteriaList(RowView):
    """Space ticks the criterion under the cursor, and takes the tick back; ``met`` are the codes that are ticked."""

    class Ticked(Message):
        """Another set of criteria is ticked."""

    class Refused(Message):
        """A tick was wanted where nothing may be ticked."""

    DEFAULT_CSS = "CriteriaList { width: 1fr; height: 8; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "tick", id="criteria.tick", tooltip="Tick, or take the tick back", show=False),
        Binding("enter", "app.focus_next", "next field", show=False),
    ]

    def __init__(
        self,
        rows: Sequence[CriterionState],
        met: frozenset[str],
        *,
        locked: bool = False,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, id=id)
        self.criteria = tuple(rows)
        self.met = met
        self.locked = locked
        self._lines: list[tuple[str, Row]] = []
        self._fit()

    def _fit(self) -> None:
        room = (self.content_size.width or 74) - 2  # the cursor on the left, the bar on the right
        self._lines = criteria_rows(self.criteria, self.met, room)
        if not self.can_stand(self.cursor):
            self.cursor = self._step(self.cursor, 1)

    def on_resize(self) -> None:
        """Texts are folded anew; the cursor stays with its criterion."""
        code = self.code
        self._fit()
        place = next((at for at, (one, _) in enumerate(self._lines) if one and one == code), None)
        if place is not None:
            self.cursor = place
        super().on_resize()
        self.refresh()

    @property
    def code(self) -> str:
        """Code of the criterion under the cursor, or empty."""
        return self._lines[self.cursor][0] if self.cursor < len(self._lines) else ""

    @property
    def row_count(self) -> int:
        """Lines."""
        return len(self._lines)

    def row(self, index: int, width: int) -> Row:
        """One line."""
        return self._lines[index][1]

    def can_stand(self, index: int) -> bool:
        """Not on headings."""
        return index < len(self._lines) and bool(self._lines[index][0])

    def text(self) -> str:
        """All lines as plain text."""
        return "\n".join(row_text(row) for _, row in self._lines)

    def action_tick(self) -> None:
        """Tick the criterion under the cursor, or take the tick back."""
        if not self.code:
            return
        if self.locked:
            self.post_message(self.Refused())
            return
        self.met = self.met ^ {self.code}
        self._fit()
        self.refresh()
        self.post_message(self.Ticked())
