"""All that is known of one release: facts with their sources, times, reasons, what differs. Only read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from textual import events
from textual.widget import Widget

from actions.model.release_sheet import FACT, HEAD, WARNING, Line
from widgets.dialog import Dialog
from widgets.painted import Row
from widgets.presentation import harmless, wrap_cells
from widgets.row_view import RowView

AROUND = 4
"""Lines of the dialog that are not the sheet: its border, the button, and one of air."""
_LOOKS = {
    HEAD: ("", "tone--title"),
    FACT: ("  ", ""),
    WARNING: ("! ", "tone--warning"),
}


class DetailLines(RowView):
    """The lines, broken where they do not fit; scrolled, nothing is highlighted."""

    SELECTABLE = False
    DEFAULT_CSS = "DetailLines { height: 1fr; width: 1fr; border: none; }"

    def __init__(self, lines: Sequence[Line], *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__("", ascii=ascii, id=id)
        self._lines = tuple(lines)
        self._broken: tuple[int, list[Row]] = (0, [])

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines; what is seen stays where it is."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._broken = (0, [])
            self.scroll_top(self.top)
            self.refresh()

    @property
    def row_count(self) -> int:
        """Lines on this width."""
        return len(self._rows())

    def row(self, index: int, width: int) -> Row:
        """One line."""
        return self._rows()[index]

    def _rows(self) -> list[Row]:
        width = max(8, self.content_size.width - 1)  # as if it scrolled: nothing moves when it begins to
        if self._broken[0] != width:
            rows: list[Row] = []
            for number, (kind, text) in enumerate(self._lines):
                lead, tone = _LOOKS[kind]
                if kind == HEAD and number:
                    rows.append(())
                rows += [((line, tone),) for line in wrap_cells(lead + harmless(text), width, indent=len(lead))]
            self._broken = (width, rows)
        return self._broken[1]


class ReleaseDetail(Dialog[None]):
    """A sheet over the screen; ``show`` brings what was read meanwhile."""

    CANCEL = "Leave"
    DEFAULT_CSS = """
    ReleaseDetail > #box { width: 100; height: 100%; }
    ReleaseDetail #buttons { dock: bottom; }
    """

    def __init__(
        self,
        name: str,
        lines: Sequence[Line],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(f"Release {name}", ascii=ascii, seconds=seconds)
        self.lines = tuple(lines)

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield DetailLines(self.lines, ascii=self.ascii, id="sheet")

    def on_mount(self) -> None:
        """The keys are the sheet's."""
        self.query_one(DetailLines).focus()

    def fit(self) -> None:
        """The sheet takes what room there is."""
        self.query_one(DetailLines).styles.height = max(3, self.app.size.height - AROUND)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead."""
        self.lines = tuple(lines)
        for sheet in self.query(DetailLines):
            sheet.show(lines)

    def on_key(self, event: events.Key) -> None:
        """The key that opened it closes it, too."""
        if event.key == "x":
            event.stop()
            self.action_cancel()
