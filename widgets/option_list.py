"""The ways back as lines with a cursor: which is in use, which can be chosen, which not, and which would be late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.ways_back import Way
from widgets.painted import Row
from widgets.presentation import Mark, fit, harmless
from widgets.row_view import RowView

IN_USE = Mark("●", "in use", "tone--running")
READY = Mark("○", "ready", "tone--open")
LATE = Mark("△", "late", "tone--warning")
NOT_HERE = Mark("–", "not here", "tone--dim")
MARK_WIDTH = 11


def mark_of(way: Way) -> Mark:
    """How a way stands, in glyph and word."""
    if way.reason:
        return NOT_HERE
    return IN_USE if way.in_use else LATE if way.late else READY


def way_row(way: Way, width: int) -> Row:
    """``○ ready    Option 1b: Docker Compose   10-15 min   low``; on narrow screens without the risk."""
    mark = mark_of(way)
    quiet = "tone--dim" if way.reason or way.late else ""
    row: list[tuple[str, str]] = [(fit(mark.text, MARK_WIDTH), mark.style_class)]
    columns = [(harmless(way.short), 15)] + ([(harmless(way.risk) or "-", 8)] if width >= 64 else [])
    name = max(8, width - MARK_WIDTH - sum(size for _, size in columns))
    late = " (late)" if way.late and way.in_use else ""
    row.append((fit(f"{harmless(way.name)}{late}", name - 1) + " ", quiet))
    row += [(fit(text, size - 1) + " ", quiet) for text, size in columns]
    return tuple(row)


class OptionList(RowView):
    """``way`` is the one under the cursor."""

    class Moved(Message):
        """The cursor stands on another way back."""

    DEFAULT_CSS = "OptionList { width: 1fr; height: 5; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "app.focus_next", "next field", show=False)]

    def __init__(self, ways: Sequence[Way], *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self.ways = tuple(ways)
        self.cursor = next((at for at, way in enumerate(self.ways) if way.in_use), 0)

    @property
    def way(self) -> Way | None:
        """The way back under the cursor, or None where there is none."""
        return self.ways[self.cursor] if self.cursor < len(self.ways) else None

    @property
    def row_count(self) -> int:
        """One line for each."""
        return len(self.ways)

    def row(self, index: int, width: int) -> Row:
        """One way back."""
        return way_row(self.ways[index], width)

    def moved(self) -> None:
        """Tell it."""
        self.post_message(self.Moved())
