"""The footer: what Enter does now, in words, and the keys that may be pressed. The app says which there are."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.strip import Strip

from actions.model.blocking import Move, Next
from widgets.painted import Painted, Row, Span, row_width
from widgets.presentation import clip, harmless

Hint = tuple[str, str]
"""Key and words: ``("space", "tick")``."""

HELP = "?"
LEAST = 8
"""Cells that are left of what is blocked, however long its reason is."""


def next_row(following: Next, width: int = 0) -> Row:
    """``Enter  run X2: switch the image`` or ``Enter  – blocked: waits for B1``.

    ``width``: cells that there are (0: as many as it takes); what is blocked is shortened before the reason is.
    """
    if following.blocked:
        what = harmless(following.words)
        room = max(LEAST, width - cell_len(f" Enter   blocked: {harmless(following.blocked)}"))
        if width and cell_len(what) > room:
            what = clip(what, room)
        lead: tuple[Span, ...] = ((f"{what}  ", "tone--dim"),) if what else ()
        return ((" Enter ", "tone--dim"), *lead, (f"blocked: {harmless(following.blocked)}", "tone--blocked"))
    if following.move is Move.NOTHING and following.words:
        return ((f" {harmless(following.words)}", "tone--title"),)
    if following.move is Move.NOTHING:
        return ((" Enter ", "tone--dim"), ("does nothing now", "tone--dim"))
    return ((" Enter ", "tone--key"), (harmless(following.words), "tone--title"))


def hints_row(hints: Sequence[Hint], width: int) -> Row:
    """As many hints as fit, whole ones only, first come first; the way to all of them (``?``) before any other."""
    helping = next((hint for hint in hints if hint[0] == HELP), None)
    reserved = row_width(_hint(helping, first=False)) if helping else 0
    if reserved > width:
        helping, reserved = None, 0
    row: Row = ()
    for hint in hints:
        if hint is helping:
            row, reserved, helping = (*row, *_hint(hint, first=not row)), 0, None
            continue
        longer: Row = (*row, *_hint(hint, first=not row))
        if row_width(longer) + reserved > width:
            break
        row = longer
    return (*row, *_hint(helping, first=not row)) if helping else row


def _hint(hint: Hint, *, first: bool) -> Row:
    key, words = hint
    return ((" " if first else "   ", ""), (harmless(key), "tone--key"), (f" {harmless(words)}", ""))


class NextLine(Painted):
    """Two lines (one at the height of 1): what Enter does, and the hints."""

    DEFAULT_CSS = "NextLine { height: 2; width: 1fr; }"

    def __init__(self, *, ascii: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.following = Next(Move.NOTHING)
        self.hints: tuple[Hint, ...] = ()
        self.note = ""

    def show(self, following: Next, hints: Sequence[Hint] = (), note: str = "") -> None:
        """Say what Enter does, the hints, and a note that stands before them (``stopped: r lifts it``)."""
        fresh = (following, tuple(hints), note)
        if fresh == (self.following, self.hints, self.note):
            return
        self.following, self.hints, self.note = fresh
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """What Enter does, then the hints; both in one line where there is only one."""
        width = self.content_size.width
        note: Row = ((f" {harmless(self.note)} ", "tone--warning"),) if self.note else ()
        if self.content_size.height == 1:
            first = (*next_row(self.following, width), *note)
            return self.painted((*first, ("  ", ""), *hints_row(self.hints, width - row_width(first) - 2)), width)
        if y == 0:
            return self.painted(next_row(self.following, width), width)
        if y == 1:
            return self.painted((*note, *hints_row(self.hints, width - row_width(note))), width)
        return self.painted((), width)
