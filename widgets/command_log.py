"""The command log: what ran, when, how long and how it ended; under it the output of the step that runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType

from actions.model.clock import parse_stamp
from actions.model.incident import Command, Incident
from widgets.painted import Row
from widgets.presentation import clock_text, duration_text, fit, harmless, joined, minutes_text
from widgets.row_view import RowView

OUTPUT_LINES = 500


def command_row(command: Command, code: str, now: datetime, width: int, ended: bool) -> Row:
    """``10:02:20Z B1 ✔ docker compose …    exit 0  4.2 s``; ``ended``: its run has ended, so nothing more comes."""
    if command.ok is None:
        elapsed = _elapsed(command.started, now)
        glyph, tone, end = ("?", "tone--warning", "no end recorded") if ended else ("●", "tone--running", elapsed)
    elif command.ok:
        glyph, tone, end = "✔", "tone--done", f"exit {command.exit_status}  {duration_text(command.ms)}"
    else:
        glyph, tone, end = "✖", "tone--failed", f"exit {command.exit_status}  {duration_text(command.ms)}"
    if command.detail and command.ok is not True:
        end = joined((end, harmless(command.detail)), "  ")
    room = max(16, width - 16)
    side = min(len(end), room // 2) if command.ok is not False else min(len(end), room * 2 // 3)
    text = harmless(" ".join(command.shown.split()))
    return (
        (f"{clock_text(command.started)} ", "tone--dim"),
        (fit(code, 3) + " ", "tone--key"),
        (f"{glyph} ", tone),
        (fit(text, room - side - 1) + " ", ""),
        (end, tone),
    )


def _elapsed(started: str, now: datetime) -> str:
    try:
        return f"running {minutes_text(int((now - parse_stamp(started)).total_seconds()))}"
    except ValueError:
        return "running"


class CommandLog(RowView):
    """The pane of commands. ``show`` it the incident, ``output`` the running step's lines; newest at the bottom."""

    SELECTABLE: ClassVar[bool] = False
    DEFAULT_CSS = "CommandLog { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "follow", "follow", id="commands.follow", tooltip="Back to the newest line", show=False)
    ]

    def __init__(
        self, title: str = "Commands", *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(title, ascii=ascii, id=id, classes=classes)
        self.commands: tuple[Command, ...] = ()
        self.lines: deque[str] = deque(maxlen=OUTPUT_LINES)
        """The tail of the newest step's output."""
        self.following = True
        self._codes: dict[int, tuple[str, bool]] = {}
        self._run = 0
        self._now: datetime | None = None
        self._words = ""

    def on_mount(self) -> None:
        """Name the pane."""
        self.set_titles(self.title)

    def show(self, incident: Incident, *, now: datetime) -> None:
        """Show the incident's commands; another run begins with no output."""
        codes = {run.number: (run.code, not run.open) for run in incident.runs}
        newest = incident.runs[-1].number if incident.runs else 0
        ticks = any(command.ok is None for command in incident.commands)
        changed = incident.commands != self.commands or codes != self._codes
        self.commands, self._codes, self._now = incident.commands, codes, now
        if newest != self._run:
            self._run = newest
            self.lines.clear()
            changed = True
        failed = sum(command.ok is False for command in self.commands)
        bad = f"{failed} failed" if failed else ""
        self.set_titles(self.title, joined((f"{len(self.commands)} ran" if self.commands else "", bad)))
        if changed or ticks:
            self._settle()

    def output(self, lines: Sequence[str]) -> None:
        """Add lines of the running step's output."""
        if lines:
            self.lines.extend(lines)
            self._settle()

    def clear_output(self) -> None:
        """Forget the output."""
        self.lines.clear()
        self._settle()

    def _settle(self) -> None:
        self.top = self.last_top if self.following else min(self.top, self.last_top)
        self.refresh()

    @property
    def row_count(self) -> int:
        """Commands and output lines, or one line of words."""
        return len(self.commands) + len(self.lines) or 1

    def row(self, index: int, width: int) -> Row:
        """A command, a line of output, or the words."""
        if index < len(self.commands) and self._now is not None:
            command = self.commands[index]
            code, ended = self._codes.get(command.run, ("", True))
            return command_row(command, code, self._now, width, ended)
        at = index - len(self.commands)
        if 0 <= at < len(self.lines):
            return (("  │ ", "tone--dim"), (harmless(self.lines[at]), ""))
        return (("Nothing has run yet.", "tone--dim"),)

    def on_resize(self) -> None:
        """Following, the newest line stays at the bottom."""
        self._settle()

    def moved(self) -> None:
        """Scrolled up it holds still; at the end it follows."""
        self.following = self.top >= self.last_top

    def action_follow(self) -> None:
        """To the newest line."""
        self.following = True
        self._settle()
