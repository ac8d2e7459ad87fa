"""Approvals of the plan: how they stand, and the four things that whoever flies can do about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.choice_list import ChoiceList, Line
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.presentation import clip, harmless

WISHES = {
    "ask": "Ask",
    "code": "Code read back",
    "no": "No by phone",
    "break": "Break glass",
}


class ApprovalDialog(Dialog[str | None]):
    """Answers one of ``WISHES``, or None. Only what is possible now has a button."""

    def __init__(
        self,
        lines: Sequence[str],
        possible: Sequence[str],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("Approvals of this plan", ascii=ascii, seconds=seconds)
        self.lines = tuple(lines)
        self.possible = tuple(possible)

    def body(self) -> Iterable[Widget]:
        """How they stand."""
        yield Words("\n".join(self.lines), ascii=self.ascii, id="lines")

    def choices(self) -> Iterable[Button]:
        """What can be done."""
        for name in self.possible:
            yield button(WISHES[name], name)

    def chosen(self, name: str) -> None:
        """Answer."""
        self.dismiss(name)


@dataclass(frozen=True)
class PersonAnswer:
    """Who is on the phone, and what was typed."""

    person: str
    text: str


class PersonDialog(Dialog[PersonAnswer | None]):
    """Somebody on the phone: who it is, and the code they read out or the reason for their no."""

    def __init__(
        self,
        title: str,
        prompt: str,
        people: Sequence[Line],
        label: str,
        *,
        accept: str,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``people``: login, name and roles, and why they may not answer (empty: they may)."""
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.prompt = prompt
        self.people = tuple(people)
        self.label = label
        self.accept = accept

    def body(self) -> Iterable[Widget]:
        """The people and the field."""
        yield Words(self.prompt, ascii=self.ascii)
        yield Words("Who is on the phone?", ascii=self.ascii, classes="-title")
        first = next((name for name, _, reason in self.people if not reason), "")
        yield ChoiceList(self.people, first, ascii=self.ascii, id="person")
        yield Words(self.label, ascii=self.ascii, classes="-title")
        yield PlainInput(limit=300, id="text")

    def choices(self) -> Iterable[Button]:
        """[Accept]."""
        yield button(self.accept, "accept")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the field goes on to the button."""
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless something is missing."""
        person = self.query_one("#person", ChoiceList).value
        text = " ".join(self.query_one("#text", PlainInput).value.split())
        if not person:
            self.trouble("Nobody of [people] may answer for this plan.")
        elif not text:
            self.trouble("It is empty.")
            self.query_one("#text").focus()
        else:
            self.dismiss(PersonAnswer(person, text))


@dataclass(frozen=True)
class BreakGlassAnswer:
    """Why, and the name that was typed."""

    reason: str
    typed: str


class BreakGlassDialog(Dialog[BreakGlassAnswer | None]):
    """Flying without the approvals that are needed: a reason, and the name of the system typed by hand."""

    def __init__(
        self,
        lines: Sequence[str],
        system: str,
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError for an empty name: Enter alone must never break it."""
        if not system.strip():
            raise ValueError("breaking the glass needs a name to type")
        super().__init__("BREAK GLASS", ascii=ascii, seconds=seconds)
        self.lines = tuple(lines)
        self.system = system

    def body(self) -> Iterable[Widget]:
        """What is missing, and the two fields."""
        yield Words("\n".join(self.lines), ascii=self.ascii, id="lines")
        yield Words(
            "This plan is then flown without them. It stands in red in the record and on the sign-off, and has to be"
            " explained within 24 hours.",
            ascii=self.ascii,
            classes="-warning",
        )
        yield Words("Why?", ascii=self.ascii, classes="-title")
        yield PlainInput(id="text")
        yield Words(f"Type {clip(harmless(self.system), 60)}, by hand:", ascii=self.ascii, classes="-title")
        yield PlainInput(pasting=False, limit=max(200, len(self.system) * 2), id="typed")

    def choices(self) -> Iterable[Button]:
        """[Break the glass]."""
        yield button("Break the glass", "break")

    def on_plain_input_paste_refused(self) -> None:
        """A pasted name proves nothing."""
        self.trouble("Not pasted: type it, so that hand and eye have been over it.")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; the button alone breaks it."""
        self.focus_next()

    def chosen(self, name: str) -> None:
        """Answer, unless a reason is missing or another name was typed."""
        reason = " ".join(self.query_one("#text", PlainInput).value.split())
        typed = self.query_one("#typed", PlainInput).value
        if not reason:
            self.trouble("It needs a reason: it goes into the record.")
            self.query_one("#text").focus()
        elif typed != self.system:
            self.trouble("That is another name: nothing was broken.")
            self.query_one("#typed").focus()
        else:
            self.dismiss(BreakGlassAnswer(reason, typed))
