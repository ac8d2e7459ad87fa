"""A workflow that a person tries: what to do, and how it went. Marking it is left to whoever opened the dialog."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.dialog import Dialog, PlainInput, Words, button


@dataclass(frozen=True)
class WorkflowAnswer:
    """How it went; where it does not work, ``note`` says what was seen."""

    works: bool
    note: str


class WorkflowDialog(Dialog[WorkflowAnswer | None]):
    """Answers whether the workflow works. Nothing is chosen by Enter in the field: a button says which of the two."""

    def __init__(
        self,
        code: str,
        name: str,
        how: str,
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(f"{code}: does it work?", ascii=ascii, seconds=seconds)
        self.workflow = name
        self.how = how

    def body(self) -> Iterable[Widget]:
        """What to try, and the field."""
        yield Words(self.workflow, ascii=self.ascii, classes="-title")
        yield Words(self.how or "Do what a user would do; the configuration does not say how.", ascii=self.ascii)
        yield Words("What was seen (may stay empty where it works):", ascii=self.ascii)
        yield PlainInput(id="text")

    def choices(self) -> Iterable[Button]:
        """[It works] and [Does not work]."""
        yield button("It works", "works")
        yield button("Does not work", "fails")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the buttons."""
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless it failed and nobody says how."""
        note = " ".join(self.query_one("#text", PlainInput).value.split())
        if name == "fails" and not note:
            self.trouble("Say in a few words what does not work: it goes into the record.")
            self.query_one("#text").focus()
            return
        self.dismiss(WorkflowAnswer(name == "works", note))
