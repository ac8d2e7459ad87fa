"""A choice among a few words on one line, made with arrows or first letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from widgets.painted import Painted, Row


class ChoiceLine(Painted, can_focus=True):
    """``Severity  (●) Critical  ( ) High``. ``value`` is the chosen word, or empty while none is."""

    class Chosen(Message):
        """Another word was chosen."""

        def __init__(self, line: ChoiceLine, value: str) -> None:
            super().__init__()
            self.line = line
            self.value = value

        @property
        def control(self) -> ChoiceLine:
            """The sender."""
            return self.line

    DEFAULT_CSS = "ChoiceLine { height: 1; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "choose(1)", "next word", show=False),
        Binding("left", "choose(-1)", "previous word", show=False),
        Binding("down,enter", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "previous field", show=False),
    ]

    def __init__(
        self,
        label: str,
        words: Sequence[str],
        value: str = "",
        *,
        label_width: int = 10,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, id=id)
        self.label = label
        self.label_width = label_width
        self.words = tuple(words)
        self.value = value if value in self.words else ""

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as its words."""
        return self.label_width + sum(len(word) + 6 for word in self.words)

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.content_size.width
        row: list[tuple[str, str]] = [(self.label.ljust(self.label_width), "tone--title" if self.has_focus else "")]
        tight = self.label_width + sum(len(word) + 6 for word in self.words) > width
        if self.label_width + sum(len(word) + 5 for word in self.words) > width + 1:
            at = self.words.index(self.value) + 1 if self.value else 0
            row.append((f"(●) {self.value}" if self.value else "( )", "tone--found" if self.value else ""))
            row.append((f"  {at or '-'} of {len(self.words)}, left and right choose", "tone--dim"))
            return self.painted(tuple(row), width, "tone--cursor" if self.has_focus else "")
        for word in self.words:
            chosen = word == self.value
            row.append((f"({'●' if chosen else ' '}) {word}", "tone--found" if chosen else ""))
            row.append((" " if tight else "  ", ""))
        line: Row = tuple(row)
        return self.painted(line, width, "tone--cursor" if self.has_focus else "")

    def choose(self, value: str) -> None:
        """Choose a word."""
        if value in self.words and value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Chosen(self, value))

    def action_choose(self, way: int) -> None:
        """The next (1) or previous (-1) word."""
        at = self.words.index(self.value) + way if self.value else (0 if way > 0 else len(self.words) - 1)
        self.choose(self.words[min(max(0, at), len(self.words) - 1)])

    def on_key(self, event: events.Key) -> None:
        """A first letter chooses; pressed again, the next word with it."""
        letter = (event.character or "").casefold()
        if not letter.strip():
            return
        places = [at for at, word in enumerate(self.words) if word.casefold().startswith(letter)]
        if places:
            now = self.words.index(self.value) if self.value else -1
            self.choose(self.words[next((at for at in places if at > now), places[0])])
            event.stop()

    def on_focus(self) -> None:
        """It looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """It looks different."""
        self.refresh()
