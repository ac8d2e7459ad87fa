"""The preview: every effect of the highlighted step, exactly as it will be performed. ``preview_rows`` words it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from actions.model.incident import Incident
from widgets.painted import Row, wrapped
from widgets.presentation import joined
from widgets.preview_rows import NOTHING, PreviewText, preview_text
from widgets.row_view import RowView

if TYPE_CHECKING:
    from actions.model.approval import ApprovalState
    from actions.model.estimate import Timing


class Preview(RowView):
    """The pane under the list. ``show`` it the incident and the code of the highlighted item."""

    SELECTABLE: ClassVar[bool] = False
    DEFAULT_CSS = "Preview { height: 1fr; width: 1fr; }"

    def __init__(
        self,
        title: str = "What will happen",
        *,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(title, ascii=ascii, id=id, classes=classes)
        self.text: PreviewText = NOTHING
        self._lines: list[Row] = []
        self._width = 0

    def on_mount(self) -> None:
        """Name the pane."""
        self._lay_out()

    def show(
        self,
        incident: Incident,
        code: str,
        *,
        driver: bool = True,
        undo: bool = False,
        approval: ApprovalState | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Show what running (or undoing) this item does. ``timing``: how long the plan takes, where that is known."""
        self.show_text(preview_text(incident, code, driver=driver, undo=undo, approval=approval, timing=timing))

    def show_text(self, text: PreviewText) -> None:
        """Show any text of this shape; an equal one costs nothing, another item begins at its top."""
        if text == self.text:
            return
        if text.title != self.text.title:
            self.top = 0
        self.text = text
        self._lay_out()

    def _lay_out(self) -> None:
        self._width = 0
        self.set_titles(joined((self.title, self.text.title), ": "), self.text.side)
        self.refresh()

    def _ensure(self) -> None:
        width = max(8, self.content_size.width - 1)
        if width == self._width:
            return
        self._width = width
        self._lines = [line for row in self.text.rows for line in wrapped(row, width)]
        self.top = min(self.top, self.last_top)

    @property
    def row_count(self) -> int:
        """Lines, as wrapped for the present width."""
        self._ensure()
        return len(self._lines)

    def row(self, index: int, width: int) -> Row:
        """One line."""
        return self._lines[index]
