"""Closing the incident: the outcome and a line of words. What may be said is the model's to judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.choice_list import ChoiceList
from widgets.dialog import Dialog, PlainInput, Words, button

OUTCOMES = (
    ("recovered", "the release before is back, and proven"),
    ("forward", "a fix went out instead"),
    ("not recovered", "the rollback did not help"),
    ("abandoned", "given up, and said why"),
    ("false alarm", "nothing was wrong with the release"),
)


@dataclass(frozen=True)
class CloseAnswer:
    """How it ended, and in whose words."""

    outcome: str
    text: str


class CloseDialog(Dialog[CloseAnswer | None]):
    """Answers the outcome and the text. ``reason_fn(outcome)`` tells why one cannot be chosen now, or None."""

    def __init__(
        self,
        title: str,
        reason_fn: Callable[[str], str | None],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.reason_fn = reason_fn

    def body(self) -> Iterable[Widget]:
        """The outcomes and the field."""
        lines = [(name, words, self.reason_fn(name) or "") for name, words in OUTCOMES]
        best = lines[0][0] if not lines[0][2] else ""
        yield Words("How did it end? After this only sign-offs follow.", ascii=self.ascii)
        yield ChoiceList(lines, best, ascii=self.ascii, id="outcome")
        yield Words("In one line, for the record:", ascii=self.ascii)
        yield PlainInput(id="text")

    def choices(self) -> Iterable[Button]:
        """[Close the incident]."""
        yield button("Close the incident", "close")

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless no outcome is chosen or it needs words."""
        outcome = self.query_one("#outcome", ChoiceList).value
        text = " ".join(self.query_one("#text", PlainInput).value.split())
        reason = self.reason_fn(outcome) if outcome else "Choose how it ended first."
        if reason:
            self.trouble(reason)
            self.query_one("#outcome").focus()
        elif outcome != "recovered" and not text:
            self.trouble(f"{outcome}: say in a few words why, for whoever reads the record.")
            self.query_one("#text").focus()
        else:
            self.dismiss(CloseAnswer(outcome, text))
