"""One line of text from the operator: the reason for an override, for taking over, or a note."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.dialog import Dialog, PlainInput, Words, button


class ReasonDialog(Dialog[str | None]):
    """Answers the text without outer spaces, or None. ``required``: an empty text is no answer."""

    def __init__(
        self,
        title: str,
        prompt: str,
        required: bool = True,
        *,
        value: str = "",
        accept: str = "OK",
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.prompt = prompt
        self.required = required
        self.value = value
        self.accept = accept

    def body(self) -> Iterable[Widget]:
        """The question and the field."""
        yield Words(self.prompt, ascii=self.ascii)
        yield PlainInput(self.value, placeholder="" if self.required else "may stay empty", id="text")

    def choices(self) -> Iterable[Button]:
        """[OK]."""
        yield button(self.accept, "accept")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the field is [OK]."""
        self.chosen("accept")

    def chosen(self, name: str) -> None:
        """Answer, unless a required text is missing."""
        text = " ".join(self.query_one("#text", PlainInput).value.split())
        if self.required and not text:
            self.trouble("It needs a few words: they go into the record.")
            self.query_one("#text").focus()
            return
        self.dismiss(text)
