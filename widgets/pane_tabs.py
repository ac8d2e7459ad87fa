"""The line of pane names for small terminals: which one is seen, and what the others have to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.strip import Strip

from widgets.painted import Painted, Row


def tabs_row(tabs: Sequence[tuple[str, str]], shown: str, counts: Mapping[str, str]) -> Row:
    """``1 Decision  [2 Checklist 7/11]  3 Releases``: (key, title) each, the shown one's key, and a count by key."""
    row: list[tuple[str, str]] = []
    for key, title in tabs:
        words = f"{key} {title}" + (f" {counts[key]}" if counts.get(key) else "")
        row.append((f"[{words}]", "tone--title") if key == shown else (f" {words} ", "tone--dim"))
    return tuple(row)


class PaneTabs(Painted):
    """One line. ``show`` it the key of the pane that is seen, and the counts."""

    DEFAULT_CSS = "PaneTabs { height: 1; width: 1fr; }"

    def __init__(
        self,
        tabs: Sequence[tuple[str, str]],
        *,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.tabs = tuple(tabs)
        self.shown = ""
        self.counts: dict[str, str] = {}

    def show(self, shown: str, counts: Mapping[str, str]) -> None:
        """Show which pane is seen."""
        fresh = (shown, dict(counts))
        if fresh != (self.shown, self.counts):
            self.shown, self.counts = fresh
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The tabs."""
        width = self.content_size.width
        return self.painted(tabs_row(self.tabs, self.shown, self.counts) if y == 0 else (), width)
