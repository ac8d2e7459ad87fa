"""Which way back: all that document and configuration know of, what each takes, and why one cannot be chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Button

from actions.model.ways_back import Way, Ways
from widgets.dialog import Dialog, Words, button
from widgets.option_list import OptionList

AROUND = 11
"""Lines of the dialog that are not the list: its border, a caution, the highlighted way in full, the buttons."""
NONE_THERE = "No way back is configured, and the procedure describes none: add a [git] or [compose] table."


class OptionDialog(Dialog[str | None]):
    """Answers the option that was chosen. Nothing is recorded before the button is pressed."""

    def __init__(
        self,
        ways: Ways,
        *,
        locked: str = "",
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``locked``: why nothing may be chosen here."""
        super().__init__("Which way back?", ascii=ascii, seconds=seconds)
        self.ways = ways
        self.locked = locked

    def body(self) -> Iterable[Widget]:
        """What holds for all, the list, and the highlighted one in full."""
        if not self.ways.rows:
            yield Words(NONE_THERE, ascii=self.ascii, id="none")
            return
        for number, caution in enumerate(self.ways.cautions):
            yield Words(f"! {caution}", ascii=self.ascii, id=f"caution-{number}", classes="words -warning")
        yield OptionList(self.ways.rows, ascii=self.ascii, id="ways")
        yield Words("", ascii=self.ascii, id="takes")
        yield Words("", ascii=self.ascii, id="good")
        yield Words("", ascii=self.ascii, id="state")

    def choices(self) -> Iterable[Button]:
        """[Choose], where there is something to choose."""
        if not self.locked and len([way for way in self.ways.rows if not way.reason]) > 1:
            yield button("Choose", "choose")

    def on_mount(self) -> None:
        """Show the highlighted one."""
        self._say()

    def fit(self) -> None:
        """The list takes what room there is."""
        for one in self.query(OptionList):
            one.styles.height = max(2, min(one.row_count, self.app.size.height - AROUND - len(self.ways.cautions)))

    @on(OptionList.Moved)
    def _moved(self) -> None:
        self.trouble("")
        self._say()

    def _say(self) -> None:
        way = next((one.way for one in self.query(OptionList)), None)
        if way is None:
            return
        self.query_one("#takes", Words).say(
            f"{way.takes[:1].upper()}{way.takes[1:]}; risk {way.risk or 'not written'}.", "-title"
        )
        good = self.query_one("#good", Words)
        good.say(f"Good for {way.good_for}.")
        good.display = bool(way.good_for)
        words, tone = self._state(way)
        self.query_one("#state", Words).say(words, *((tone,) if tone else ()))

    def _state(self, way: Way) -> tuple[str, str]:
        if way.reason:
            return f"Cannot be chosen: {way.reason}.", "-warning"
        if way.late:
            return f"! {way.late[:1].upper()}{way.late[1:]}.", "-warning"
        if way.in_use:
            return "In use.", "-done"
        return "Can be chosen; its releases are read then." if not self.locked else self.locked, ""

    def chosen(self, name: str) -> None:
        """Answer, unless it cannot be chosen."""
        way = self.query_one(OptionList).way
        if way is None or way.reason:
            self.trouble(f"Cannot be chosen: {way.reason}." if way else NONE_THERE)
            self.query_one(OptionList).focus()
            return
        self.dismiss(way.option)
