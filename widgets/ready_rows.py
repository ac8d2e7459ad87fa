"""What was found of being ready, and the targets, as lines with a cursor; what one says in full is shown elsewhere."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from actions.model.ready import Finding, ReadyLevel, ReadyReport, TargetState
from widgets.painted import Row
from widgets.presentation import Mark, clip, fit, harmless
from widgets.row_view import RowView

LEVELS: dict[ReadyLevel, Mark] = {
    ReadyLevel.ERROR: Mark("✖", "error", "tone--failed"),
    ReadyLevel.UNKNOWN: Mark("?", "unknown", "tone--warning"),
    ReadyLevel.WARNING: Mark("!", "warning", "tone--warning"),
    ReadyLevel.INFO: Mark("·", "info", "tone--dim"),
}
MARK_WIDTH = 10
CODE_WIDTH = 24


def finding_row(one: Finding, width: int) -> Row:
    """``✖ error   target-gone             v1.4.1: its image is …``; on narrow screens without the words."""
    mark = LEVELS[one.level]
    row: list[tuple[str, str]] = [(fit(mark.text, MARK_WIDTH), mark.style_class)]
    left = width - MARK_WIDTH - CODE_WIDTH
    if left < 12:
        return (*row, (clip(harmless(one.code), width - MARK_WIDTH), ""))
    return (*row, (fit(harmless(one.code), CODE_WIDTH), "tone--key"), (clip(harmless(one.text), left), ""))


def target_row(one: TargetState, width: int) -> Row:
    """``» target  compose v1.4.1: there; protected``."""
    mark = Mark("»", "target" if one.proposed else "also", "tone--title" if one.proposed else "tone--dim")
    said = f"{harmless(one.option)} {harmless(one.name)}: {harmless(one.words())}"
    return ((fit(mark.text, MARK_WIDTH), mark.style_class), (clip(said, width - MARK_WIDTH), ""))


class ReadyRows(RowView):
    """Findings, worst first, then targets. ``full`` is the one under the cursor in words."""

    class Moved(Message):
        """The cursor stands on another line."""

    DEFAULT_CSS = "ReadyRows { width: 1fr; height: 5; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "app.focus_next", "next field", show=False)]

    def __init__(self, report: ReadyReport, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self.lines: tuple[Finding | TargetState, ...] = (*report.findings, *report.targets)

    @property
    def full(self) -> tuple[str, str]:
        """What the highlighted line says, and the next move; empty where there is none."""
        one = self.lines[self.cursor] if self.cursor < len(self.lines) else None
        if one is None:
            return "", ""
        if isinstance(one, TargetState):
            return f"{one.option} {one.name}: {one.words()}", ""
        return f"{one.about}: {one.text}" if one.about else one.text, one.next_move

    @property
    def row_count(self) -> int:
        """One line for each."""
        return len(self.lines)

    def row(self, index: int, width: int) -> Row:
        """One line."""
        one = self.lines[index]
        return target_row(one, width) if isinstance(one, TargetState) else finding_row(one, width)

    def moved(self) -> None:
        """Tell it."""
        self.post_message(self.Moved())
