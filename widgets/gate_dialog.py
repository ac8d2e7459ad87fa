"""The way around a gate: why, and who stands beside you. Whether that person may is judged by whoever opens it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.dialog import Dialog, PlainInput, Words, button


@dataclass(frozen=True)
class GateAnswer:
    """The reason and the second person."""

    reason: str
    second: str


class GateDialog(Dialog[GateAnswer | None]):
    """Answers the reason and the second person. ``second_fn(name)`` tells why somebody cannot be it, or is empty."""

    def __init__(
        self,
        code: str,
        text: str,
        second_fn: Callable[[str], str],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(f"{code}: around the gate", ascii=ascii, seconds=seconds)
        self.item = text
        self.second_fn = second_fn

    def body(self) -> Iterable[Widget]:
        """What the gate holds back, and the fields."""
        yield Words(self.item, ascii=self.ascii, classes="-title")
        yield Words(
            "This is a gate: it keeps what cannot be put back from being armed. Going around it stands in red in the"
            " record and on the sign-off.",
            ascii=self.ascii,
            classes="-warning",
        )
        yield Words("Why?", ascii=self.ascii)
        yield PlainInput(id="text")
        yield Words("Second person (login or name), who agrees:", ascii=self.ascii)
        yield PlainInput(limit=80, id="second")

    def choices(self) -> Iterable[Button]:
        """[Open the gate]."""
        yield button("Open the gate", "open")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; the button alone opens."""
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless something is missing."""
        reason = " ".join(self.query_one("#text", PlainInput).value.split())
        second = " ".join(self.query_one("#second", PlainInput).value.split())
        if not reason:
            self.trouble("It needs a reason: it goes into the record.")
            self.query_one("#text").focus()
            return
        problem = self.second_fn(second)
        if problem:
            self.trouble(problem)
            self.query_one("#second").focus()
            return
        self.dismiss(GateAnswer(reason, second))
