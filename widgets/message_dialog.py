"""Telling people: the list of messages with their states, then one of them with its recipients and its way out.

What may be said, to whom and through what is given; sending is left to whoever opened the dialog.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.css.types import EdgeType
from textual.widget import Widget
from textual.widgets import Button, Input

from widgets.choice_list import ChoiceList, Line
from widgets.dialog import Dialog, PlainInput, Words, button
from widgets.message_rows import MessageLine, MessageList, TextView
from widgets.painted import Row
from widgets.palette import VARIABLES
from widgets.row_view import RowView
from widgets.tick_list import TickList

SMALL = 20
"""Below this height a frame around a text would take the room of the text."""


class MessagesDialog(Dialog[int | None]):
    """Answers the number of the chosen message. Choosing one that is blocked says why, unless ``choose_blocked``."""

    CANCEL = "Leave"

    def __init__(
        self,
        lines: Sequence[MessageLine],
        text_fn: Callable[[int], tuple[Row, ...]],
        *,
        cursor: int = 0,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("Tell people", ascii=ascii, seconds=seconds)
        self.lines = tuple(lines)
        self.text_fn = text_fn
        self.cursor = cursor

    def body(self) -> Iterable[Widget]:
        """The list, and the text of the highlighted one."""
        yield MessageList(self.lines, self.cursor, ascii=self.ascii)
        yield Words("", ascii=self.ascii, id="why", classes="words")
        yield TextView(ascii=self.ascii)

    def on_mount(self) -> None:
        """The text of the first."""
        self._show()

    def fit(self) -> None:
        """Share the room among list and text."""
        height = self.app.size.height
        frame = _framed(self.query_one(MessageList), height) + _framed(self.query_one(TextView), height)
        room = height - 4 - frame
        rows = min(max(1, len(self.lines)), max(3, room // 2))
        self.query_one(MessageList).styles.height = rows + frame // 2
        self.query_one(TextView).styles.height = max(3, min(20, room - rows)) + frame // 2

    @on(MessageList.Highlighted)
    def _show(self) -> None:
        at = self.query_one(MessageList).cursor
        if not self.lines:
            self.trouble("There are no messages.")
            return
        line = self.lines[at]
        why = self.query_one("#why", Words)
        words = f"blocked: {line.reason}" if line.reason else line.state or f"for {line.to}"
        why.say(words, *(("-warning",) if line.reason or line.bad else ()))
        self.query_one(TextView).show(self.text_fn(at))

    @on(MessageList.Activated)
    def _chosen(self) -> None:
        if self.lines:
            self.dismiss(self.query_one(MessageList).cursor)


def _framed(view: RowView, height: int) -> int:
    """Give a view its frame where there is room for one; the lines that it takes."""
    small = height < SMALL
    kind: EdgeType = "none" if small else "ascii" if view.ascii else "round"
    view.styles.border = (kind, VARIABLES["quiet"])
    return 0 if small else 2


@dataclass(frozen=True)
class TellAnswer:
    """To whom, and through what."""

    to: tuple[str, ...]
    through: str
    why: str = ""
    """Why somebody may know who does not work on it; empty: nobody such is told."""


LABELS = {"copied": "Copy", "read out": "Read out: done"}


class TellDialog(Dialog[TellAnswer | None]):
    """Answers recipients and way. ``ways_fn(roles)`` gives the ways with why each cannot be taken; ``text_fn(roles,
    way)`` what exactly will be done and said."""

    def __init__(
        self,
        title: str,
        roles: Sequence[str],
        ways_fn: Callable[[tuple[str, ...]], Sequence[Line]],
        text_fn: Callable[[tuple[str, ...], str], tuple[Row, ...]],
        *,
        warning: str = "",
        outside_fn: Callable[[tuple[str, ...]], str] = lambda roles: "",
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``outside_fn(roles)``: what must be answered before these are told, or empty."""
        super().__init__(title, ascii=ascii, seconds=seconds)
        self.outside_fn = outside_fn
        self.roles = tuple(roles)
        self.ways_fn = ways_fn
        self.text_fn = text_fn
        self.warning = warning

    def body(self) -> Iterable[Widget]:
        """For whom, through what, and the text."""
        if self.warning:
            yield Words(self.warning, ascii=self.ascii, classes="words -warning")
        yield TickList(self.roles, ascii=self.ascii, id="to")
        lines = tuple(self.ways_fn(self.roles))
        first = next((name for name, _, reason in lines if not reason), "")
        yield ChoiceList(lines, first, ascii=self.ascii, id="way")
        yield Words("", ascii=self.ascii, id="outside")
        yield PlainInput(id="why")
        yield TextView(ascii=self.ascii)

    def choices(self) -> Iterable[Button]:
        """[Send], or what the way is called."""
        yield button("Send", "send")

    def on_mount(self) -> None:
        """The text for the first way."""
        self._show()

    def fit(self) -> None:
        """The text gets the room that is left."""
        taken = len(self.roles) + len(self.query_one(ChoiceList).lines) + 5 + bool(self.warning)
        taken += 3 * bool(self.outside_fn(self.roles))
        view, height = self.query_one(TextView), self.app.size.height
        view.styles.height = max(4, min(24, height - taken)) + _framed(view, height) - (0 if height < SMALL else 2)

    @on(TickList.Changed)
    def _other_people(self) -> None:
        ways = self.query_one(ChoiceList)
        ways.lines = tuple(self.ways_fn(self.query_one(TickList).ticked))
        if any(name == ways.value and reason for name, _, reason in ways.lines):
            ways.value = next((name for name, _, reason in ways.lines if not reason), "")
        ways.refresh()
        self._show()

    @on(ChoiceList.Chosen)
    def _show(self) -> None:
        self.trouble("")
        outside = self.outside_fn(self.query_one(TickList).ticked)
        asked = self.query_one("#outside", Words)
        asked.say(f"! {outside}", "-warning", "-title")
        asked.display = self.query_one("#why").display = bool(outside)
        way = self.query_one(ChoiceList).value
        send = self.query_one("#send", Button)
        send.label = Text(f"[{LABELS.get(way, 'Send')}]")
        send.refresh(layout=True)
        self.query_one(TextView).show(self.text_fn(self.query_one(TickList).ticked, way))

    def chosen(self, name: str) -> None:
        """Answer, unless nobody is ticked or no way is open."""
        roles, ways = self.query_one(TickList).ticked, self.query_one(ChoiceList)
        if not roles:
            self.trouble("Nobody is ticked: Space ticks.")
            self.query_one(TickList).focus()
        elif not ways.value:
            self.trouble("No way is open to them.")
            ways.focus()
        else:
            self._answer(roles, ways.value)

    def _answer(self, roles: tuple[str, ...], way: str) -> None:
        field = self.query_one("#why", PlainInput)
        outside = self.outside_fn(roles)
        why = " ".join(field.value.split()) if outside else ""
        if outside and not why:
            self.trouble("It needs a reason, which goes into the record; or take their tick away.")
            field.focus()
            return
        self.dismiss(TellAnswer(roles, way, why))

    @on(Input.Submitted)
    def _reason_given(self) -> None:
        self.focus_next()
