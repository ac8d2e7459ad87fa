"""More time for a part of the list: how many minutes, and why. A time box that is over never acts by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.presentation import minutes_text


@dataclass(frozen=True)
class ExtendAnswer:
    """How much, and why."""

    minutes: int
    reason: str


class ExtendDialog(Dialog[ExtendAnswer | None]):
    """Answers the minutes and the reason."""

    def __init__(
        self, phase: str, left_s: int, *, ascii: bool = False, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(f"{phase}: more time", ascii=ascii, seconds=seconds)
        self.left_s = left_s

    def body(self) -> Iterable[Widget]:
        """Where the time stands, and the fields."""
        over = self.left_s < 0
        stands = f"over by {minutes_text(-self.left_s)}" if over else f"{minutes_text(self.left_s)} left"
        yield Words(f"The time box is {stands}. Decide now, or take more time:", ascii=self.ascii)
        yield Words("Minutes (1 to 1440):", ascii=self.ascii)
        yield PlainInput("10", limit=4, id="minutes")
        yield Words("Why? It stays visible in the record.", ascii=self.ascii)
        yield PlainInput(id="text")

    def choices(self) -> Iterable[Button]:
        """[More time]."""
        yield button("More time", "extend")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the reason, and from there it is the answer."""
        if event.input.id == "minutes":
            self.focus_next()
        else:
            self.chosen("extend")

    def chosen(self, name: str) -> None:
        """Answer, unless something is missing."""
        text = self.query_one("#minutes", PlainInput).value.strip()
        reason = " ".join(self.query_one("#text", PlainInput).value.split())
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1440):
            self.trouble("Minutes: a whole number from 1 to 1440.")
            self.query_one("#minutes").focus()
        elif not reason:
            self.trouble("It needs a few words: they go into the record.")
            self.query_one("#text").focus()
        else:
            self.dismiss(ExtendAnswer(int(text), reason))
