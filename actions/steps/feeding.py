"""Feeds a file of one host to a program on another, through this process: chunk by chunk, nothing is kept.

Both ends are known: the program's input ends only after whoever reads the file has ended with 0. Anything else is an
error that ends the program, so that it cannot take a part of a file for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actions.model.errors import CommandFailed
from actions.model.ports import World
from actions.steps.chunk_queue import GivenChunks
from actions.steps.perform_ground import host_of

AHEAD = 64
"""Chunks (of 64 KiB) that lie between the two."""
PATIENCE_S = 0.1
"""How long a program that waits for a chunk is not listened to."""


class Feed(GivenChunks):
    """The bytes of a file. A context: leaving it ends whoever reads them."""

    def __init__(self, world: World, host: str, path: str) -> None:
        super().__init__(self._read, AHEAD, "feed")
        self._world, self._host, self._path = world, host, path
        self.sent = 0
        """Bytes that were taken."""

    def chunks(self, patience_s: float | None = PATIENCE_S) -> Iterator[bytes]:
        """As ``Host.run`` takes them; an empty one: none has come yet. Raises what reading the file raises."""
        for chunk in super().chunks(patience_s):
            self.sent += len(chunk)
            yield chunk

    def _read(self, put: Callable[[bytes], None]) -> None:
        host = host_of(self._world, self._host)
        status = host.stream_to(("cat", "--", self._path), put, merge_stderr=False)
        if status != 0:
            raise CommandFailed(
                f"{self._path} on {self._host} cannot be read to its end",
                f"cat ended with {status}",
                "look at the file",
                exit_status=status,
            )
