"""A bare app to put widgets on, and the screen as plain text, for tests of what is seen."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from settled_pilot import make_certain
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

BONES = """
RowView, DecisionMatrix { border: round gray; }
RowView.-ascii, DecisionMatrix.-ascii { border: ascii gray; }
KeyTable { border: none; }
Dialog.-ascii > #box { border: ascii gray; }
"""
SIZES = [(160, 48), (80, 24), (60, 16)]
make_certain()


class Bench(App[object]):
    """Holds the widgets it is given and the messages they post."""

    CSS = BONES
    ENABLE_COMMAND_PALETTE = False
    SETTLES = True

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def hear(self, *kinds: type[Message]) -> list[Message]:
        """The messages of these kinds, oldest first."""
        return [message for message in self.heard if type(message) in kinds]

    def on_checklist_item_highlighted(self, message: Message) -> None:
        self.heard.append(message)

    on_checklist_item_activated = on_checklist_item_highlighted
    on_checklist_tick_wanted = on_checklist_item_highlighted
    on_release_history_release_highlighted = on_checklist_item_highlighted
    on_release_history_release_chosen = on_checklist_item_highlighted
    on_log_stream_line_pinned = on_checklist_item_highlighted
    on_log_stream_find_wanted = on_checklist_item_highlighted
    on_decision_matrix_decision_wanted = on_checklist_item_highlighted


def screen_lines(app: App[Any]) -> list[str]:
    """What stands on the screen, line by line."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def screen_text(app: App[Any]) -> str:
    """What stands on the screen; nothing in it may drive a terminal or run over its line."""
    lines = screen_lines(app)
    # The terminal's new size is known a moment before the screen is laid out for it.
    width = app.screen._compositor.size.width
    for line in lines:
        assert line.isprintable(), f"a control character is on the screen: {line!r}"
        assert cell_len(line) == width, f"not {width} cells: {line!r}"
    return "\n".join(lines)


class Answers:
    """Collects what a dialog answered."""

    def __init__(self) -> None:
        self.given: list[object] = []

    def __call__(self, answer: object) -> None:
        self.given.append(answer)


async def opened(pilot: Pilot[object], dialog: Screen[Any]) -> Answers:
    """The dialog on the screen; its answer will be in what is returned."""
    answers = Answers()
    pilot.app.push_screen(dialog, answers)
    await pilot.pause()
    return answers


class Seconds:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
