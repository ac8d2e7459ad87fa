"""Cuts a plain dump, as it streams by, into statements and rows, byte for byte, each with what it is. Pure.

Where a statement ends is ``sql_text``'s, what it is ``dump_order``'s. Rows are passed on as they come, none are held.
"""

from __future__ import annotations

from actions.model.dump_order import DumpOrder, Part
from actions.model.quick_dataclass import dataclass
from actions.model.sql_dump import SqlDump


@dataclass(frozen=True)
class Piece:
    """Some bytes of a dump."""

    part: Part
    table: bytes
    """As written; of rows, indexes and keys."""
    data: bytes
    """A whole statement; of rows the ``COPY`` statement first, then data as they come."""
    begins: bool = True
    ends: bool = True
    """Of rows: the first piece holds the statement, the last the end of the data."""


class DumpPieces:
    """``feed`` it every byte in order, then ``finish``."""

    def __init__(self) -> None:
        self.dump = SqlDump()
        self.dump.marks = []
        self._left = b""
        self._at = 0
        self._rows: bytes | None = None

    @property
    def order(self) -> DumpOrder:
        """What was seen so far."""
        return self.dump.order

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that are whole by now. Raises ValueError where it is no dump, not in order, or hostile."""
        self.dump.feed(chunk)
        self._look()
        self._left = self._left + chunk if self._left else chunk
        return self._cut()

    def finish(self) -> list[Piece]:
        """Nothing more comes. Raises ValueError where that cannot be: it ends in the middle, or is not in order."""
        self.dump.finish()
        self._look()
        pieces = self._cut()
        wrong = self.dump.order.judged or next(iter(self.dump.odd), "")
        if not wrong and (not self.dump.trailer or self._rows is not None):
            wrong = "it does not end as a dump ends"
        if wrong:
            raise ValueError(wrong)
        return pieces

    def _look(self) -> None:
        if self.dump.findings:
            raise ValueError(f"line {self.dump.findings[0].line} {self.dump.findings[0].why}")
        if self.order.reason:
            raise ValueError(f"the dump is not in pg_dump's order: {self.order.reason}")

    def _cut(self) -> list[Piece]:
        pieces: list[Piece] = []
        marks, self.dump.marks = self.dump.marks or [], []
        for mark in marks:
            data = self._take(mark.end)
            if self._rows is not None:  # nothing else is marked before the rows have ended
                pieces.append(Piece(Part.ROWS, self._rows, data, begins=False))
                self._rows = None
            elif mark.part is Part.ROWS:
                self._rows = mark.table
                pieces.append(Piece(Part.ROWS, mark.table, data, ends=False))
            elif mark.part is not None:
                pieces.append(Piece(mark.part, mark.table, data))
        if self._rows is not None and self._left:
            pieces.append(
                Piece(Part.ROWS, self._rows, self._take(self._at + len(self._left)), begins=False, ends=False)
            )
        return pieces

    def _take(self, end: int) -> bytes:
        length = end - self._at
        data, self._left, self._at = self._left[:length], self._left[length:], end
        return data
