"""The procedure on one page, to be read: whom to reach, who decides, ways back. It is given its lines, and only shows.

What holds at this moment may change while it is read, so the page asks for its lines each second and keeps its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from actions.model.procedure_line import Line
from widgets.dialog import Dialog
from widgets.painted import Row
from widgets.procedure_rows import sheet_rows
from widgets.row_view import RowView

TITLE = "Procedure (n: next section)"
Lines = Callable[[], Sequence[Line]]
"""The page as it is at this moment."""


class SheetView(RowView):
    """The page, wrapped to the width, scrolled like every pane; ``n`` and ``N`` go from section to section."""

    SELECTABLE: ClassVar[bool] = False
    DEFAULT_CSS = "SheetView { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "section(1)", "next section", id="sheet.next", tooltip="To the next section", show=False),
        Binding("N", "section(-1)", "section before", id="sheet.back", tooltip="To the one before", show=False),
        Binding("space", "page(1)", "page down", id="sheet.page", tooltip="One page down", show=False),
    ]

    def __init__(self, lines: Sequence[Line], *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self.lines = tuple(lines)
        self._rows: tuple[Row, ...] = ()
        self._sections: tuple[int, ...] = ()
        self._laid_out_for: tuple[int, tuple[Line, ...]] = (0, ())

    def show(self, lines: Sequence[Line]) -> None:
        """Other lines, in the same place; equal ones cost nothing."""
        fresh = tuple(lines)
        if fresh != self.lines:
            self.lines = fresh
            self.scroll_top(self.top)
            self.refresh()

    def _lay_out(self, width: int) -> None:
        if self._laid_out_for != (width, self.lines):
            self._laid_out_for = (width, self.lines)
            self._rows, self._sections = sheet_rows(self.lines, width)

    @property
    def row_count(self) -> int:
        """Rows, as wrapped for the present width; one column is left to the bar that tells the place."""
        if self.content_size.width:
            self._lay_out(self.content_size.width - 1)
        return len(self._rows)

    def row(self, index: int, width: int) -> Row:
        """One row."""
        return self._rows[index]

    def action_section(self, way: int) -> None:
        """To the next section, or to the one before."""
        count = self.row_count
        after = [at for at in self._sections if (at > self.top if way > 0 else at < self.top)]
        if after and count:
            self.go(after[0] if way > 0 else after[-1], way)
        else:
            self.go(0 if way < 0 else count - 1, way)


class ProcedureScreen(Dialog[None]):
    """The page; ``v``, ``q``, Esc or [Close] leaves."""

    DEFAULT_CSS = """
    ProcedureScreen > #box { width: 118; height: 100%; }
    ProcedureScreen #sheet { height: 1fr; }
    """
    AUTO_FOCUS = "SheetView"
    CANCEL = "q Close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,v", "cancel", "close", id="procedure.close", tooltip="Close the procedure", show=False)
    ]

    def __init__(
        self,
        lines: Lines,
        *,
        title: str = TITLE,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.lines = lines

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield SheetView(self.lines(), ascii=self.ascii, id="sheet")

    def on_mount(self) -> None:
        """What holds now is looked up each second."""
        super().on_mount()
        self.set_interval(1.0, self.look_again)

    def look_again(self) -> None:
        """The lines as they are now."""
        self.query_one(SheetView).show(self.lines())
