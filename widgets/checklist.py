"""The checklist: every item with its state, and a cursor that follows what comes next. Wishes leave as messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.blocking import next_item
from actions.model.incident import Incident
from widgets.checklist_rows import ChecklistRow, checklist_rows
from widgets.painted import Row
from widgets.presentation import KINDS, fit, joined
from widgets.row_view import RowView

if TYPE_CHECKING:
    from actions.model.approval import ApprovalState

KIND_GLYPHS = {mark.word: mark.glyph for mark in KINDS.values()}


class Checklist(RowView):
    """The live list. ``show`` it the incident; it paints again only the rows that changed."""

    class ItemHighlighted(Message):
        """The cursor stands on another item, moved by the operator or by what comes next."""

        def __init__(self, checklist: Checklist, code: str) -> None:
            super().__init__()
            self.checklist = checklist
            self.code = code

        @property
        def control(self) -> Checklist:
            """The sender."""
            return self.checklist

    class ItemActivated(ItemHighlighted):
        """Enter on an item: do what NEXT says of it."""

    class TickWanted(ItemHighlighted):
        """Space on an item: tick it, or take the tick back."""

    DEFAULT_CSS = "Checklist { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "activate", "do it", id="list.activate", tooltip="Do the highlighted item", show=False),
        Binding("space", "tick", "tick", id="list.tick", tooltip="Tick the item, or take the tick back", show=False),
        Binding("n", "follow", "next open", id="list.next", tooltip="Go to the next open item", show=False),
    ]

    def __init__(
        self, title: str = "Checklist", *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(title, ascii=ascii, id=id, classes=classes)
        self.rows: tuple[ChecklistRow, ...] = ()
        self.next_code = ""
        self.following = True
        """The cursor goes where NEXT is; the operator's moving away ends it, ``n`` and coming back begin it again."""
        self._told = ""
        self._longest: tuple[tuple[ChecklistRow, ...] | None, int, int, int] = (None, 0, 0, 0)
        """Of which rows, and the cells of their longest text, detail and code."""

    def on_mount(self) -> None:
        """Name the pane."""
        self.set_titles(self.title)

    @property
    def code(self) -> str:
        """The highlighted item's code, or empty."""
        return self.rows[self.cursor].code if self.cursor < len(self.rows) else ""

    def show(
        self,
        incident: Incident,
        *,
        now: datetime,
        driver: bool = True,
        run_ms: int | None = None,
        approval: ApprovalState | None = None,
    ) -> None:
        """Show the incident as it stands. ``run_ms``: how long the running step has run, if a monotonic clock knows.

        Rows say why an item is blocked for whoever drives; that somebody else does is said in the border.
        """
        old, held = self.rows, self.code
        self.rows = checklist_rows(incident, now, run_ms, approval)
        following = next_item(incident)
        self.next_code = following.code if following else ""
        if len(old) != len(self.rows):
            self.refresh()
        else:
            self.refresh_rows(at for at, row in enumerate(self.rows) if row != old[at])
        self.set_titles(self.title, joined((self._phase(), "" if driver else "you observe")))
        wanted = self.next_code if self.following and self.next_code else held
        self._put_cursor(wanted)

    def _phase(self) -> str:
        """The heading over what comes next, or over the last item."""
        place = self._place(self.next_code)
        above = self.rows if place is None else self.rows[:place]
        return next((row.text for row in reversed(above) if not row.code), "")

    def _put_cursor(self, code: str) -> None:
        place = self._place(code)
        if place is None:
            place = self._step(min(self.cursor, max(0, len(self.rows) - 1)), 1)
        self.stand_on(place)
        self._tell()

    def _place(self, code: str) -> int | None:
        return next((at for at, row in enumerate(self.rows) if row.code and row.code == code), None)

    def _tell(self) -> None:
        if self.code and self.code != self._told:
            self._told = self.code
            self.post_message(self.ItemHighlighted(self, self.code))

    @property
    def row_count(self) -> int:
        """Items and headings."""
        return len(self.rows)

    def can_stand(self, index: int) -> bool:
        """On items only."""
        return 0 <= index < len(self.rows) and bool(self.rows[index].code)

    def row(self, index: int, width: int) -> Row:
        """An item: code, state, text, kind, detail; narrow panes show the kind as a glyph and shorten the text."""
        row = self.rows[index]
        if row.mark is None:
            line = f"── {row.text} "
            return ((line + "─" * max(0, width - len(line)), "tone--title"),)
        glyph = (f"{row.mark.glyph} ", row.mark.style_class)
        wide = self._code_width()
        code = (fit(row.code, wide), "tone--key")
        rest = max(0, width - wide - 2)
        kind = fit(row.kind, 7) if rest >= 80 else fit(KIND_GLYPHS.get(row.kind, ""), 2) if rest >= 40 else ""
        text = self._text_width(rest - len(kind))
        return (
            code,
            glyph,
            (fit(row.text, text - 1) + " ", ""),
            (kind, "tone--dim"),
            (row.detail, row.detail_tone),
        )

    def _text_width(self, room: int) -> int:
        """Cells for the items' texts: what the longest needs, unless the details then had less than two fifths."""
        _, longest, detail, _ = self._measured()
        return max(0, min(longest + 1, room - min(detail, room * 2 // 5)))

    def _code_width(self) -> int:
        """Cells for the items' codes, with the space after them: ``S1a``; of many workflows ``S1aa``."""
        return max(4, min(9, self._measured()[3] + 1))

    def _measured(self) -> tuple[tuple[ChecklistRow, ...] | None, int, int, int]:
        if self._longest[0] is not self.rows:
            longest = max((cell_len(row.text) for row in self.rows if row.mark), default=0)
            detail = max((cell_len(row.detail) for row in self.rows if row.mark), default=0)
            codes = max((len(row.code) for row in self.rows), default=0)
            self._longest = (self.rows, longest, detail, codes)
        return self._longest

    def highlight(self, code: str) -> None:
        """Put the cursor on an item, as the operator would."""
        place = self._place(code)
        if place is not None:
            self.stand_on(place)
            self.moved()

    def moved(self) -> None:
        """Moving away from NEXT ends following; moving onto it begins it."""
        self.following = self.code == self.next_code
        self._tell()

    def action_follow(self) -> None:
        """To what comes next, and stay with it."""
        self.following = True
        if self.next_code:
            self._put_cursor(self.next_code)

    def action_activate(self) -> None:
        """Enter."""
        if self.code:
            self.post_message(self.ItemActivated(self, self.code))

    def action_tick(self) -> None:
        """Space."""
        if self.code:
            self.post_message(self.TickWanted(self, self.code))
