"""Says every key as Textual hears it: what a terminal really delivers. Run in a terminal; Ctrl-X ends it."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class KeyEcho(App[None]):
    """Shows the names of the last keys."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static("listening", id="heard", markup=False)

    def on_key(self, event: events.Key) -> None:
        if event.key == "ctrl+x":
            self.exit()
        self.heard.append(f"<{event.key}>")
        self.query_one("#heard", Static).update(" ".join(self.heard[-3:]))
        event.prevent_default()
        event.stop()


if __name__ == "__main__":
    KeyEcho().run()
