"""The ground of all line panes: scrolls rows and keeps a cursor. Knows no content; painting is left to ``painted``.

A row is computed when its line is painted and no widget or text object is kept per row, so a pane of a million rows
costs what is seen. The viewport is our own number, not Textual's scrolling: growing content causes no new layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip

from widgets.painted import Painted, Row


class RowView(Painted, can_focus=True):
    """A scrolling pane of rows. Subclasses give ``row_count`` and ``row``; with ``SELECTABLE`` it has a cursor."""

    SELECTABLE: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down", "down", id="pane.down", tooltip="One line down", show=False),
        Binding("up,k", "up", "up", id="pane.up", tooltip="One line up", show=False),
        Binding("pagedown", "page(1)", "page down", id="pane.page_down", tooltip="One page down", show=False),
        Binding("pageup", "page(-1)", "page up", id="pane.page_up", tooltip="One page up", show=False),
        Binding("g,home", "first", "first", id="pane.first", tooltip="To the first line", show=False),
        Binding("G,end", "last", "last", id="pane.last", tooltip="To the last line", show=False),
    ]

    def __init__(
        self,
        title: str = "",
        *,
        ascii: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, name=name, id=id, classes=classes)
        self.title = title
        """The pane's title; what the pane adds to it is its own."""
        self.top = 0
        """First row that is seen."""
        self.cursor = 0
        """The highlighted row, where there is one."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row(self, index: int, width: int) -> Row:
        """One row, for a width in cells."""
        raise NotImplementedError

    def head(self, width: int) -> Row | None:
        """A first line that does not scroll, or None."""
        return None

    def can_stand(self, index: int) -> bool:
        """Whether the cursor may stand on this row (headings say no)."""
        return True

    def moved(self) -> None:
        """The operator moved the cursor or the view."""

    def wheeled(self) -> None:
        """The wheel moved the view."""
        if not self.SELECTABLE:
            self.moved()

    @property
    def head_height(self) -> int:
        """Lines taken by the head."""
        return 0 if self.head(80) is None else 1

    @property
    def page(self) -> int:
        """Rows that are seen at once."""
        return max(1, self.content_size.height - self.head_height)

    @property
    def last_top(self) -> int:
        """The largest ``top``: the last row stands at the bottom."""
        return max(0, self.row_count - self.page)

    def render_line(self, y: int) -> Strip:
        """One line of the viewport."""
        width, height = self.content_size
        head = self.head(width) if y == 0 else None
        if head is not None:
            return self.painted(head, width)
        above = self.head_height
        line = y - above
        index = self.top + line
        scrolls = self.row_count > max(1, height - above)
        inner = width - 1 if scrolls else width
        if not 0 <= index < self.row_count:
            row: Row = ()
        else:
            row = self.row(index, max(1, inner - (1 if self.SELECTABLE else 0)))
        under = ""
        if self.SELECTABLE:
            here = index == self.cursor and index < self.row_count and self.can_stand(index)
            row = ((("▌" if here else " "), ""), *row)
            under = "" if not here else "tone--cursor" if self.has_focus else "tone--cursor-blurred"
        if not scrolls:
            return self.painted(row, width, under)
        thumb = self._thumb()
        bar: Row = (("█" if line in thumb else "│", "tone--dim"),)
        return Strip.join([self.painted(row, inner, under), self.painted(bar, 1)])

    def _thumb(self) -> range:
        page, count = self.page, max(1, self.row_count)
        size = max(1, page * page // count)
        start = round((page - size) * self.top / max(1, self.last_top))
        return range(start, start + size)

    def refresh_row(self, index: int) -> None:
        """Paint one row again, if it is seen."""
        line = index - self.top + self.head_height
        if self.head_height <= line < self.content_size.height:
            self.refresh(Region(0, line, self.content_size.width, 1))

    def refresh_rows(self, indices: Iterable[int]) -> None:
        """Paint some rows again."""
        for index in indices:
            self.refresh_row(index)

    def scroll_top(self, top: int) -> bool:
        """Let this row be the first that is seen, as far as there are rows. True when the view moved."""
        top = min(max(0, top), self.last_top)
        if top == self.top:
            return False
        self.top = top
        self.refresh()
        return True

    def stand_on(self, index: int) -> bool:
        """Put the cursor on a row and bring it into view, with a row or two around it. True when it moved."""
        index = min(max(0, index), max(0, self.row_count - 1))
        before, self.cursor = self.cursor, index
        around = min(2, (self.page - 1) // 4)
        if index - around < self.top:
            self.scroll_top(index - around)
        elif index + around >= self.top + self.page:
            self.scroll_top(index + around - self.page + 1)
        if before == index:
            return False
        self.refresh_rows((before, index))
        return True

    def _step(self, index: int, way: int) -> int:
        """The nearest row from ``index`` on, that way, on which the cursor may stand; else where it stands."""
        while 0 <= index < self.row_count:
            if self.can_stand(index):
                return index
            index += way
        return self.cursor

    def go(self, index: int, way: int) -> None:
        """Move by the operator's hand."""
        if not self.SELECTABLE:
            self.scroll_top(index)
        elif self.row_count:
            inside = min(max(0, index), self.row_count - 1)
            target = self._step(inside, way)
            if target == self.cursor and not self.can_stand(inside):
                target = self._step(inside, -way)
            self.stand_on(target)
        self.moved()

    def action_down(self) -> None:
        """One row down."""
        self.go((self.cursor if self.SELECTABLE else self.top) + 1, 1)

    def action_up(self) -> None:
        """One row up."""
        self.go((self.cursor if self.SELECTABLE else self.top) - 1, -1)

    def action_page(self, way: int) -> None:
        """One page down (1) or up (-1)."""
        self.go((self.cursor if self.SELECTABLE else self.top) + way * max(1, self.page - 1), way)

    def action_first(self) -> None:
        """To the first row."""
        self.go(0, 1)

    def action_last(self) -> None:
        """To the last row."""
        self.go(self.row_count - 1, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the view, not the cursor."""
        event.stop()
        if self.scroll_top(self.top + 3):
            self.wheeled()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the view, not the cursor."""
        event.stop()
        if self.scroll_top(self.top - 3):
            self.wheeled()

    def on_click(self, event: events.Click) -> None:
        """A click highlights a row; it never runs anything."""
        place = event.get_content_offset(self)
        if place is None or not self.SELECTABLE:
            return
        index = self.top + place.y - self.head_height
        if place.y >= self.head_height and 0 <= index < self.row_count and self.can_stand(index):
            self.stand_on(index)
            self.moved()

    def on_resize(self) -> None:
        """Keep the cursor in view, and no empty place under the last row."""
        self.scroll_top(self.top)
        if self.SELECTABLE and self.row_count:
            self.stand_on(self.cursor)

    def on_focus(self) -> None:
        """The cursor's row looks different."""
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        """The cursor's row looks different."""
        self.refresh_row(self.cursor)
