"""Painting: rows of plain text spans with tones become strips of a terminal. What they say is left to the widgets.

Every span is made harmless and clipped here, in one place; outside text is never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from widgets.palette import tone_style
from widgets.presentation import clip, drop_cells, harmless, wrap_cells

Span = tuple[str, str]
"""Text and tone (a class of the style sheet, or empty for plain)."""
Row = tuple[Span, ...]


def row_text(row: Row) -> str:
    """The row as plain text."""
    return "".join(text for text, _ in row)


def row_width(row: Row) -> int:
    """Its width in cells."""
    return sum(cell_len(text) for text, _ in row)


def wrapped(row: Row, width: int) -> list[Row]:
    """The row in as many lines as it needs: nothing of a command is ever cut away."""
    row = tuple((harmless(text), tone) for text, tone in row)
    if row_width(row) <= width:
        return [row]
    text = row_text(row)
    indent = len(text) - len(text.lstrip(" "))
    first, *more = wrap_cells(text, width, indent + 2)
    lead, tone = row[0]
    last = row[-1][1]
    if len(row) > 1 and first.startswith(lead):
        return [((lead, tone), (first[len(lead) :], last)), *(((line, last),) for line in more)]
    return [((line, last),) for line in (first, *more)]


def shifted(row: Row, cells: int) -> Row:
    """The row without its first ``cells`` cells."""
    out: list[Span] = []
    for text, tone in row:
        width = cell_len(text)
        if cells >= width:
            cells -= width
            continue
        out.append((drop_cells(text, cells), tone))
        cells = 0
    return tuple(out)


def paint(
    row: Row, width: int, style_of: Callable[[str], Style], *, ascii: bool = False, under: Style | None = None
) -> Strip:
    """A strip of exactly ``width`` cells: every span made harmless, clipped and styled.

    ``under`` is the ground of all spans that have none of their own.
    """
    base = style_of("")
    segments: list[Segment] = []
    room = width
    for text, tone in row:
        if room <= 0:
            break
        text = clip(harmless(text), room)
        if ascii:
            text = harmless(text, ascii=True)
        style = base + style_of(tone) if tone else base
        segments.append(Segment(text, style + under if under and style.bgcolor == base.bgcolor else style))
        room -= cell_len(text)
    if room > 0:
        segments.append(Segment(" " * room, base + under if under else base))
    return Strip(segments, width)


class Painted(Widget, inherit_css=False):
    """A widget that paints rows of spans; its colours are the tones of ``palette``.

    Textual's own rules for any widget are those of scroll bars and links, of which there are none here.
    """

    ALLOW_SELECT = False

    def __init__(
        self, *, ascii: bool = False, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.ascii = ascii
        """Only ASCII is painted; the class ``-ascii`` lets the style sheet do so with borders."""
        self.set_class(ascii, "-ascii")
        self._titles_wanted = ("", "")
        self._own_style: Style | None = None

    def notify_style_update(self) -> None:
        """The widget's own style is computed again."""
        super().notify_style_update()
        self._own_style = None

    def style_of(self, tone: str) -> Style:
        """The style of a tone; of the empty one: the widget's own."""
        if tone:
            return tone_style(tone)
        if self._own_style is None:
            self._own_style = self.rich_style
        return self._own_style

    def painted(self, row: Row, width: int, under: str = "") -> Strip:
        """The row as a strip of this width, with the tone ``under`` over all of it."""
        over = Style(bgcolor=self.style_of(under).bgcolor) if under else None
        return paint(row, width, self.style_of, ascii=self.ascii, under=over)

    def set_titles(self, title: str, subtitle: str = "") -> None:
        """The texts in the border, as plain text; nothing is painted when they are as before."""
        self._titles_wanted = (title, subtitle)
        room = self.size.width - 6 if self.size else 0
        for name, text in zip(("border_title", "border_subtitle"), self._titles_wanted, strict=True):
            text = harmless(clip(harmless(text), room) if room > 0 else text, ascii=self.ascii)
            wanted = Content(text) if text else None
            if getattr(self, f"_{name}") != wanted:
                setattr(self, name, wanted)

    def on_resize(self) -> None:
        """Titles are clipped here, because Textual's own mark of a cut is not ASCII."""
        self.set_titles(*self._titles_wanted)
