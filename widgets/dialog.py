"""The ground of all dialogs: a box on top of the screen that is left without effect by Esc or by [Cancel].

Enter that was still held down when the dialog opened does nothing: it is heard only after it was let go for a moment.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from actions.model.outside_text import sanitise
from widgets.palette import VARIABLES
from widgets.presentation import clip, harmless

DEAF_S = 0.7
"""Seconds without Enter, after opening, until Enter is heard; longer than the usual delay before a held key repeats."""

NARROW = 60
"""Below this width the buttons of a dialog do not fit beside each other."""

Answer = TypeVar("Answer")


class Words(Static):
    """Plain words: never read as markup."""

    DEFAULT_CSS = "Words { height: auto; width: 1fr; }"

    def __init__(
        self,
        text: str = "",
        *,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self.ascii = ascii
        self.words = text
        super().__init__(self._text(text), markup=False, id=id, classes=classes)

    def _text(self, text: str) -> Text:
        return Text("\n".join(harmless(line, ascii=self.ascii) for line in text.split("\n")))

    def say(self, text: str, *classes: str) -> None:
        """Say something else, in these classes of all that words may have."""
        self.set_classes(("words", *classes))
        if text != self.words:
            self.words = text
            self.update(self._text(text))


class PlainInput(Input):
    """A line of text. What is pasted is made harmless before it is kept: a clipboard is outside text."""

    DEFAULT_CSS = "PlainInput { width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "previous field", show=False),
    ]

    class PasteRefused(Message):
        """Something was pasted where it must be typed."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        pasting: bool = True,
        limit: int = 500,
        id: str | None = None,
    ) -> None:
        super().__init__(
            sanitise(value), placeholder=placeholder, max_length=limit, select_on_focus=False, id=id, compact=True
        )
        self.cursor_blink = False
        self.pasting = pasting
        self._first_at = self._entered_at = 0.0

    async def _on_key(self, event: events.Key) -> None:
        """Textual's own handler comes after this one."""
        if not self.value:
            self._first_at = event.time
        if event.key == "enter":
            self._entered_at = event.time

    @property
    def typed_s(self) -> float:
        """Seconds from its first key to Enter, by when the keys came: how long a slow machine took is nothing of it."""
        return self._entered_at - self._first_at

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self._take(event.text)

    def action_paste(self) -> None:
        """Paste what was copied in the cockpit."""
        self._take(self.app.clipboard)

    def _take(self, text: str) -> None:
        if not self.pasting:
            self.post_message(self.PasteRefused())
            return
        start, end = self.selection
        self.replace(sanitise(text), start, end)


class Dialog(ModalScreen[Answer]):
    """A box with a title, a body and its buttons. Subclasses give ``body`` and answer with ``dismiss``."""

    DEFAULT_CSS = f"""
    Dialog {{ align: center middle; background: {VARIABLES["ground"]} 60%; color: {VARIABLES["ink"]}; }}
    Dialog > #box {{ width: 78; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; }}
    Dialog > #box {{ background: {VARIABLES["box"]}; border: round {VARIABLES["busy"]}; }}
    Dialog.-ascii > #box {{ border: ascii {VARIABLES["busy"]}; }}
    Dialog #body {{ height: auto; max-height: 100%; }}
    Dialog #buttons {{ height: 1; width: 1fr; }}
    Dialog #buttons Button {{ margin: 0 2 0 0; min-width: 4; }}
    Dialog #buttons Button:focus {{ background: {VARIABLES["here"]}; text-style: bold; }}
    Dialog.-narrow #buttons {{ layout: vertical; height: auto; }}
    Dialog #trouble {{ height: auto; }}
    Dialog Words.-warning {{ color: {VARIABLES["odd"]}; }}
    Dialog Words.-title {{ text-style: bold; }}
    Dialog Words.-done {{ color: {VARIABLES["good"]}; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "leave", id="dialog.cancel", tooltip="Leave without effect", show=False),
        Binding("enter", "guard", show=False, priority=True),
    ]
    CANCEL: ClassVar[str] = "Cancel"

    def __init__(
        self, title: str, *, ascii: bool = False, seconds: Callable[[], float] = time.monotonic, id: str | None = None
    ) -> None:
        """``seconds``: a clock that only runs forward."""
        super().__init__(id=id)
        self.heading = title
        self.ascii = ascii
        self._seconds = seconds
        self._opened = seconds()
        self._enter_at = math.inf

    def body(self) -> Iterable[Widget]:
        """What stands between the title and the buttons."""
        raise NotImplementedError

    def choices(self) -> Iterable[Button]:
        """Buttons beside [Cancel]."""
        return ()

    def compose(self) -> ComposeResult:
        """The box."""
        with VerticalScroll(id="box", can_focus=False) as box:
            room = min(78, self.app.size.width) - 8
            box.border_title = Text(harmless(clip(harmless(self.heading), room), ascii=self.ascii))
            yield from self.body()
            yield Words("", id="trouble", ascii=self.ascii)
            with Horizontal(id="buttons"):
                yield from self.choices()
                yield button(self.CANCEL, "cancel")

    def on_mount(self) -> None:
        """From now on Enter is not heard for a moment."""
        self._opened = self._seconds()
        self.set_class(self.ascii, "-ascii")
        self.trouble("")
        self.fit()

    def on_resize(self) -> None:
        """On a very narrow terminal the buttons stand one under the other; what has the focus stays in view."""
        self.fit()
        self.set_class(self.app.size.width < NARROW, "-narrow")
        self.call_after_refresh(self._show_focused)

    def fit(self) -> None:
        """Give what stands in the body its room; called when it is there, and when the terminal has another size."""

    def _show_focused(self) -> None:
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    @property
    def keys_tell(self) -> bool:
        """Whether its clock is the one that stamps the keys."""
        return self._seconds is time.monotonic

    def enter_came(self, at: float) -> None:
        """When the Enter that comes next was pressed: on a slow machine that is long before it is heard."""
        self._enter_at = at

    @property
    def _pressed(self) -> float:
        return min(self._seconds(), self._enter_at) if self.keys_tell else self._seconds()

    @property
    def deaf(self) -> bool:
        """Enter that comes now may be the one that opened the dialog."""
        return self._pressed - self._opened < DEAF_S

    def action_guard(self) -> None:
        """Enter comes by here first: a held one is swallowed and keeps the dialog deaf, any other goes its way."""
        if not self.deaf:
            raise SkipAction
        self._opened = max(self._opened, self._pressed)

    def trouble(self, text: str) -> None:
        """Say why it cannot be answered so; an empty text takes it back."""
        words = self.query_one("#trouble", Words)
        words.say(text, "-warning")
        words.display = bool(text)

    def action_cancel(self) -> None:
        """Leave without effect."""
        self.dismiss(None)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """[Cancel] leaves; the others are ``chosen``."""
        event.stop()
        if event.button.id == "cancel":
            self.action_cancel()
        else:
            self.chosen(event.button.id or "")

    def chosen(self, name: str) -> None:
        """A button other than [Cancel] was pressed."""


def button(label: str, name: str) -> Button:
    """A button of one line; its label is plain text and it does not flash."""
    made = Button(Text(f"[{label}]"), id=name, compact=True)
    made.active_effect_duration = 0
    return made
