"""The panes of the cockpit and of a review: the same widgets in the same places at every size, with tabs and zoom."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from actions.model.incident import Incident, items, state_of
from actions.model.phases import FLOWN, optional
from app.layout import PANES, shape
from widgets.checklist import Checklist
from widgets.command_log import CommandLog
from widgets.decision_matrix import DecisionMatrix
from widgets.footer_line import NextLine
from widgets.hint_line import HintLine
from widgets.history import ReleaseHistory
from widgets.incident_bar import IncidentBar
from widgets.log_stream import LogStream
from widgets.pane_tabs import PaneTabs
from widgets.preview import Preview

NAMES = tuple(name for _, name, _ in PANES)


class Box(Widget, inherit_css=False):
    """Holds panes."""

    DEFAULT_CSS = "Box { width: 1fr; height: 1fr; layout: vertical; overflow: hidden hidden; }"


class PaneLayout(Screen[None], inherit_css=False):
    """Lays out six panes under the bar. Subclasses show them what there is, and hear when the focus moved.

    Where it is placed and coloured stands in the style sheet alone: reading what Textual has for any screen takes time.
    """

    ascii: bool = False
    pane: str = "checklist"
    zoomed: bool = False
    _styled: bool = False

    def compose_panes(self, *above: Widget, lines_title: str = "4 Logs") -> ComposeResult:
        """All panes; which are seen is the size's to say. ``above`` stands between the tabs and the panes."""
        ascii = self.ascii
        yield IncidentBar(ascii=ascii, id="bar")
        yield PaneTabs([(key, title) for key, _, title in PANES], ascii=ascii, id="tabs")
        yield from above
        with Box(id="panes"):
            with Box(id="left"):
                yield DecisionMatrix("1 Decision", ascii=ascii, id="decision")
                yield Checklist("2 Checklist", ascii=ascii, id="checklist")
            with Box(id="right"):
                yield ReleaseHistory("3 Releases", ascii=ascii, id="releases")
                yield LogStream(lines_title, ascii=ascii, id="logs")
            with Box(id="bottom"):
                yield Preview("5 What will happen", ascii=ascii, id="preview")
                yield CommandLog("6 What ran", ascii=ascii, id="ran")
        yield HintLine(ascii=ascii, id="hint")
        yield NextLine(ascii=ascii, id="next")

    def on_screen_resume(self, event: ScreenResume) -> None:
        """When it is shown first, everything has just got its style: once is enough."""
        event.refresh_styles, self._styled = event.refresh_styles and self._styled, True

    def panes_changed(self) -> None:
        """The focus is in another pane."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Something to tell, in the last line."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Another size, another shape; nothing is lost."""
        self.lay_out()

    def lay_out(self) -> None:
        """Show the panes that this size and the chosen pane want."""
        size = self.size or self.app.size  # before the first layout, so that there is no second one
        wanted = shape(size.width, size.height, zoomed=self.zoomed)
        self.set_class(not wanted.every_pane, "-single")
        self.query_one("#tabs").display = wanted.tabs
        self.query_one("#next").styles.height = wanted.next_lines
        self.query_one("#hint").display = wanted.hint_lines > 0 and self.pane != "preview"
        for name in NAMES:
            self.query_one(f"#{name}").display = wanted.every_pane or name == self.pane
        for strip in self.query("#strip"):  # over the logs, where that leaves enough of them
            strip.display = wanted.every_pane or (wanted.tabs and self.pane == "logs")
        for box in ("left", "right", "bottom"):
            container = self.query_one(f"#{box}")
            container.display = wanted.every_pane or any(child.display for child in container.children)
        focused = self.focused
        if focused is None or not focused.display or (not wanted.every_pane and focused.id != self.pane):
            self.query_one(f"#{self.pane}").focus()

    def show_tabs(self, incident: Incident) -> None:
        """The tabs with their counts."""
        logs = self.query_one(LogStream)
        # What is due later is counted then, and what nobody asks for not at all.
        rows = [row for row in items(incident) if row.phase in FLOWN and not optional(incident, row)]
        settled = sum(state_of(incident, row).settled for row in rows)
        counts = {"2": f"{settled}/{len(rows)}", "4": f"{logs.errors}!" if logs.errors else ""}
        shown = next(key for key, name, _ in PANES if name == self.pane)
        self.query_one(PaneTabs).show(shown, counts)

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self.pane = name
        self.lay_out()
        self.query_one(f"#{name}").focus()
        self.panes_changed()

    def action_zoom(self) -> None:
        """The pane alone, or all panes."""
        self.zoomed = not self.zoomed
        self.lay_out()

    def on_descendant_focus(self) -> None:
        """Remember the pane that has the focus."""
        focused = self.focused
        if focused is not None and focused.id in NAMES:
            self.pane = str(focused.id)
        self.panes_changed()
