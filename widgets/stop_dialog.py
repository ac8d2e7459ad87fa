"""Everything stops: after this step, or now; each says what it leaves behind. Stopping is the engine's work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button

from widgets.dialog import Dialog, Words, button

Stop = Literal["after", "now"]


class StopDialog(Dialog[Stop | None]):
    """Answers ``after``, ``now`` or None. It opens on [Go on], so Enter alone changes nothing."""

    AUTO_FOCUS = "#cancel"
    CANCEL = "q Go on"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "answer('after')", "after this step", id="stop.after", tooltip="Stop after this step", show=False),
        Binding("t", "answer('now')", "terminate now", id="stop.now", tooltip="Terminate the step now", show=False),
        Binding("q", "cancel", "go on", id="stop.cancel", tooltip="Go on, nothing is stopped", show=False),
        Binding("right,down", "app.focus_next", "next", show=False),
        Binding("left,up", "app.focus_previous", "previous", show=False),
    ]

    def __init__(
        self,
        run_title: str,
        leaves: str = "",
        *,
        ascii: bool = False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``run_title``: the running step (``X2 switch image``), empty when none runs; ``leaves``: its own words."""
        super().__init__("Stop everything", ascii=ascii, seconds=seconds)
        self.run_title = run_title
        self.leaves = leaves

    def body(self) -> Iterable[Widget]:
        """Both ways and what they leave."""
        if not self.run_title:
            yield Words("No step is running.", ascii=self.ascii, classes="-title")
            yield Words(
                "a  Stop: no further step starts until r lifts it. Nothing is left half done.", ascii=self.ascii
            )
            return
        yield Words(f"Running: {self.run_title}", ascii=self.ascii, classes="-title")
        yield Words(
            "a  After this step: it runs to its end, then no further step starts until r lifts it."
            " Nothing is left half done.",
            ascii=self.ascii,
        )
        left = self.leaves or "not known beforehand; the world is asked afterwards"
        yield Words(f"t  Terminate now: the step is ended in the middle. It leaves: {left}", ascii=self.ascii)

    def choices(self) -> Iterable[Button]:
        """The two ways."""
        yield button("a After this step" if self.run_title else "a Stop", "after")
        if self.run_title:
            yield button("t Terminate now", "now")

    def action_answer(self, how: Stop) -> None:
        """A letter answers; terminating needs something that runs."""
        if how == "after" or self.run_title:
            self.dismiss(how)

    def chosen(self, name: str) -> None:
        """A button answers."""
        self.action_answer("now" if name == "now" else "after")
