"""Understands the log stream of one container: HTTP head, frames, timestamps, and what a reconnect repeats.

Pure: bytes in, lines out. Sockets and the choice of containers are left to ``engine_logs``.

With a terminal the engine sends the bytes as they are; without one, in frames of 8 bytes of head (stream 1 or
2, three zeros, length) and a piece that begins with a timestamp of nanoseconds. After a broken connection the
stream is asked for again from the last timestamp on; if the engine still has that line, it repeats it and
nothing is missing. If its first line is a later one, what lay between is gone (rotation), and the pane must
say so.
"""

from __future__ import annotations

import struct

from actions.gateways.engine_http import EngineRefusal, head_of, words_of
from actions.gateways.logs import LineMaker, notice
from actions.model.clock import parse_stamp, span
from actions.model.outside_text import sanitise
from actions.model.ports import LogLine
from actions.model.secret import Redactor

_FRAME = struct.Struct(">BxxxL")
_LONGEST_FRAME = 16 * 1024 * 1024
_STAMP_LENGTH = 30  # 2026-11-22T10:00:00.000000000Z


class ContainerStream:
    """The lines of one container over any number of connections. ``source`` names it in every line."""

    def __init__(self, source: str, *, tty: bool, redactor: Redactor | None = None) -> None:
        self.source = source
        self.last = ""
        """Newest timestamp seen, as the engine writes it; empty before the first line."""
        self._tty = tty
        self._makers = {kind: LineMaker(source, redactor) for kind in (0, 1, 2)}
        self._at_last = 0
        self._buffer = bytearray()
        self._in_head = True
        self._status = 200
        self._repeats = False
        self._to_skip = 0
        self._skipped = 0

    @property
    def since(self) -> str:
        """What to ask the engine for after a break: seconds and nanoseconds of the last line; empty at
        first."""
        if not self.last:
            return ""
        seconds = int(parse_stamp(self.last[:19] + "Z").timestamp())
        return f"{seconds}.{self.last[20:29]}"

    def connected(self) -> None:
        """A new connection begins: its answer starts with a head, and may repeat the last line."""
        self._buffer.clear()
        self._in_head, self._status = True, 200
        self._repeats = bool(self.last)
        self._to_skip, self._skipped = self._at_last, 0

    def feed(self, data: bytes | memoryview) -> list[LogLine]:
        """Lines that are complete now. Raises ValueError when it is no log stream of an engine."""
        self._buffer += data
        if self._in_head:
            head = head_of(self._buffer)
            if head is None:
                return []
            self._status, length = head
            del self._buffer[:length]
            self._in_head = False
        if self._status != 200:
            return []
        return self._raw() if self._tty else self._frames()

    def ended(self) -> list[LogLine]:
        """The connection is over: what is left of unfinished lines. Raises ``EngineRefusal`` when it was
        refused."""
        if self._status != 200:
            raise EngineRefusal(self._status, sanitise(words_of(self._buffer)))
        lines: list[LogLine] = []
        if self._tty and self._buffer:
            self._buffer += b"\n"
            lines = self._raw()
        self._buffer.clear()
        for maker in self._makers.values():
            lines += maker.finish(_at(self.last))
        return lines

    def _frames(self) -> list[LogLine]:
        lines: list[LogLine] = []
        buffer, place, total = self._buffer, 0, len(self._buffer)
        while total - place >= 8:
            kind, length = _FRAME.unpack_from(buffer, place)
            if kind > 2 or length > _LONGEST_FRAME:
                raise ValueError("the engine's log stream is out of step")
            if total - place - 8 < length:
                break
            begin = place + 8
            place = begin + length
            self._piece(kind, bytes(buffer[begin:place]), lines)
        del buffer[:place]
        return lines

    def _raw(self) -> list[LogLine]:
        lines: list[LogLine] = []
        place = 0
        while (end := self._buffer.find(b"\n", place)) >= 0:
            self._piece(1, bytes(self._buffer[place : end + 1]), lines)
            place = end + 1
        del self._buffer[:place]
        if len(self._buffer) > _LONGEST_FRAME:
            self._piece(1, bytes(self._buffer), lines)
            self._buffer.clear()
        return lines

    def _piece(self, kind: int, piece: bytes, lines: list[LogLine]) -> None:
        stamp = piece[:_STAMP_LENGTH]
        if len(stamp) < _STAMP_LENGTH or stamp[10:11] != b"T" or stamp[29:30] != b"Z" or not stamp.isascii():
            lines += self._makers[kind].feed(piece, _at(self.last))
            return
        told = stamp.decode("ascii")
        if self._repeats and self._is_repeated(told, lines):
            return
        if told > self.last:
            self.last, self._at_last = told, 1
        elif told == self.last:
            self._at_last += 1
        lines += self._makers[kind].feed(piece[_STAMP_LENGTH + 1 :], _at(told))

    def _is_repeated(self, told: str, lines: list[LogLine]) -> bool:
        """Whether this line was seen before the break; finds out whether any was lost."""
        if told < self.last:
            return True
        if told == self.last and self._skipped < self._to_skip:
            self._skipped += 1
            return True
        self._repeats = False
        if not self._skipped:
            gap = round((parse_stamp(told) - parse_stamp(self.last)).total_seconds())
            text = f"{span(gap)} missing here: the engine no longer has these lines"
            lines.append(notice(self.source, text, _at(told)))
        return False


def _at(stamp: str) -> str:
    """The engine's nanoseconds as our stamp, which has microseconds."""
    return f"{stamp[:26]}Z" if stamp else ""
