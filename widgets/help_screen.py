"""All keys on one page. Which keys there are is given: they derive from the bindings, in one place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from widgets.dialog import Dialog
from widgets.painted import Row
from widgets.presentation import clip, fit, harmless
from widgets.row_view import RowView

HelpRow = tuple[str, str]
"""Keys and what they do; no keys: a heading."""


class KeyTable(RowView):
    """The rows, scrolled like every pane."""

    SELECTABLE: ClassVar[bool] = False
    DEFAULT_CSS = "KeyTable { height: auto; max-height: 100h; width: 1fr; }"

    def __init__(self, rows: Sequence[HelpRow], *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self.rows = tuple(rows)

    @property
    def row_count(self) -> int:
        """Rows."""
        return len(self.rows)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """A line each."""
        return len(self.rows)

    def row(self, index: int, width: int) -> Row:
        """Keys and words, or a heading."""
        keys, words = self.rows[index]
        if not keys:
            return ((harmless(words), "tone--title"),)
        size = min(22, max(len(one) for one, _ in self.rows) + 2)
        return ((fit(harmless(keys), size - 1) + " ", "tone--key"), (clip(harmless(words), width - size), ""))


class HelpScreen(Dialog[None]):
    """The page of keys; ``?``, ``q``, F1, Esc or [Close] leaves."""

    DEFAULT_CSS = """
    HelpScreen #keys { height: auto; max-height: 80h; }
    """
    AUTO_FOCUS = "KeyTable"
    CANCEL = "q Close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,f1", "cancel", "close", id="help.close", tooltip="Close the help", show=False)
    ]

    def __init__(
        self,
        rows: Sequence[HelpRow],
        *,
        title: str = "Keys",
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.rows = tuple(rows)

    def body(self) -> Iterable[Widget]:
        """The table."""
        yield KeyTable(self.rows, ascii=self.ascii, id="keys")
