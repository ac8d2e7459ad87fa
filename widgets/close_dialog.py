"""Closing or parking the incident: the outcome and a line of words. What may be said is the model's to judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.due import FORMS, due_words, parse_due
from widgets.choice_list import ChoiceList
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.presentation import clip, harmless, wrap_cells

AROUND = 14
"""Lines that are not what is bent: border, heading, question, outcomes, field, a trouble, buttons."""

OUTCOMES = (
    ("recovered", "the release before is back, and proven"),
    ("forward", "a fix goes out instead: ticket and deadline"),
    ("not recovered", "the rollback did not help"),
    ("abandoned", "given up, and said why"),
    ("false alarm", "nothing was wrong with the release"),
)


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CloseAnswer:
    """How it ended, and in whose words."""

    outcome: str
    text: str
    ticket: str = ""
    """Where the fix is followed, of what goes forward."""
    due: str = ""
    """Its deadline as it was written; ``parse_due`` takes it."""


class CloseDialog(Dialog[CloseAnswer | None]):
    """Answers the outcome and the text. ``reason_fn(outcome)`` tells why one cannot be chosen now, or None."""

    def __init__(
        self,
        title: str,
        reason_fn: Callable[[str], str | None],
        *,
        best: str = "recovered",
        now: Callable[[], datetime] = _utc,
        bent: tuple[str, ...] = (),
        held: tuple[str, ...] = (),
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``best``: the outcome that is chosen to begin with, where it can be. ``now``: deadlines count from it.

        ``bent``: what users still see and a step would straighten, a line each. ``held``: what keeps the record open,
        a line each: then it is parked instead of closed.
        """
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.bent = bent
        self.held = held
        self.reason_fn = reason_fn
        self.best = best
        self.now = now

    def body(self) -> Iterable[Widget]:
        """The outcomes and the fields."""
        lines = [(name, words, self.reason_fn(name) or "") for name, words in OUTCOMES]
        best = next((name for name, _, reason in lines if name == self.best and not reason), "")
        if self.bent:
            still = "\n".join(f"! {line}" for line in self.bent)
            word = "Parking" if self.held else "Closing"
            yield Words(f"{still}\n{word} leaves it so.", ascii=self.ascii, id="bent", classes="-warning")
        if self.held:
            yield Words(self._kept(), ascii=self.ascii, id="held", classes="-warning")
        after = (
            "Parked, the record waits for that; you fly no more, and another incident can be opened."
            if self.held
            else "After this only sign-offs follow."
        )
        yield Words(f"How did it end? {after}", ascii=self.ascii)
        yield ChoiceList(lines, best, ascii=self.ascii, id="outcome")
        yield Words("Ticket in which the fix is followed:", ascii=self.ascii, classes="forward")
        forward = PlainInput(limit=200, id="ticket")
        forward.add_class("forward")
        yield forward
        yield Words("", ascii=self.ascii, id="until", classes="forward")
        due = PlainInput(limit=40, id="due")
        due.add_class("forward")
        yield due
        yield Words("In one line, for the record:", ascii=self.ascii)
        yield PlainInput(id="text")

    def fit(self) -> None:
        """What is bent is named as far as question, fields and buttons stay in sight."""
        if self.held:
            self.query_one("#held", Words).say(self._kept(), "-warning")

    def _kept(self) -> str:
        """What is bent, the most urgent first; how many more there are, and the key that shows them."""
        width = min(78, self.app.size.width) - 4
        room = self.app.size.height - AROUND - (0 if self.app.size.width >= 78 else 1)
        head = "It cannot be closed while this is bent:"
        lines: list[str] = []
        for number, line in enumerate(self.held, 1):
            more = wrap_cells(harmless(f"! {line}"), width, 2)
            rest = len(self.held) - number
            if len(lines) + len(more) + bool(rest) > room:
                if number > 1:
                    return "\n".join([head, *lines, f"! and {rest + 1} more: leave this, D shows them all"])
                more = [clip(harmless(f"! {line}"), width)]
            lines += more
        return "\n".join([head, *lines])

    def choices(self) -> Iterable[Button]:
        """[Close the incident] or [Park the record]."""
        yield button("Park the record" if self.held else "Close the incident", "close")

    def on_mount(self) -> None:
        """Ask for what the outcome needs."""
        self._fields()

    @on(ChoiceList.Chosen)
    def _fields(self) -> None:
        self.trouble("")
        forward = self.query_one("#outcome", ChoiceList).value == "forward"
        for one in self.query(".forward"):
            one.display = forward
        self._until()

    @on(Input.Changed, "#due")
    def _until(self) -> None:
        text = self.query_one("#due", PlainInput).value
        words, tone = f"Due when? {FORMS}:", ""
        if text.strip():
            try:
                words = f"Due {due_words(parse_due(text, self.now()))}:"
            except ValueError as error:
                words, tone = str(error), "-warning"
        # ``say`` sets all classes anew; this one tells what is asked of a fix forward alone.
        self.query_one("#until", Words).say(words, *((tone,) if tone else ()), "forward")

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless no outcome is chosen or it needs words."""
        outcome = self.query_one("#outcome", ChoiceList).value
        text = self._line("#text")
        reason = self.reason_fn(outcome) if outcome else "Choose how it ended first."
        if reason:
            self._missing(reason, "#outcome")
        elif outcome == "forward":
            self._forward(text)
        elif outcome != "recovered" and not text:
            self._missing(f"{outcome}: say in a few words why, for whoever reads the record.", "#text")
        else:
            self.dismiss(CloseAnswer(outcome, text))

    def _forward(self, text: str) -> None:
        ticket, due = self._line("#ticket"), self._line("#due")
        if not ticket:
            self._missing("forward: give the ticket in which the fix is followed.", "#ticket")
            return
        try:
            parse_due(due, self.now())
        except ValueError as error:
            self._missing(str(error), "#due")
            return
        self.dismiss(CloseAnswer("forward", text, ticket, due))

    def _line(self, name: str) -> str:
        return " ".join(self.query_one(name, PlainInput).value.split())

    def _missing(self, words: str, field: str) -> None:
        self.trouble(words)
        self.query_one(field).focus()
