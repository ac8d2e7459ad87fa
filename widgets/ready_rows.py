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


def _lines(report: ReadyReport | None) -> tuple[Finding | TargetState, ...]:
    return () if report is None else (*report.findings, *report.targets)


def _mark(one: Finding | TargetState) -> tuple[str, ...]:
    """By which it is the same line in another answer."""
    return ("target", one.option, one.identity) if isinstance(one, TargetState) else ("finding", *one.identity)


class ReadyRows(RowView):
    """Findings, worst first, then targets. ``full`` is the one under the cursor in words."""

    class Moved(Message):
        """The cursor stands on another line."""

    DEFAULT_CSS = "ReadyRows { width: 1fr; height: 5; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "app.focus_next", "next field", show=False)]

    def __init__(self, report: ReadyReport | None, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(ascii=ascii, id=id)
        self._report = report
        self.lines = _lines(report)

    def show(self, report: ReadyReport | None) -> None:
        """Another answer: the cursor stays on the same finding or target, else as near as it can."""
        if report is self._report:
            return
        here = _mark(self.lines[self.cursor]) if self.cursor < len(self.lines) else None
        self._report, self.lines = report, _lines(report)
        marks = [_mark(one) for one in self.lines]
        self.stand_on(marks.index(here) if here in marks else self.cursor)
        self.scroll_top(self.top)
        self.refresh()

    @property
    def finding(self) -> Finding | None:
        """The highlighted finding; None: a target, or nothing."""
        one = self.lines[self.cursor] if self.cursor < len(self.lines) else None
        return one if isinstance(one, Finding) else None

    @property
    def mended(self) -> str:
        """The way back of the highlighted line, where it is a target or a step of a plan mends it; else empty."""
        one = self.lines[self.cursor] if self.cursor < len(self.lines) else None
        if isinstance(one, TargetState):
            return one.option
        return one.about if one is not None and one.step else ""

    @property
    def full(self) -> str:
        """What the highlighted line says; empty where there is none."""
        one = self.lines[self.cursor] if self.cursor < len(self.lines) else None
        if one is None:
            return ""
        if isinstance(one, TargetState):
            return f"{one.option} {one.name}: {one.words()}"
        return f"{one.about}: {one.text}" if one.about and not one.text.startswith(one.about) else one.text

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
