"""The live logs: a bounded ring of lines, followed or held still, with errors and pinned lines to jump to.

Lines come in batches from whoever reads the logs; how fast is that one's choice, and a batch costs a list extension and
one repaint of what is seen. Lines are sanitised where they enter; nothing is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.painted import Row, shifted
from widgets.presentation import LEVELS, clock_text, fit, harmless, joined
from widgets.row_view import RowView

if TYPE_CHECKING:
    from actions.model.ports import LogLine

DIVIDER = "divider"
"""Level of a line that ``mark`` put in."""
LINES = 20_000
SIDEWAYS = 16
"""Cells per key press to the side."""


def log_row(line: LogLine, width: int, source_width: int = 0, found: str = "") -> Row:
    """One line: time, source, level's glyph, text; ``found`` is lit in the text."""
    if line.level == DIVIDER:
        words = f"─── {harmless(line.text)} "
        return ((words + "─" * max(0, width - len(words)), "tone--mark"),)
    mark = LEVELS.get(line.level, LEVELS[""])
    spans = []
    if line.at:
        spans.append((f"{clock_text(line.at)} ", "tone--dim"))
    if source_width:
        spans.append((fit(harmless(line.source), source_width) + " ", "tone--dim"))
    spans.append((f"{mark.glyph} ", mark.style_class))
    text = harmless(line.text)
    at = text.casefold().find(found.casefold()) if found else -1
    if at >= 0 and len(text.casefold()) == len(text):
        end = at + len(found)
        return (*spans, (text[:at], mark.style_class), (text[at:end], "tone--found"), (text[end:], mark.style_class))
    return (*spans, (text, mark.style_class))


class LogStream(RowView):
    """The log pane. ``extend`` it with batches; it follows until the operator scrolls up."""

    class LinePinned(Message):
        """The operator wants this line in the record."""

        def __init__(self, stream: LogStream, line: LogLine) -> None:
            super().__init__()
            self.stream = stream
            self.line = line

        @property
        def control(self) -> LogStream:
            """The sender."""
            return self.stream

    class FindWanted(Message):
        """The operator wants to find a text; answer with ``find``."""

    DEFAULT_CSS = "LogStream { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f", "follow", "follow/pause", id="log.follow", tooltip="Follow the newest line, or hold still", show=False
        ),
        Binding("e", "error(1)", "next error", id="log.next_error", tooltip="To the next error", show=False),
        Binding(
            "E", "error(-1)", "previous error", id="log.previous_error", tooltip="To the previous error", show=False
        ),
        Binding("m", "pin", "pin", id="log.pin", tooltip="Pin the highlighted line into the record", show=False),
        Binding("slash", "find", "find", id="log.find", tooltip="Find a text in the logs", show=False),
        Binding(
            "n", "found(1)", "next found", id="log.next_found", tooltip="To the next line that holds it", show=False
        ),
        Binding("N", "found(-1)", "previous found", id="log.previous_found", tooltip="To the one before", show=False),
        Binding("right", "sideways(1)", "right", id="log.right", tooltip="The rest of long lines", show=False),
        Binding("left", "sideways(-1)", "left", id="log.left", tooltip="Back to their start", show=False),
    ]

    def __init__(
        self,
        title: str = "Logs",
        *,
        limit: int = LINES,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(title, ascii=ascii, id=id, classes=classes)
        self.limit = limit
        self.lines: list[LogLine] = []
        """The newest ``limit`` lines, oldest first."""
        self.following = True
        self.unseen = 0
        """Lines that came while it was held still."""
        self.dropped = 0
        """Lines that are no longer kept here, and those that never came (``lost``)."""
        self.errors = 0
        """Errors that came since the start."""
        self.text = ""
        """What is looked for."""
        self.left = 0
        """Cells that are scrolled away at the left."""
        self.source_width = 0

    def on_mount(self) -> None:
        """Name the pane."""
        self._titles()

    @property
    def row_count(self) -> int:
        """Lines that are kept."""
        return len(self.lines)

    def row(self, index: int, width: int) -> Row:
        """One line."""
        row = log_row(self.lines[index], width, self.source_width, self.text)
        return shifted(row, self.left) if self.left else row

    def extend(self, lines: Sequence[LogLine], lost: int = 0, *, by_time: bool = False) -> None:
        """Add a batch, oldest first. ``lost``: lines that whoever reads the logs had to leave out before it.

        ``by_time``: lines that come late stand where they were written, while the newest ones are followed.
        """
        if not lines and not lost:
            return
        count = len(lines)
        self.errors += sum(line.level == "error" for line in lines)
        new = lines[-self.limit :] if count > self.limit else lines
        widest = max((len(line.source) for line in new), default=0)
        self.source_width = max(self.source_width, min(12, widest))
        full = len(self.lines) - self.top >= self.page
        if by_time and self.following:
            from widgets.log_merge import merged  # few systems tell lines late

            kept, rest = merged(self.lines, new)
            self.lines[kept:] = rest
        else:
            self.lines.extend(new)
        gone = max(0, len(self.lines) - self.limit)
        if gone:
            del self.lines[:gone]
        self.dropped += gone + count - len(new) + lost
        if self.following:
            self.top, self.cursor = self.last_top, max(0, len(self.lines) - 1)
            self.refresh()
        else:
            self.unseen += count
            self._hold(gone, full)
        self._titles()

    def _hold(self, gone: int, full: bool) -> None:
        """Held still: the same lines stay in view while they are kept, and nothing is painted then."""
        kept = self.top >= gone
        self.cursor = max(0, self.cursor - gone)
        self.top = max(0, self.top - gone)
        if not (kept and full):
            self.refresh()

    def mark(self, text: str, at: str = "") -> None:
        """Put a dividing line in: ``step B1 started 10:02:20Z``."""
        from actions.model.ports import LogLine  # the ports load slowly, and no line is there at first

        self.extend([LogLine(at, "", text, DIVIDER)])

    def clear(self) -> None:
        """Forget all lines."""
        self.lines.clear()
        self.top = self.cursor = self.unseen = self.dropped = self.errors = self.left = 0
        self.following = True
        self._titles()
        self.refresh()

    def _titles(self) -> None:
        errors = f"{self.errors} error{'s' if self.errors != 1 else ''}" if self.errors else ""
        state = "following" if self.following else f"paused, {self.unseen} new: f follows"
        dropped = f"{self.dropped:,} older lines not shown".replace(",", " ") if self.dropped else ""
        looked_for = f"find: {self.text}" if self.text else ""
        self.set_titles(joined((self.title, errors), "  "), joined((looked_for, dropped, state)))

    def moved(self) -> None:
        """Away from the end it holds still; back at the end it follows."""
        at_end = self.cursor >= len(self.lines) - 1
        if at_end != self.following:
            self.following = at_end
        if at_end:
            self.unseen = 0
        self._titles()

    def on_resize(self) -> None:
        """Following, the newest line stays at the bottom."""
        if self.following:
            self.scroll_top(self.last_top)

    def wheeled(self) -> None:
        """Scrolling up by the wheel holds still, too; back at the end it follows."""
        self.following = self.top >= self.last_top
        if self.following:
            self.unseen = 0
        last = len(self.lines) - 1 if self.following else self.top + self.page - 1
        self.cursor = last if self.following else min(max(self.cursor, self.top), last)
        self._titles()

    def action_follow(self) -> None:
        """Follow, or hold still."""
        self.following = not self.following
        if self.following:
            self.unseen = 0
            self.stand_on(len(self.lines) - 1)
            self.scroll_top(self.last_top)
        self._titles()

    def action_error(self, way: int) -> None:
        """To the next (1) or previous (-1) error."""
        self._seek(way, lambda line: line.level == "error")

    def find(self, text: str) -> bool:
        """Look for a text (no case), backwards from the newest line; an empty text ends it. False: it is nowhere."""
        self.text = text
        self.refresh()
        self._titles()
        if not text:
            return True
        if self.lines and self._holds(self.lines[self.cursor]):
            return True
        return self._seek(-1, self._holds) or self._seek(1, self._holds)

    def _holds(self, line: LogLine) -> bool:
        return self.text.casefold() in line.text.casefold()

    def action_find(self) -> None:
        """Ask for a text."""
        self.post_message(self.FindWanted())

    def action_found(self, way: int) -> None:
        """To the next (1) or previous (-1) line that holds the text."""
        if self.text:
            self._seek(way, self._holds)

    def _seek(self, way: int, wanted: Callable[[LogLine], bool]) -> bool:
        index = self.cursor + way
        while 0 <= index < len(self.lines):
            if wanted(self.lines[index]):
                self.following = False
                self.stand_on(index)
                self.moved()
                return True
            index += way
        return False

    def action_pin(self) -> None:
        """Pin the highlighted line."""
        if self.cursor < len(self.lines) and self.lines[self.cursor].level != DIVIDER:
            self.post_message(self.LinePinned(self, self.lines[self.cursor]))

    def action_sideways(self, way: int) -> None:
        """Show what is further right (1) or left (-1)."""
        self.left = max(0, self.left + way * SIDEWAYS)
        self.refresh()
