"""The confirmation of what cannot be undone: the target's name is typed, letter by letter. Running is the engine's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from textual.widget import Widget
from textual.widgets import Input

from widgets.dialog import Dialog, PlainInput, Words
from widgets.presentation import clip, harmless

HAND_S = 0.03
"""Seconds a letter that no hand stays under: what comes faster was pasted by a terminal that sends pastes as keys."""


def progress_words(typed: str, wanted: str) -> str:
    """How far the typing is: what is missing, or which letter is another one. Letters that only look alike differ."""
    if typed == wanted:
        return "complete: Enter confirms"
    for at, (mine, theirs) in enumerate(zip(typed, wanted, strict=False), 1):
        if mine != theirs:
            return f"letter {at} is another one"
    if len(typed) > len(wanted):
        return f"{len(typed) - len(wanted)} too many"
    return f"{len(wanted) - len(typed)} to go; Enter only when it is complete"


class ConfirmDialog(Dialog[bool]):
    """Answers True only when the typed text equals ``target_name`` exactly; else False. There is no button for it."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        target_name: str,
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError for an empty name: Enter alone must never confirm."""
        if not target_name.strip():
            raise ValueError("a confirmation needs a name to type")
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.lines = tuple(lines)
        self.target_name = target_name
        self._begun = 0.0
        self._empty = True

    def body(self) -> Iterable[Widget]:
        """What will be lost and kept, and the field."""
        yield Words("\n".join(self.lines), ascii=self.ascii, id="lines")
        yield Words(f"Type {clip(harmless(self.target_name), 60)} to arm, by hand:", ascii=self.ascii, classes="-title")
        yield PlainInput(pasting=False, limit=max(200, len(self.target_name) * 2), id="typed")
        yield Words(progress_words("", self.target_name), ascii=self.ascii, id="progress")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say how far it is; from the first letter on the time counts."""
        if self._empty and event.value:
            self._begun = self._seconds()
        self._empty = not event.value
        done = event.value == self.target_name
        words = progress_words(event.value, self.target_name)
        self.query_one("#progress", Words).say(words, *(("-done",) if done else ()))
        if event.value:
            self.trouble("")

    def on_plain_input_paste_refused(self) -> None:
        """A pasted name proves nothing."""
        self.trouble("Not pasted: type it, so that hand and eye have been over it.")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter counts when the name is complete."""
        if event.value == self.target_name and self._took(event.input) < HAND_S * len(self.target_name):
            event.input.clear()
            self.trouble("Not confirmed: that came faster than a hand types. Type it again.")
        elif event.value == self.target_name:
            self.dismiss(True)
        else:
            self.trouble(f"Not confirmed: {progress_words(event.value, self.target_name)}.")

    def _took(self, field: Input) -> float:
        """Seconds of typing. The keys' own times count: a slow moment must not make a hand of a paste."""
        return field.typed_s if self.keys_tell and isinstance(field, PlainInput) else self._seconds() - self._begun

    def action_cancel(self) -> None:
        """Leave without effect."""
        self.dismiss(False)
