"""Loads a plain dump through several psql: a program of its own, which gets its orders as JSON on its input.

The dump is read once. The rows of a table go to the session that has least to do, with a bounded amount read ahead, so
nothing is reordered within a table; then ``load_units`` hands out indexes and keys. It ends with 0 only when the reader
and every psql did. Whether the dump may be loaded so was decided when it was inspected, and is looked at again here.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from actions.model.dump_order import Part
from actions.model.dump_pieces import DumpPieces, Piece
from actions.steps.load_units import Cancelled, Units

CHUNK = 512 * 1024
AHEAD = 192 * 1024 * 1024
"""Bytes of rows, of all sessions together, that are read before psql has taken them."""
PIPE = 1024 * 1024
"""Bytes that a pipe holds where the system allows it: on a busy machine its ends wait less often for each other."""
UNANSWERED = 200
"""Statements after which psql's answers are read."""
TOLD_EVERY = 64 * 1024 * 1024
"""Bytes of rows after which a word of progress is said."""


class Failed(Exception):
    """A program ended otherwise than with 0; its words stand on stderr."""


@dataclass(frozen=True)
class Orders:
    """As they stand in the effect ``LoadDump``."""

    read: list[str]
    psql: list[str]
    sessions: int
    restrict: str


class Room:
    """How much may be read ahead."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._changed = threading.Condition()
        self._used = 0

    def take(self, size: int) -> None:
        """Waits for room. Raises Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._used < AHEAD or self._units.failed)
            if self._units.failed:
                raise Cancelled
            self._used += size

    def give(self, size: int) -> None:
        """They have been passed on; or, with 0, look again."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()


class Session:
    """One psql, and what waits for it."""

    def __init__(self, units: Units, room: Room, number: int, orders: Orders, told: Told) -> None:
        self._units, self._room, self._number, self._told, self._orders = units, room, number, told, orders
        self._waiting: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._mark = secrets.token_hex(12)
        self._unanswered = 0
        self.backlog = 0
        """Bytes of rows that wait; changed by the reader and by the session, so no more than about right."""
        self.psql = subprocess.Popen(orders.psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pipesize=PIPE)

    def put(self, piece: Piece | None) -> None:
        """The next thing to do; None: the dump has been read to its end."""
        self._waiting.put(piece)

    def put_rows(self, piece: Piece) -> None:
        """As ``put``, once there is room."""
        self._room.take(len(piece.data))
        self.backlog += len(piece.data)
        self._waiting.put(piece)

    def run(self) -> None:
        """All of it. What goes wrong stops the others, too."""
        try:
            if self._orders.restrict:
                self._send(f"\\restrict {self._orders.restrict}\n".encode())
            self._load()
            while (piece := self._units.next_upon()) is not None:
                self._send(piece.data)
                self._await_answer()
                self._told.upon(piece)
                self._units.upon_done(piece)
            if self._number == 0:
                for piece in self._units.await_behind():
                    self._statement(piece)
            self._await_answer()
            self._end()
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever it is, the others must not go on, and main tells it
            self._units.fail(error)
            self._room.give(0)

    def _load(self) -> None:
        begun, size = False, 0
        while (piece := self._waiting.get()) is not None:
            self._units.look()
            if piece.part is not Part.ROWS:
                self._statement(piece)
                continue
            if not begun:
                self._begin()
                begun = True
            if piece.begins:
                size = 0
            self._send(piece.data)
            size += len(piece.data)
            self.backlog -= len(piece.data)
            self._room.give(len(piece.data))
            self._told.rows(len(piece.data))
            if piece.ends:
                self._await_answer()
                self._units.rows_done(piece.table, size)
                self._told.table(piece.table, self._units.tables)
        if not begun:
            self._begin()

    def _statement(self, piece: Piece) -> None:
        """Sends it, and waits now and then: psql stands still when nobody reads what it answers."""
        self._send(piece.data)
        self._unanswered += 1
        if self._unanswered >= UNANSWERED:
            self._await_answer()

    def _begin(self) -> None:
        if self._number == 0:
            self._await_answer()
            self._units.begin()
        else:
            self._units.await_begin()

    def _send(self, data: bytes) -> None:
        stream: IO[bytes] = self.psql.stdin  # type: ignore[assignment]  # it has one
        try:
            stream.write(data)
        except BrokenPipeError:
            raise self._ended_early() from None

    def _await_answer(self) -> None:
        """Until psql has done everything that it was sent."""
        self._unanswered = 0
        self._send(f"SELECT '{self._mark}';\n".encode())
        try:
            self.psql.stdin.flush()  # type: ignore[union-attr]  # it has one
        except BrokenPipeError:
            raise self._ended_early() from None
        for line in self.psql.stdout:  # type: ignore[union-attr]  # it has one
            if line.strip() == self._mark.encode():
                return
        raise self._ended_early()

    def _end(self) -> None:
        self.psql.stdin.close()  # type: ignore[union-attr]  # it has one
        if (status := self.psql.wait()) != 0:
            raise Failed(f"psql ended with {status}")

    def _ended_early(self) -> Failed:
        return Failed(f"psql ended with {self.psql.wait()} before the dump did")


class Told:
    """Says on stdout what has been done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self._said = 0

    def rows(self, count: int) -> None:
        """Rows that psql has taken."""
        with self._lock:
            self._bytes += count
            if self._bytes - self._said >= TOLD_EVERY:
                self._said = self._bytes
                print(f"{self._bytes >> 20} MiB of rows", flush=True)

    def table(self, table: bytes, tables: int) -> None:
        """All rows of a table are there."""
        with self._lock:
            name = table.decode("utf-8", "replace")
            print(f"{tables} tables, {self._bytes >> 20} MiB of rows; last: {name}", flush=True)

    def upon(self, piece: Piece) -> None:
        """An index or a key is made."""
        with self._lock:
            print(f"one more {piece.part.value} of {piece.table.decode('utf-8', 'replace')}", flush=True)


def load(orders: Orders) -> str:
    """Loads it; returns what went wrong, or nothing."""
    units, told = Units(), Told()
    room = Room(units)
    sessions: list[Session] = []
    reader = None
    try:
        reader = subprocess.Popen(orders.read, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pipesize=PIPE)
        for number in range(orders.sessions):
            sessions.append(Session(units, room, number, orders, told))
        threads = [threading.Thread(target=one.run, daemon=True) for one in sessions]
        threads.append(threading.Thread(target=_read, args=(orders, reader, units, room, sessions), daemon=True))
        for thread in threads:
            thread.start()
        _wait(units, threads)
    except OSError as error:
        return f"{error.filename or 'a program'} cannot be started: {error.strerror}"
    finally:
        for process in (*([reader] if reader is not None else []), *(one.psql for one in sessions)):
            _kill(process)
    if units.failed is not None:
        return str(units.failed) or type(units.failed).__name__
    return ""


def _read(orders: Orders, reader: subprocess.Popen[bytes], units: Units, room: Room, sessions: list[Session]) -> None:
    """Reads the dump to its end and deals it out."""
    try:
        behind = _deal(orders, reader, units, sessions)
        units.end(behind)
    except Cancelled:
        pass
    except BaseException as error:  # noqa: BLE001 - whatever it is, the others must not go on, and main tells it
        units.fail(error)
        room.give(0)
    for one in sessions:
        one.put(None)


def _deal(orders: Orders, reader: subprocess.Popen[bytes], units: Units, sessions: list[Session]) -> list[Piece]:
    pieces, behind = DumpPieces(), list[Piece]()
    stream: IO[bytes] = reader.stdout  # type: ignore[assignment]  # it has one
    taking = sessions[0]
    chunk = b"-"
    while chunk:
        chunk = os.read(stream.fileno(), CHUNK)
        if not chunk and (status := reader.wait()) != 0:
            raise Failed(f"{orders.read[0]} ended with {status}")
        for piece in pieces.feed(chunk) if chunk else pieces.finish():
            if piece.part is Part.SETTING:
                for one in sessions:
                    one.put(piece)
            elif piece.part is Part.BEFORE:
                sessions[0].put(piece)
            elif piece.part is Part.ROWS:
                if piece.begins:
                    units.expect(piece.table)
                    taking = min(sessions, key=lambda one: one.backlog)
                taking.put_rows(piece)
            else:
                behind.append(piece)
    return behind


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        process.kill()
    process.wait()


def _wait(units: Units, threads: list[threading.Thread]) -> None:
    """Until all have ended, or one has failed: then the programs are ended by our caller, which frees the others."""
    while any(thread.is_alive() for thread in threads) and units.failed is None:
        for thread in threads:
            thread.join(0.05)


def main() -> None:
    """The program."""
    wrong = load(Orders(**json.load(sys.stdin.buffer)))
    if wrong:
        print(f"error: {wrong}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if wrong else 0)  # threads that were cut off in the middle are not waited for
