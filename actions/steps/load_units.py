"""Hands out what stands upon the rows of a plain dump to whichever session asks next, so that each thing is done once.

Indexes and keys, the largest tables first, when the rows of their table are there; a key has its table for itself.
Knows no database and no process. Safe for use by several threads.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from actions.model.dump_order import Part
from actions.model.dump_pieces import Piece


class Cancelled(Exception):
    """Another session has failed: nothing more is handed out."""


@dataclass
class _Table:
    size: int = 0
    """Bytes of its rows."""
    there: bool = False
    """All its rows are."""
    busy: int = 0
    """How many are making an index of it."""
    alone: bool = False
    """One is making a key of it."""


class Units:
    """One load."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tables: dict[bytes, _Table] = {}
        self._begun = False
        self._behind: list[Piece] | None = None
        self._failed: BaseException | None = None
        self._upon: list[Piece] = []
        self._making = 0

    @property
    def tables(self) -> int:
        """How many have all their rows."""
        return sum(table.there for table in self._tables.values())

    @property
    def failed(self) -> BaseException | None:
        """What went wrong first."""
        return self._failed

    def fail(self, error: BaseException) -> None:
        """Nothing more is handed out; the first error is kept."""
        with self._changed:
            if self._failed is None:
                self._failed = error
            self._changed.notify_all()

    def begin(self) -> None:
        """Everything before the rows has been run."""
        with self._changed:
            self._begun = True
            self._changed.notify_all()

    def await_begin(self) -> None:
        """Until then. Raises Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._begun or self._failed)
            self._look()

    def expect(self, table: bytes) -> None:
        """Its rows will come."""
        with self._changed:
            self._tables[table] = _Table()

    def look(self) -> None:
        """Raises Cancelled when something has failed."""
        with self._changed:
            self._look()

    def rows_done(self, table: bytes, size: int) -> None:
        """They are there."""
        with self._changed:
            self._tables[table].size, self._tables[table].there = size, True
            self._changed.notify_all()

    def end(self, behind: list[Piece]) -> None:
        """The dump has been read to its end; ``behind``: everything that stands behind the rows."""
        with self._changed:
            self._behind = [piece for piece in behind if piece.part is Part.AFTER]
            self._upon = [piece for piece in behind if piece.part is not Part.AFTER]
            self._upon.sort(key=lambda piece: piece.part is not Part.KEY)
            self._changed.notify_all()

    def next_upon(self) -> Piece | None:
        """The next index or key; None when all are taken. Waits where one must wait. Raises Cancelled."""
        with self._changed:
            while True:
                self._look()
                if self._behind is not None and not self._upon:
                    return None
                fit = [piece for piece in self._upon if self._fits(piece)]
                if fit:
                    piece = max(fit, key=lambda piece: self._tables[piece.table].size)
                    self._upon.remove(piece)
                    table = self._tables[piece.table]
                    table.busy, table.alone, self._making = table.busy + 1, piece.part is Part.KEY, self._making + 1
                    return piece
                self._changed.wait()

    def upon_done(self, piece: Piece) -> None:
        """It is made."""
        with self._changed:
            table = self._tables[piece.table]
            table.busy, table.alone, self._making = table.busy - 1, False, self._making - 1
            self._changed.notify_all()

    def await_behind(self) -> list[Piece]:
        """What is to be run last, when all else is done. Raises Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._failed or self._done())
            self._look()
            return self._behind or []

    def _done(self) -> bool:
        there = all(table.there for table in self._tables.values())
        return self._behind is not None and there and not self._upon and not self._making

    def _fits(self, piece: Piece) -> bool:
        table = self._tables[piece.table]
        return table.there and not table.alone and (piece.part is Part.INDEX or not table.busy)

    def _look(self) -> None:
        if self._failed is not None:
            raise Cancelled
