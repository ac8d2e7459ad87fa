"""The lines of a debt: what is owed, until when, by whom, and what straightens it; or who paid it, when and how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.debt_again import again_words
from actions.model.debts import deadline_words, holds, in_order, overdue_s
from actions.model.due import due_words
from actions.model.incident import Debt
from widgets.painted import Row, row_text
from widgets.presentation import harmless, wrap_cells
from widgets.row_view import RowView

INDENT = 4


def debt_rows(debts: Sequence[Debt], now: datetime, width: int) -> list[tuple[int, Row]]:
    """The lines for a width in cells. Each begins with the place of its debt in ``debts``, -1: no line of its own."""
    lines: list[tuple[int, Row]] = []
    for place, one in enumerate(debts):
        lines += _lines(place, one, now, width)
    return lines or [(-1, (("no debts: nothing is owed", "tone--dim"),))]


def _lines(place: int, debt: Debt, now: datetime, width: int) -> list[tuple[int, Row]]:
    late = bool(overdue_s(debt, now))
    state, tone = ("! OVERDUE", "tone--failed") if late else ("○ open", "tone--error")
    if debt.paid:
        state, tone = "✓ paid", "tone--done"
    elif holds(debt):  # what keeps the record open is no thing to do like the others
        state = f"{state}, bent"
    head = f"{state}  {harmless(debt.name)}"
    first, *more = wrap_cells(harmless(f"{head}  {debt.text}"), max(12, width), INDENT) or [head]
    rows: list[tuple[int, Row]] = [(place, ((first[: len(head)], tone), (first[len(head) :], "")))]
    rows += [(-1, ((line, ""),)) for line in more]
    for text, shade in _details(debt, now, late):
        rows += [
            (-1, ((" " * INDENT + line.strip(), shade),))
            for line in wrap_cells(harmless(text), max(12, width - INDENT))
        ]
    return rows


def _details(debt: Debt, now: datetime, late: bool) -> list[tuple[str, str]]:
    again = [(again_words(debt), "tone--dim" if debt.paid else "tone--warning")] if debt.why else []
    if debt.paid:
        when = due_words(debt.paid_at) if debt.paid_at else "then"
        return [*again, (f"by {debt.paid_by or 'a step'} {when}: {debt.paid}", "tone--dim")]
    until = deadline_words(debt, now) + (f" (was due {due_words(debt.due)})" if late else "")
    ticket = f" · ticket: {debt.ticket}" if debt.ticket else ""
    rows = [*again, (f"{until} · owner: {debt.owner or 'nobody'}{ticket}", "tone--warning" if late else "tone--dim")]
    if debt.undo:
        rows.append((f"straightened by: {debt.undo}", ""))
    return rows


class DebtList(RowView):
    """Debts, one under the other; the cursor stands on the first line of one."""

    class Wanted(Message):
        """The highlighted debt is to be paid or assigned, or is owed again."""

        def __init__(self, do: str) -> None:
            super().__init__()
            self.do = do

    DEFAULT_CSS = "DebtList { width: 1fr; height: 8; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "want('pay')", "pay", id="debts.pay", tooltip="Pay the highlighted debt", show=False),
        Binding(
            "space",
            "want('again')",
            "again",
            id="debts.again",
            tooltip="Take back a payment by hand",
            show=False,
        ),
        Binding("a", "want('assign')", "assign", id="debts.assign", tooltip="Assign the highlighted debt", show=False),
    ]

    def __init__(
        self,
        debts: Sequence[Debt],
        now: datetime,
        *,
        at: str = "",
        room: int = 74,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        """``at``: name of the debt that is highlighted to begin with; ``room``: cells until the real width is known."""
        super().__init__(ascii=ascii, id=id)
        self.debts = in_order(debts, now)
        self.now = now
        self._room = room
        self._fit()
        place = next((place for place, one in enumerate(self.debts) if one.name == at and not one.paid), 0)
        self.cursor = self._line_of(place)

    def show(self, debts: Sequence[Debt], now: datetime) -> None:
        """Show them as they stand now; the cursor stays with its debt."""
        here = self.debt
        self.debts, self.now = in_order(debts, now), now
        self._fit()
        # A name that is opened anew is a debt of its own.
        keys = [(one.name, one.opened_at) for one in self.debts]
        place = keys.index((here.name, here.opened_at)) if here and (here.name, here.opened_at) in keys else 0
        line, read_on = self._line_of(place), self.top - self.cursor
        self.stand_on(line)
        self.scroll_top(line + read_on)  # where somebody reads, the lines stay under the eye
        self.refresh()

    def _fit(self) -> None:
        room = (self.content_size.width or self._room) - 2  # the cursor on the left, the bar on the right
        self._lines = debt_rows(self.debts, self.now, room)

    def _line_of(self, place: int) -> int:
        return next((at for at, (one, _) in enumerate(self._lines) if one == place), 0)

    def on_resize(self) -> None:
        """Texts are folded anew; the cursor stays with its debt."""
        place = self._lines[self.cursor][0]
        self._fit()
        self.cursor = self._line_of(place)
        super().on_resize()
        self.refresh()

    @property
    def debt(self) -> Debt | None:
        """The highlighted debt."""
        place = self._lines[self.cursor][0] if self.cursor < len(self._lines) else -1
        return self.debts[place] if place >= 0 else None

    def _end_of(self, line: int) -> int:
        """The last line of the debt that begins in this one."""
        return next((at for at in range(line + 1, len(self._lines)) if self.can_stand(at)), len(self._lines)) - 1

    def stand_on(self, index: int) -> bool:
        """As ever; the whole debt is seen, as far as there is room."""
        moved = super().stand_on(index)
        end = self._end_of(self.cursor)
        if end >= self.top + self.page:
            self.scroll_top(min(self.cursor, end - self.page + 1))
        return moved

    def action_down(self) -> None:
        """The next debt; one that is longer than the room is read to its end first."""
        end = self._end_of(self.cursor)
        if end >= self.top + self.page:
            self.scroll_top(min(end - self.page + 1, self.top + max(1, self.page - 1)))
        elif end < self.row_count - 1:
            super().action_down()

    def action_up(self) -> None:
        """The debt before; one whose beginning is out of sight is gone back to first."""
        if self.top > self.cursor:
            self.scroll_top(max(self.cursor, self.top - max(1, self.page - 1)))
        else:
            super().action_up()

    @property
    def row_count(self) -> int:
        """Lines."""
        return len(self._lines)

    def row(self, index: int, width: int) -> Row:
        """One line."""
        return self._lines[index][1]

    def can_stand(self, index: int) -> bool:
        """On the first line of a debt."""
        return index < len(self._lines) and self._lines[index][0] >= 0

    def text(self) -> str:
        """All lines as plain text."""
        return "\n".join(row_text(row) for _, row in self._lines)

    def action_want(self, do: str) -> None:
        """Say what is wanted of the highlighted debt."""
        if self.debt is not None:
            self.post_message(self.Wanted(do))
