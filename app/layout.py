"""Which panes are seen at which size: at 120x30 and more all of them, below that one at a time."""

from __future__ import annotations

from actions.model.quick_dataclass import dataclass

PANES: tuple[tuple[str, str, str], ...] = (
    ("1", "decision", "Decision"),
    ("2", "checklist", "Checklist"),
    ("3", "releases", "Releases"),
    ("4", "logs", "Logs"),
    ("5", "preview", "Will happen"),
    ("6", "ran", "Ran"),
)
WIDE = (120, 30)
MEDIUM = (70, 20)


@dataclass(frozen=True)
class Shape:
    """What a terminal of some size shows."""

    every_pane: bool
    tabs: bool
    hint_lines: int
    """Lines for what will happen, above the last line, while the preview is not seen."""
    next_lines: int


def shape(width: int, height: int, *, zoomed: bool = False) -> Shape:
    """The shape for a terminal."""
    if width >= WIDE[0] and height >= WIDE[1] and not zoomed:
        return Shape(True, False, 0, 2)
    if width >= MEDIUM[0] and height >= MEDIUM[1]:
        return Shape(False, True, 1, 2)
    return Shape(False, False, 0, 2 if height >= 12 else 1)
