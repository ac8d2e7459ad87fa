"""Streams ordered keys out of a database through psql, so that two tables are compared without holding either.

psql runs on a thread of its own; few chunks lie between it and whoever merges. What it is asked is left to others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType

from actions.model.database_client import DatabaseClient
from actions.model.errors import GoaroundError
from actions.model.loss import Row
from actions.model.ports import World
from actions.steps.chunk_queue import Abandoned, ChunkQueue
from actions.steps.database_reading import READ_ONLY, failure
from actions.steps.perform_ground import host_of

_AHEAD = 32
_CHUNK = 64 * 1024


class CopyStream:
    """What ``COPY … TO STDOUT`` statements print, chunk by chunk. A context: leaving it ends psql."""

    def __init__(self, world: World, client: DatabaseClient, database: str, sql: str, *, s: float) -> None:
        """``sql``: statements, ended by semicolons. ``s``: deadline of the server and of psql, in seconds."""
        self._world, self._client, self._database, self._s = world, client, database, s
        self._text = READ_ONLY.format(ms=round(s * 1000)) + sql
        self._queue = ChunkQueue(_AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="copy", daemon=True)

    def __enter__(self) -> CopyStream:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.abandon()
        self._thread.join(timeout=10)

    def chunks(self) -> Iterator[bytes]:
        """Raw output. Raises what psql's end means."""
        while (chunk := self._queue.get()) is not None:
            yield chunk
        if self._error is not None:
            raise self._error

    def rows(self, *, numbers: bool) -> Iterator[Row]:
        """Lines of a key and a mark, with a tab between. ``numbers``: keys are whole numbers."""
        rest = b""
        for chunk in self.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield _row(line, numbers)
        if rest:
            yield _row(rest, numbers)

    def _run(self) -> None:
        env = {key: self._world.resolve(value) for key, value in self._client.env.items()}
        env["PGCONNECT_TIMEOUT"] = "10"

        def take(stream: str, chunk: bytes) -> None:
            for start in range(0, len(chunk) if stream == "stdout" else 0, _CHUNK):
                self._queue.put(chunk[start : start + _CHUNK])

        try:
            result = host_of(self._world, self._client.host).run(
                self._client.psql(self._database, admin=True),
                cwd=self._client.cwd,
                env=env,
                stdin=self._text.encode(),
                timeout_s=self._s + 10,
                on_output=take,
            )
            if result.exit_status != 0 or result.timed_out:
                self._error = failure(self._client, self._database, result)
        except GoaroundError as error:
            self._error = error
        except Abandoned:
            return
        except BaseException as error:  # noqa: BLE001 - carried over to the reading thread, where it is raised again
            self._error = error
        try:
            self._queue.put(None)
        except Abandoned:
            return


def _row(line: bytes, numbers: bool) -> Row:
    key, _, mark = line.partition(b"\t")
    return (int(key) if numbers else key.decode("ascii")), mark.decode("ascii")
