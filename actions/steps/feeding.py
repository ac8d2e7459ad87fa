"""Feeds a file of one host to a program on another, through this process: chunk by chunk, nothing is kept.

Both ends are known: the program's input ends only after whoever reads the file has ended with 0. Anything else is an
error that ends the program, so that it cannot take a part of a file for all of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType

from actions.model.errors import CommandFailed, GoaroundError
from actions.model.ports import World
from actions.steps.chunk_queue import Abandoned, ChunkQueue
from actions.steps.perform_ground import host_of

AHEAD = 64
"""Chunks (of 64 KiB) that lie between the two."""
PATIENCE_S = 0.1
"""How long a program that waits for a chunk is not listened to."""


class Feed:
    """The bytes of a file. A context: leaving it ends whoever reads them."""

    def __init__(self, world: World, host: str, path: str) -> None:
        self._world, self._host, self._path = world, host, path
        self._queue = ChunkQueue(AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name="feed", daemon=True)
        self.sent = 0
        """Bytes that were taken."""

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.abandon()
        self._thread.join(timeout=10)

    def chunks(self) -> Iterator[bytes]:
        """As ``Host.run`` takes them; an empty one: none has come yet. Raises what reading the file raises."""
        while (chunk := self._queue.get(PATIENCE_S)) is not None:
            self.sent += len(chunk)
            yield chunk
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        try:
            host = host_of(self._world, self._host)
            status = host.stream_to(("cat", "--", self._path), self._queue.put, merge_stderr=False)
            if status != 0:
                self._error = CommandFailed(
                    f"{self._path} on {self._host} cannot be read to its end",
                    f"cat ended with {status}",
                    "look at the file",
                    exit_status=status,
                )
        except GoaroundError as error:
            self._error = error
        except Abandoned:
            return
        except BaseException as error:  # noqa: BLE001 - carried over to whoever takes the chunks, and raised there
            self._error = error
        try:
            self._queue.put(None)
        except Abandoned:
            return
