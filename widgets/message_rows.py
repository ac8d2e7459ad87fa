"""Lists of text for the message dialogs: messages with their states, and the text of one, as rows that scroll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message as Posted

from actions.model.quick_dataclass import dataclass
from widgets.painted import Row, wrapped
from widgets.presentation import clip, harmless
from widgets.row_view import RowView


@dataclass(frozen=True)
class MessageLine:
    """One message as the list shows it."""

    name: str
    to: str
    state: str
    """What was tried last; empty: nothing."""
    reason: str
    """Why it may not go out now; empty: it may."""
    good: bool = False
    """The newest attempt reached somebody."""
    bad: bool = False
    """It failed, or its end is not known."""
    suggested: bool = False


def message_row(line: MessageLine, width: int) -> Row:
    """``✔ users: solved  told 10:02Z users (smtp:mail)``; what may not go out says why first."""
    glyph, tone = ("✔", "tone--done") if line.good else ("✖", "tone--failed") if line.bad else ("○", "")
    if line.suggested:
        glyph, tone = "▶", "tone--mark"
    name = clip(harmless(line.name), max(12, width // 2))
    words = f"blocked: {line.reason}" if line.reason else line.state or f"for {line.to}"
    quiet = "tone--danger" if line.reason and line.suggested else "tone--blocked" if line.reason else "tone--dim"
    return (
        (f"{glyph} ", tone),
        (name, "tone--dim" if line.reason else ""),
        ("  ", ""),
        (harmless(words), "tone--failed" if line.bad and not line.reason else quiet),
    )


class MessageList(RowView):
    """The messages, with a cursor on one of them."""

    class Highlighted(Posted):
        """The cursor moved."""

    class Activated(Posted):
        """Enter on a message."""

    DEFAULT_CSS = "MessageList { width: 1fr; height: 6; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "activate", "choose", show=False)]

    def __init__(self, lines: Sequence[MessageLine], cursor: int = 0, *, ascii: bool = False) -> None:
        super().__init__(ascii=ascii, id="messages")
        self.lines = tuple(lines)
        self.cursor = cursor

    @property
    def row_count(self) -> int:
        """A row each."""
        return len(self.lines)

    def row(self, index: int, width: int) -> Row:
        """One message."""
        return message_row(self.lines[index], width)

    def moved(self) -> None:
        """Tell the dialog, which shows the text."""
        self.post_message(self.Highlighted())

    def action_activate(self) -> None:
        """Choose it."""
        self.post_message(self.Activated())


class TextView(RowView):
    """A text that scrolls, wrapped: nothing of it is cut away."""

    SELECTABLE: ClassVar[bool] = False
    DEFAULT_CSS = "TextView { width: 1fr; height: 6; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "app.focus_next", "next field", show=False)]

    def __init__(self, *, ascii: bool = False, id: str = "text") -> None:
        super().__init__(ascii=ascii, id=id)
        self.text: tuple[Row, ...] = ()
        self._lines: list[Row] = []
        self._width = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows, from their beginning."""
        if tuple(rows) != self.text:
            self.text, self._width, self.top = tuple(rows), 0, 0
            self.refresh()

    def _ensure(self) -> None:
        width = max(8, self.content_size.width - 1)
        if width != self._width:
            self._width = width
            self._lines = [line for row in self.text for line in (wrapped(row, width) if row else [()])]

    @property
    def row_count(self) -> int:
        """Lines, as wrapped for the present width."""
        self._ensure()
        return len(self._lines)

    def row(self, index: int, width: int) -> Row:
        """One line."""
        return self._lines[index]


def text_rows(subject: str, text: str, before: Sequence[str] = ()) -> tuple[Row, ...]:
    """What will be done, then subject and text as they go out."""
    rows: list[Row] = [((harmless(line), "tone--key"),) for line in before]
    if before:
        rows.append(())
    rows.append((("Subject: ", "tone--dim"), (harmless(subject), "tone--title")))
    rows.append(())
    rows += [((harmless(line), ""),) for line in text.split("\n")]
    return tuple(rows)
