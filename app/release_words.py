"""What a line of the release list says of a release's life: how long it was healthy, and as what it was pinned."""

from __future__ import annotations

from actions.model.clock import span
from actions.model.last_good import Judged, Standing
from actions.model.release_rows import HistoryRow

TIMED = (Standing.GOOD, Standing.SHORT, Standing.RUNNING)


def health_of(judged: Judged) -> str:
    """``good 4 h``, ``incident``."""
    timed = judged.standing in TIMED and judged.healthy_s is not None
    return f"{judged.standing.value} {span(judged.healthy_s or 0)}" if timed else judged.standing.value


def golden_of(row: HistoryRow) -> str:
    """``GOLDEN (black friday)``, or empty."""
    if row.pin is None:
        return ""
    return f"GOLDEN ({row.pin.label})" if row.pin.label else "GOLDEN"
