"""Handing the controls over: the brief, and to whom; and, for the one they are offered to, "I have read it and fly"."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input

from actions.model.quick_dataclass import dataclass
from widgets.dialog import Dialog, PlainInput, Words, button


@dataclass(frozen=True)
class HandoverAnswer:
    """To whom, and what stands first in the brief. ``withdraw``: take the offer back instead."""

    to: str = ""
    note: str = ""
    withdraw: bool = False


class HandoverDialog(Dialog[HandoverAnswer | None]):
    """Asks the one who flies to whom the controls are offered. ``people``: logins and names; ``offered``: to whom now.

    ``refuse``: why this login cannot be offered them, or empty.
    """

    def __init__(
        self,
        brief: Sequence[str],
        people: Sequence[tuple[str, str]],
        offered: str,
        refuse: Callable[[str], str],
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("Hand over the controls", ascii=ascii, seconds=seconds)
        self.brief = tuple(brief)
        self.people = tuple(people)
        self.offered = offered
        self.refuse = refuse

    def body(self) -> Iterable[Widget]:
        """The fields, then what will be handed over."""
        if self.offered:
            yield Words(f"Offered to {self.offered}, not taken yet: you fly.", ascii=self.ascii, classes="-warning")
        known = ", ".join(f"{login} ({name})" if name else login for login, name in self.people)
        yield Words(f"To whom? {known}" if known else "To whom? A login:", ascii=self.ascii)
        first = self.people[0][0] if len(self.people) == 1 else ""
        yield PlainInput(self.offered or first, limit=64, id="to")
        yield Words("", id="refused", ascii=self.ascii)
        yield Words("What must they know first? (may stay empty)", ascii=self.ascii)
        yield PlainInput("", limit=200, id="note")
        yield Words("The brief, as it stands now. You fly until it is taken; a running step goes on.", ascii=self.ascii)
        yield Words("\n".join(self.brief), ascii=self.ascii, id="brief")

    def trouble(self, text: str) -> None:
        """Right under the field that it is about: the end of the box may be out of view."""
        words = self.query_one("#refused", Words)
        words.say(text, "-warning")
        words.display = bool(text)
        self.query_one("#trouble").display = False

    def _show_focused(self) -> None:
        """On a low terminal the names stay in view above the field that they are for."""
        if self.focused is not None and self.focused.id == "to":
            self.query_one("#box").scroll_home(animate=False)
        else:
            super()._show_focused()

    def choices(self) -> Iterable[Button]:
        """[Offer], and [Take it back] where something is offered."""
        yield button("Offer", "offer")
        if self.offered:
            yield button("Take it back", "withdraw")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field, and from the last one offers."""
        if event.input.id == "to":
            self.query_one("#note").focus()
        else:
            self.chosen("offer")

    def chosen(self, name: str) -> None:
        """Answer, where it can be."""
        if name == "withdraw":
            self.dismiss(HandoverAnswer(withdraw=True))
            return
        to = self.query_one("#to", PlainInput).value.strip()
        reason = self.refuse(to)
        if reason:
            self.trouble(reason)
            self.query_one("#to").focus()
            return
        self.dismiss(HandoverAnswer(to, " ".join(self.query_one("#note", PlainInput).value.split())))


class TakeDialog(Dialog[Literal[True] | None]):
    """Shows the brief to the one it is for. [I have read it and fly] has the focus; Esc leaves it open.

    Where the brief is longer than the terminal, Enter goes on reading until its end was shown.
    """

    CANCEL: ClassVar[str] = "Not now"
    AUTO_FOCUS = "#take"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,pagedown", "read(1)", "read on", id="take.on", tooltip="Read on", show=False),
        Binding("up,pageup", "read(-1)", "read back", id="take.back", tooltip="Read back", show=False),
    ]

    def __init__(
        self, by: str, brief: Sequence[str], *, ascii: bool = False, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(f"{by} offers you the controls", ascii=ascii, seconds=seconds)
        self.by = by
        self.brief = tuple(brief)

    def body(self) -> Iterable[Widget]:
        """The brief."""
        yield Words("\n".join(self.brief), ascii=self.ascii, id="brief")
        yield Words(f"{self.by} flies until you take them. h shows this again.", ascii=self.ascii)

    def choices(self) -> Iterable[Button]:
        """The acknowledgement."""
        yield button("I have read it and fly", "take")

    def _show_focused(self) -> None:
        """It is read from its beginning, wherever the button is."""
        self.query_one("#box").scroll_home(animate=False)

    def action_read(self, way: int) -> None:
        """A page on, or back."""
        box = self.query_one("#box")
        box.scroll_relative(y=way * max(1, box.scrollable_content_region.height - 1), animate=False)

    def chosen(self, name: str) -> None:
        """Acknowledged, once it has been shown to its end."""
        box = self.query_one("#box")
        if box.scroll_offset.y < box.max_scroll_y:
            self.action_read(1)
            return
        self.dismiss(True)
