"""Would a rollback work right now: what was found, each in full with its next move; two wishes can be said here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button

from actions.model.ready import ReadyReport, Verdict
from widgets.dialog import Dialog, Words, button
from widgets.ready_rows import ReadyRows

PROTECT, LOOK = "protect", "look"
AROUND = 12
"""Lines of the dialog that are not the list."""
_TONES = {Verdict.READY: "-done", Verdict.NOT_READY: "-warning", Verdict.UNKNOWN: "-warning"}
_GLYPHS = {Verdict.READY: "✔", Verdict.NOT_READY: "✖", Verdict.UNKNOWN: "?"}


class ReadyDialog(Dialog[str | None]):
    """Answers ``protect``, ``look`` or nothing. Nothing is done here."""

    CANCEL = "Leave"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "wish('protect')", "protect", id="ready.protect", tooltip="Protect the target", show=False),
        Binding("l", "wish('look')", "look", id="ready.look", tooltip="Look again", show=False),
        Binding("q", "cancel", "leave", id="ready.leave", tooltip="Leave", show=False),
    ]

    def __init__(
        self,
        report: ReadyReport | None,
        said: str,
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``said``: when and by whom it was looked, or why it was not."""
        super().__init__("Would a rollback work right now?", ascii=ascii, seconds=seconds)
        self.report = report
        self.said = said

    def body(self) -> Iterable[Widget]:
        """The verdict, when it was, the list, and the highlighted line in full."""
        report = self.report
        if report is None:
            yield Words(f"? Not known: {self.said}.", ascii=self.ascii, id="verdict", classes="words -warning")
            return
        line = f"{_GLYPHS[report.verdict]} {report.line()}"
        yield Words(line, ascii=self.ascii, id="verdict", classes=f"words -title {_TONES[report.verdict]}")
        yield Words(f"{self.said[:1].upper()}{self.said[1:]}.", ascii=self.ascii, id="said")
        if report.findings or report.targets:
            yield ReadyRows(report, ascii=self.ascii, id="rows")
            yield Words("", ascii=self.ascii, id="full")
            yield Words("", ascii=self.ascii, id="next")

    def choices(self) -> Iterable[Button]:
        """[p Protect the target] and [l Look again]."""
        if self.report is not None and self.report.targets:
            yield button("p Protect the target", PROTECT)
        yield button("l Look again", LOOK)

    def on_mount(self) -> None:
        """Show the first line in full."""
        self._fit()
        self._say()
        for one in self.query(ReadyRows):
            one.focus()

    def on_resize(self) -> None:
        """The list takes what room there is."""
        self._fit()
        super().on_resize()

    def _fit(self) -> None:
        for one in self.query(ReadyRows):
            one.styles.height = max(2, min(one.row_count, self.app.size.height - AROUND))

    @on(ReadyRows.Moved)
    def _moved(self) -> None:
        self._say()

    def _say(self) -> None:
        for rows in self.query(ReadyRows):
            text, move = rows.full
            self.query_one("#full", Words).say(text)
            following = self.query_one("#next", Words)
            following.say(f"Next: {move}." if move else "", "-title")
            following.display = bool(move)

    def action_wish(self, name: str) -> None:
        """By key."""
        self.chosen(name)

    def chosen(self, name: str) -> None:
        """Answer."""
        if name == PROTECT and (self.report is None or not self.report.targets):
            self.trouble("There is no target to protect.")
            return
        self.dismiss(name)
