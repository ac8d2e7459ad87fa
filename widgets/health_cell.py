"""How the life of a release looks in the list: glyph, word, colour, and the columns that make room for it."""

from __future__ import annotations

from actions.model.clock import span
from actions.model.last_good import Judged, Standing
from widgets.presentation import Mark, fit

HEALTH: dict[Standing, Mark] = {
    Standing.GOOD: Mark("✔", "good", "tone--done"),
    Standing.RUNNING: Mark("●", "runs", "tone--running"),
    Standing.INCIDENT: Mark("✖", "incident", "tone--failed"),
    Standing.WATCHED: Mark("✖", "went bad", "tone--failed"),
    Standing.LEFT: Mark("✖", "rolled back", "tone--failed"),
    Standing.FAILED: Mark("✖", "failed", "tone--failed"),
    Standing.SHORT: Mark("△", "only", "tone--warning"),
    Standing.NEVER: Mark("○", "never", "tone--dim"),
    Standing.UNKNOWN: Mark("?", "not known", "tone--dim"),
}
AGAINST = (Standing.INCIDENT, Standing.WATCHED, Standing.LEFT)
"""Those in which something speaks against a release, whoever pinned it."""
GOLDEN = Mark("★", "golden", "tone--done")
UNREAD = Mark("○", "not read yet", "tone--dim")
TIMED = (Standing.GOOD, Standing.RUNNING, Standing.SHORT)
"""Those whose length of life says something."""


def health_mark(judged: Judged | None, *, golden: bool = False) -> Mark:
    """The mark of a release; one that a person pinned says so, unless the record speaks against it."""
    if judged is None:
        return UNREAD
    mark = HEALTH[judged.standing]
    if golden and judged.standing not in AGAINST:
        return GOLDEN
    if judged.standing in TIMED and judged.healthy_s is not None:
        first = " ".join(span(judged.healthy_s).split()[:2])
        return Mark(mark.glyph, f"{mark.word} {first}", mark.style_class)
    return mark


def health_cell(judged: Judged | None, size: int, *, golden: bool = False) -> tuple[str, str]:
    """(text of this many cells, colour class)."""
    mark = health_mark(judged, golden=golden)
    return fit(mark.text, size - 1) + " ", mark.style_class


def columns_with_health(width: int, *, schema: bool) -> tuple[tuple[str, int], ...]:
    """Name and width of each column that a pane of this width shows; the note takes what is left."""
    if schema:
        return _with_schema(width)
    if width >= 114:
        return (
            ("release", 20), ("live since", 19), ("healthy", 14), ("ended", 8), ("image/commit", 17), ("way back", 19),
        )  # fmt: skip
    if width >= 104:
        return (("release", 18), ("live since", 17), ("healthy", 14), ("image/commit", 17), ("way back", 16))
    if width >= 74:
        return (("release", 16), ("live since", 17), ("healthy", 14), ("way back", 16))
    if width >= 50:
        return (("release", 14), ("healthy", 14), ("way back", 14))
    return _narrow(width)


def _with_schema(width: int) -> tuple[tuple[str, int], ...]:
    if width >= 124:
        return (
            ("release", 20), ("live since", 17), ("healthy", 14), ("schema", 16), ("ended", 8), ("image/commit", 17),
            ("way back", 19),
        )  # fmt: skip
    if width >= 90:
        return (("release", 18), ("live since", 17), ("healthy", 13), ("schema", 16), ("way back", 16))
    if width >= 74:
        return (("release", 15), ("healthy", 13), ("schema", 16), ("way back", 16))
    if width >= 50:
        return (("release", 11), ("healthy", 13), ("schema", 13), ("way back", 12))
    return _narrow(width)


def _narrow(width: int) -> tuple[tuple[str, int], ...]:
    """What there is room for; the schema verdict of the highlighted one stands in the border."""
    return (("release", max(6, width - 24)), ("healthy", 12), ("way back", 12))
