"""Lines that can be ticked, one under the other: for whom something is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from widgets.painted import Painted
from widgets.presentation import harmless


class TickList(Painted, can_focus=True):
    """``[x] management``. Space ticks and unticks the line of the cursor; ``ticked`` are those that are."""

    class Changed(Message):
        """A line was ticked, or its tick taken back."""

    DEFAULT_CSS = "TickList { height: auto; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "next line", show=False),
        Binding("up", "move(-1)", "previous line", show=False),
        Binding("space", "tick", "tick", show=False),
        Binding("enter", "app.focus_next", "next field", show=False),
    ]

    def __init__(self, lines: Sequence[str], *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self.lines = tuple(lines)
        self.chosen = dict.fromkeys(self.lines, True)
        self.cursor = 0

    @property
    def ticked(self) -> tuple[str, ...]:
        """The ticked lines, in their order."""
        return tuple(line for line in self.lines if self.chosen[line])

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """A line each."""
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.content_size.width
        if y >= len(self.lines):
            return self.painted((), width)
        line = self.lines[y]
        mark = "[x] " if self.chosen[line] else "[ ] "
        here = self.has_focus and y == self.cursor
        row = ((mark, "" if self.chosen[line] else "tone--dim"), (harmless(line), ""))
        return self.painted(row, width, "tone--cursor" if here else "")

    def action_move(self, way: int) -> None:
        """The next (1) or previous (-1) line."""
        self.cursor = min(max(0, self.cursor + way), len(self.lines) - 1)
        self.refresh()

    def action_tick(self) -> None:
        """Tick, or take the tick back."""
        if self.lines:
            line = self.lines[self.cursor]
            self.chosen[line] = not self.chosen[line]
            self.refresh()
            self.post_message(self.Changed())

    def on_focus(self) -> None:
        """It looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """It looks different."""
        self.refresh()
