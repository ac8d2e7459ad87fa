"""Few chunks between a thread that is given output and one that pulls it; who stops pulling ends who gives."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self


class Abandoned(Exception):
    """Nobody reads any more; ends the command that writes."""


class GivenChunks:
    """What a thread of its own gives, pulled chunk by chunk. A context: leaving it ends who gives, at its next chunk.

    ``give`` is run on that thread, and puts its chunks with what it is given; at most ``ahead`` of them wait. Leaving
    waits at most ``end_s`` seconds for its end.
    """

    def __init__(
        self, give: Callable[[Callable[[bytes], None]], None], ahead: int, name: str, *, end_s: float = 10
    ) -> None:
        self._give = give
        self._end_s = end_s
        self._queue: queue.Queue[bytes | None] = queue.Queue(ahead)  # None is the end
        self._abandoned = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandoned.set()
        self._thread.join(timeout=self._end_s)

    def chunks(self, patience_s: float | None = None) -> Iterator[bytes]:
        """All of them; with ``patience_s`` an empty one when none came in time. Raises what ``give`` raised."""
        while (chunk := self._next(patience_s)) is not None:
            yield chunk
        if self._error is not None:
            raise self._error

    def _next(self, patience_s: float | None) -> bytes | None:
        try:
            return self._queue.get(timeout=patience_s)
        except queue.Empty:
            return b""

    def _run(self) -> None:
        try:
            self._give(self._put)
        except Abandoned:
            return
        except BaseException as error:  # noqa: BLE001  # carried over to whoever pulls, where it is raised again
            self._error = error
        try:
            self._put(None)
        except Abandoned:
            return

    def _put(self, chunk: bytes | None) -> None:
        """Waits for room. Raises Abandoned once nobody reads any more."""
        while not self._abandoned.is_set():
            try:
                self._queue.put(chunk, timeout=0.1)
            except queue.Full:
                continue
            return
        raise Abandoned
