"""Would a rollback work right now: what was found, each in full with its next move; it follows what is looked at anew.

What is shown is read again and again from whoever looks; nothing is asked and nothing is done here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button

from actions.model.quick_dataclass import dataclass
from actions.model.ready import Finding, ReadyReport, Verdict
from widgets.dialog import Dialog, Words, button
from widgets.ready_rows import ReadyRows

PROTECT, LOOK = "protect", "look"
AROUND = 12
"""Lines of the dialog that are not the list."""
LOOK_S = 0.5
"""How often it is looked whether something else is known."""
_TONES = {Verdict.READY: "-done", Verdict.NOT_READY: "-warning", Verdict.UNKNOWN: "-warning"}
_GLYPHS = {Verdict.READY: "✔", Verdict.NOT_READY: "✖", Verdict.UNKNOWN: "?"}


def _own_move(finding: Finding) -> str:
    return finding.next_move


@dataclass(frozen=True)
class Looked:
    """What is known now."""

    report: ReadyReport | None
    words: str
    """When and by whom it was looked, or why it was not, and whether it is being looked at."""
    move: Callable[[Finding], str] = _own_move
    """The next move of a finding, as things stand."""


class ReadyDialog(Dialog[str | None]):
    """Answers ``protect`` or nothing; looking again leaves it open."""

    CANCEL = "Leave"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "wish('protect')", "protect", id="ready.protect", tooltip="Protect the target", show=False),
        Binding("l", "wish('look')", "look", id="ready.look", tooltip="Look again", show=False),
        Binding("q", "cancel", "leave", id="ready.leave", tooltip="Leave", show=False),
    ]

    def __init__(
        self,
        now: Callable[[], Looked],
        look: Callable[[], str],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now``: what is known; ``look``: wishes that it is looked again, and says why not, or nothing."""
        super().__init__("Would a rollback work right now?", ascii=ascii, seconds=seconds)
        self._now, self._look_again = now, look
        self.looked = now()

    @property
    def report(self) -> ReadyReport | None:
        """The newest answer, where there is one."""
        return self.looked.report

    @property
    def about(self) -> str:
        """The way back of the highlighted line, where a step mends it; else empty."""
        return self.query_one(ReadyRows).mended

    def body(self) -> Iterable[Widget]:
        """The verdict, when it was, the list, and the highlighted line in full."""
        yield Words("", ascii=self.ascii, id="verdict", classes="words -title")
        yield Words("", ascii=self.ascii, id="said")
        yield ReadyRows(self.report, ascii=self.ascii, id="rows")
        yield Words("", ascii=self.ascii, id="full")
        yield Words("", ascii=self.ascii, id="next")

    def choices(self) -> Iterable[Button]:
        """[p Protect the target] and [l Look again]."""
        yield button("p Protect the target", PROTECT)
        yield button("l Look again", LOOK)

    def on_mount(self) -> None:
        """Show the first line in full; from now on follow what is found."""
        self._show()
        self._focus_rows()
        self.set_interval(LOOK_S, self._follow)

    def fit(self) -> None:
        """The list takes what room there is."""
        rows = self.query_one(ReadyRows)
        rows.styles.height = max(2, min(rows.row_count, self.app.size.height - AROUND))

    @on(ReadyRows.Moved)
    def _moved(self) -> None:
        self._say()

    def _follow(self) -> None:
        """In place: the cursor stays on what it stands on."""
        before, self.looked = self.looked, self._now()
        if before.report is not self.looked.report:
            self.trouble("")
        rows = self.query_one(ReadyRows)
        had = rows.row_count
        rows.show(self.report)
        self._show()
        if rows.row_count != had:
            self.fit()
            if not had:
                self._focus_rows()

    def _focus_rows(self) -> None:
        rows = self.query_one(ReadyRows)
        if rows.row_count:
            rows.focus()

    def _show(self) -> None:
        report, words = self.report, self.looked.words
        verdict, said = self.query_one("#verdict", Words), self.query_one("#said", Words)
        if report is None:
            verdict.say(f"? Not known: {words}.", "-title", "-warning")
        else:
            verdict.say(f"{_GLYPHS[report.verdict]} {report.line()}", "-title", _TONES[report.verdict])
            said.say(f"{words[:1].upper()}{words[1:]}.")
        said.display = report is not None
        self.query_one(ReadyRows).display = self.query_one(ReadyRows).row_count > 0
        self.query_one(f"#{PROTECT}", Button).display = bool(report is not None and report.targets)
        self._say()

    def _say(self) -> None:
        rows = self.query_one(ReadyRows)
        full, following = self.query_one("#full", Words), self.query_one("#next", Words)
        full.say(rows.full)
        full.display = bool(rows.full)
        finding = rows.finding
        move = self.looked.move(finding) if finding is not None else ""
        end = "." if finding is None or not finding.step else ""  # a command is copied: nothing stands behind it
        following.say(f"Next: {move}{end}" if move else "", "-title")
        following.display = bool(move)

    def action_wish(self, name: str) -> None:
        """By key."""
        self.chosen(name)

    def chosen(self, name: str) -> None:
        """Look again and stay, or answer."""
        if name == LOOK:
            self.trouble(self._look_again())
            self._follow_words()
            return
        if self.report is None or not self.report.targets:
            self.trouble("There is no target to protect.")
            return
        self.dismiss(name)

    def _follow_words(self) -> None:
        """Said at once: the key was heard."""
        self.looked = self._now()
        self._show()
