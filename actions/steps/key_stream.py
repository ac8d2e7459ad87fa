"""Streams ordered keys out of a database through psql, so that two tables are compared without holding either.

psql runs on a thread of its own; few chunks lie between it and whoever merges. What it is asked is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actions.model.database_client import DatabaseClient
from actions.model.loss import Row
from actions.model.ports import World
from actions.steps.chunk_queue import GivenChunks
from actions.steps.database_reading import READ_ONLY, env_of, failure
from actions.steps.perform_ground import host_of

_AHEAD = 32
_CHUNK = 64 * 1024


class CopyStream(GivenChunks):
    """What ``COPY … TO STDOUT`` statements print, chunk by chunk. A context: leaving it ends psql."""

    def __init__(self, world: World, client: DatabaseClient, database: str, sql: str, *, s: float) -> None:
        """``sql``: statements, ended by semicolons. ``s``: deadline of the server and of psql, in seconds."""
        super().__init__(self._copy, _AHEAD, "copy")
        self._world, self._client, self._database, self._s = world, client, database, s
        self._text = READ_ONLY.format(ms=round(s * 1000)) + sql

    def rows(self, *, numbers: bool) -> Iterator[Row]:
        """Lines of a key and a mark, with a tab between. ``numbers``: keys are whole numbers."""
        rest = b""
        for chunk in self.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield _row(line, numbers)
        if rest:
            yield _row(rest, numbers)

    def _copy(self, put: Callable[[bytes], None]) -> None:
        def take(stream: str, chunk: bytes) -> None:
            for start in range(0, len(chunk) if stream == "stdout" else 0, _CHUNK):
                put(chunk[start : start + _CHUNK])

        result = host_of(self._world, self._client.host).run(
            self._client.psql(self._database, admin=True),
            cwd=self._client.cwd,
            env=env_of(self._world, self._client),
            stdin=self._text.encode(),
            timeout_s=self._s + 10,
            on_output=take,
        )
        if result.exit_status != 0 or result.timed_out:
            raise failure(self._client, self._database, result)


def _row(line: bytes, numbers: bool) -> Row:
    key, _, mark = line.partition(b"\t")
    return (int(key) if numbers else key.decode("ascii")), mark.decode("ascii")
