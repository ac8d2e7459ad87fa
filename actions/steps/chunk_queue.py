"""Few chunks between a thread that is given output and one that pulls it; who stops pulling ends who gives."""

from __future__ import annotations

import queue
import threading


class Abandoned(Exception):
    """Nobody reads any more; ends the command that writes."""


class ChunkQueue:
    """At most ``ahead`` chunks wait; None is the end."""

    def __init__(self, ahead: int) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(ahead)
        self._abandoned = threading.Event()

    def put(self, chunk: bytes | None) -> None:
        """Waits for room. Raises Abandoned once nobody reads any more."""
        while not self._abandoned.is_set():
            try:
                self._queue.put(chunk, timeout=0.1)
            except queue.Full:
                continue
            return
        raise Abandoned

    def get(self, timeout_s: float | None = None) -> bytes | None:
        """The next chunk; an empty one when none came in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return b""

    def abandon(self) -> None:
        """Whoever gives is ended at its next chunk."""
        self._abandoned.set()
