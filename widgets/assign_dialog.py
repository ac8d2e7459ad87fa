"""Who owns a debt, until when, and in which ticket it is followed. Who there is, is the session's to judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.due import FORMS, due_words, parse_due
from actions.model.incident import Debt
from widgets.debts_dialog import LONGEST_TEXT
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.presentation import clip


@dataclass(frozen=True)
class AssignAnswer:
    """What is empty stays as it was."""

    owner: str
    due: str
    """As it was written; ``parse_due`` takes it."""
    ticket: str
    make: bool = False
    """The configured command is to make the ticket."""


class AssignDialog(Dialog[AssignAnswer | None]):
    """Answers owner, deadline and ticket. ``owner_reason(name)`` tells why somebody cannot own it, or is empty."""

    def __init__(
        self,
        debt: Debt,
        now: Callable[[], datetime],
        owner_reason: Callable[[str], str],
        *,
        people: str = "",
        command: Callable[[str, str], str] | None = None,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``people``: who there is, in words. ``command(owner, due)``: what would make a ticket; None: nothing does."""
        super().__init__(f"Assign {debt.name}", ascii=ascii, seconds=seconds)
        self.debt = debt
        self.now = now
        self.owner_reason = owner_reason
        self.people = people
        self.command = command

    def body(self) -> Iterable[Widget]:
        """What it is, and the fields."""
        yield Words(clip(self.debt.text, LONGEST_TEXT), ascii=self.ascii)
        who = f" (one of {self.people})" if self.people else ""
        yield Words(f"Owner{who}:", ascii=self.ascii, classes="-title")
        yield PlainInput(self.debt.owner, limit=80, id="owner")
        yield Words("", ascii=self.ascii, id="until")
        yield PlainInput(limit=40, id="due")
        yield Words("Ticket in which it is followed:", ascii=self.ascii, classes="-title")
        yield PlainInput(self.debt.ticket, limit=200, id="ticket")
        if self.command is not None:
            yield Words("", ascii=self.ascii, id="command")

    def choices(self) -> Iterable[Button]:
        """[Assign], and [Make a ticket] where something makes them."""
        yield button("Assign", "assign")
        if self.command is not None and not self.debt.ticket:
            yield button("Make a ticket", "make")

    def on_mount(self) -> None:
        """Say what the deadline means."""
        super().on_mount()
        self._until()

    @on(Input.Changed)
    def _until(self) -> None:
        text = self._line("#due")
        kept = f" (empty: stays {due_words(self.debt.due)})" if self.debt.due else " (may stay empty)"
        words, tone = f"Due when? {FORMS}{kept}:", "-title"
        if text:
            try:
                words = f"Due {due_words(parse_due(text, self.now()))}:"
            except ValueError as error:
                words, tone = str(error), "-warning"
        self.query_one("#until", Words).say(words, tone)
        if self.command is not None:
            shown = self.command(self._line("#owner") or self.debt.owner, self._due() or self.debt.due)
            self.query_one("#command", Words).say(f"[Make a ticket] runs: {shown}")

    def _due(self) -> str:
        """A stamp, or empty."""
        try:
            return parse_due(self._line("#due"), self.now()) if self._line("#due") else ""
        except ValueError:
            return ""

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless something is wrong or nothing is given."""
        owner, due, ticket = (self._line(one) for one in ("#owner", "#due", "#ticket"))
        make = name == "make"
        reason = self.owner_reason(owner) if owner else ""
        if reason:
            self._wrong(reason, "#owner")
        elif due and not self._due():
            self._wrong(self.query_one("#until", Words).words, "#due")
        elif make and ticket:
            self._wrong("either give a ticket, or let one be made", "#ticket")
        elif not make and (owner, ticket) == (self.debt.owner, self.debt.ticket) and not due:
            self._wrong("nothing is changed: give an owner, a deadline or a ticket", "#owner")
        else:
            self.dismiss(AssignAnswer(owner, due, ticket, make))

    def _line(self, name: str) -> str:
        return " ".join(self.query_one(name, PlainInput).value.split())

    def _wrong(self, words: str, field: str) -> None:
        self.trouble(words)
        self.query_one(field).focus()
