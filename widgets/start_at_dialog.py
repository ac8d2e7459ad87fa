"""Beginning in the middle: what the system said of each step that would be passed over, and the operator's reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.start_at import Answered
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.presentation import clip, harmless

LONGEST_TITLE = 28
"""Cells."""


class StartAtDialog(Dialog[str | None]):
    """Answers the reason. Nothing is recorded before, and nothing is run by it."""

    def __init__(
        self,
        code: str,
        title: str,
        answers: Sequence[Answered],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(f"Begin at {code} {title}", ascii=ascii, seconds=seconds)
        self.code = code
        self.answers = tuple(answers)

    def body(self) -> Iterable[Widget]:
        """The answers, what becomes of them, and the field."""
        yield Words("The system was asked what became of the steps before it:", ascii=self.ascii)
        for one in self.answers:
            # The whole title stands in the list; here what was seen of it must be read at once.
            title = clip(harmless(one.step.title), LONGEST_TITLE)
            text = f"{'✔' if one.found else '!'} {one.step.code} {title}: {one.words}"
            yield Words(text, ascii=self.ascii, classes=f"words {'-done' if one.found else '-warning'}")
        passed = [one.step.code for one in self.answers if not one.found]
        if passed:
            yield Words(
                f"{', '.join(passed)} will be OVERRIDDEN, and printed so on the sign-off.",
                ascii=self.ascii,
                id="loud",
                classes="words -warning -title",
            )
        yield Words(f"Nothing runs now; {self.code} is armed like any step. Why is it begun there?", ascii=self.ascii)
        yield PlainInput(id="text")

    def choices(self) -> Iterable[Button]:
        """[Begin there]."""
        yield button(f"Begin at {self.code}", "begin")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the field goes to the button: it takes one key more than a reason."""
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless the reason is missing."""
        text = " ".join(self.query_one("#text", PlainInput).value.split())
        if not text:
            self.trouble("It needs a few words: they go into the record.")
            self.query_one("#text").focus()
            return
        self.dismiss(text)
