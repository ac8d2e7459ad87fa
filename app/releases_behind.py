"""Reads for ``goaround releases`` what stands behind each release that is listed: difference, environment, gaps.

It asks git, the way back and our own store for each of them, so it is done only where it is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable

from actions.model.release_history import History
from actions.model.release_rows import HistoryRow
from actions.model.release_sheet import Behind
from app.release_behind import ReleaseBehind
from app.settings import Loaded


def read_behind(loaded: Loaded, store: str, history: History, rows: Iterable[HistoryRow]) -> list[Behind]:
    """One for each row, in their order."""
    from app.store import open_session

    session = open_session(loaded, store=store)
    try:
        behind = ReleaseBehind(session)
        return [behind.read(history, row) for row in rows]
    finally:
        session.close()
        session.journal.close()


def line_of(behind: Behind) -> str:
    """All of it in one line of the list."""
    environment = f"environment: {behind.environment}" if behind.environment_differs else ""
    gaps = f"left out before it: {'; '.join(behind.gaps)}" if behind.gaps else ""
    return "; ".join(part for part in (behind.words(), environment, gaps) if part)
