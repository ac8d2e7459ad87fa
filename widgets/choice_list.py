"""A choice among a few lines, one under the other, some of which cannot be chosen now and say why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from widgets.painted import Painted, Row
from widgets.presentation import fit, harmless

Line = tuple[str, str, str]
"""Name, words, and why it cannot be chosen (empty: it can)."""


class ChoiceList(Painted, can_focus=True):
    """Lines with a mark on the chosen one; up and down choose, over those that can be chosen."""

    class Chosen(Message):
        """Another line was chosen."""

    DEFAULT_CSS = "ChoiceList { height: auto; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", "next line", show=False),
        Binding("up", "choose(-1)", "previous line", show=False),
        Binding("enter", "app.focus_next", "next field", show=False),
    ]

    def __init__(self, lines: Sequence[Line], value: str = "", *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self.lines = tuple(lines)
        self.value = value
        """Name of the chosen line, or empty."""

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """A line each."""
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        """One line."""
        width = self.content_size.width
        if y >= len(self.lines):
            return self.painted((), width)
        name, words, reason = self.lines[y]
        chosen = name == self.value
        size = max(len(one) for one, _, _ in self.lines) + 2
        row: Row = (
            (f"({'●' if chosen else ' '}) ", "tone--found" if chosen else "tone--dim" if reason else ""),
            (fit(name, size), "tone--dim" if reason else ""),
            (f"– {harmless(reason)}" if reason else harmless(words), "tone--dim"),
        )
        return self.painted(row, width, "tone--cursor" if chosen and self.has_focus else "")

    def action_choose(self, way: int) -> None:
        """The next (1) or previous (-1) line that can be chosen."""
        names = [name for name, _, reason in self.lines if not reason]
        if not names:
            return
        at = names.index(self.value) + way if self.value in names else (0 if way > 0 else len(names) - 1)
        self.value = names[min(max(0, at), len(names) - 1)]
        self.refresh()
        self.post_message(self.Chosen())

    def on_focus(self) -> None:
        """It looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """It looks different."""
        self.refresh()
