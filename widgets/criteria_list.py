"""The criteria as a list that is ticked: grouped by level, each level with what the document says to do at it.

Under a criterion stands what its sensor says now; it proposes, and only a person ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.criteria import CriterionState, proposed_codes
from actions.model.criteria_sensed import Look
from widgets.painted import Row, row_text, row_width, wrapped
from widgets.presentation import Mark, clip, clock_text, harmless, wrap_cells
from widgets.row_view import RowView

INDENT = 8
"""Cells before a criterion's words: ``[x] Y12 ``."""
LOOKS: dict[Look, Mark] = {
    Look.UNREAD: Mark("◎", Look.UNREAD.value, "tone--dim"),
    Look.UNKNOWN: Mark("?", Look.UNKNOWN.value, "tone--warning"),
    Look.WELL: Mark("✔", Look.WELL.value, "tone--done"),
    Look.PROPOSED: Mark("!", Look.PROPOSED.value, "tone--failed"),
    Look.REFUSED: Mark("!", Look.REFUSED.value, "tone--warning"),
    Look.AGREES: Mark("●", Look.AGREES.value, "tone--dim"),
    Look.OVER: Mark("△", Look.OVER.value, "tone--overridden"),
    Look.OTHERWISE: Mark("?", Look.OTHERWISE.value, "tone--overridden"),
}
"""How each of them looks; where nothing is sensed nothing is shown."""


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
    return [*rows, *(("", row) for row in _under(one, met, max(8, width - INDENT)))]


def _under(one: CriterionState, met: bool, room: int) -> list[Row]:
    """What its sensor says, in two lines at most, and what else is to be known."""
    rows: list[Row] = []
    mark = LOOKS.get(one.look(met))
    if mark is not None:
        lines = wrap_cells(f"{mark.glyph} {harmless(one.look_words(met))}", room)
        lines = lines if len(lines) <= 2 else [lines[0], clip(f"{lines[1]}…", room)]
        rows += [((" " * INDENT + line, mark.style_class),) for line in lines]
    for note in one.notes:
        rows += [((" " * INDENT + line, "tone--dim"),) for line in wrap_cells(f"→ {harmless(note)}", room)]
    return rows


class CriteriaList(RowView):
    """Space ticks the criterion under the cursor, and takes the tick back; ``met`` are the codes that are ticked.

    ``t`` ticks all that look met to their sensors. What looks over is taken back one by one: a reason to act that is
    gone may still be why somebody acts.
    """

    class Ticked(Message):
        """Another set of criteria is ticked."""

    class Refused(Message):
        """A tick was wanted where nothing may be ticked."""

    DEFAULT_CSS = "CriteriaList { width: 1fr; height: 8; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "tick", id="criteria.tick", tooltip="Tick, or take the tick back", show=False),
        Binding(
            "t",
            "take_over",
            "take over",
            id="criteria.take",
            tooltip="Ticks what the sensors say looks met",
            show=False,
        ),
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
        self._fit_again()
        super().on_resize()

    def _fit_again(self) -> None:
        """Other lines, and the cursor on the criterion on which it stood."""
        code = self.code
        self._fit()
        place = next((at for at, (one, _) in enumerate(self._lines) if one and one == code), None)
        if place is not None:
            self.stand_on(place)
        self.refresh()

    def show(self, rows: Sequence[CriterionState]) -> None:
        """The same criteria, as they are sensed now; what is ticked stays."""
        if tuple(rows) != self.criteria:
            self.criteria = tuple(rows)
            self._fit_again()

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
        self._fit_again()
        self.post_message(self.Ticked())

    def action_take_over(self) -> None:
        """Tick all that look met; nothing is recorded by it."""
        if self.locked:
            self.post_message(self.Refused())
            return
        self.met = self.met | set(proposed_codes(self.criteria, self.met))
        self._fit_again()
        self.post_message(self.Ticked())
