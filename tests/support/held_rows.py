"""A table whose loading waits in its middle while a file is there: what is to be met under way is met for certain.

The file lies beside the server, which looks at it from every database. Nothing here waits for a time to pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgres_server import PostgresServer

from actions.model.database_names import literal

PATIENCE_S = 60
ROWS = 150_000
"""More than a client can have sent when the row in the middle waits: its end is never there."""

_TABLE = """
CREATE FUNCTION waits(n integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  WHILE n = {middle} AND (pg_stat_file({path}, true)).size IS NOT NULL LOOP PERFORM pg_sleep(0.01); END LOOP;
  RETURN true;
END $$;
CREATE TABLE z AS SELECT n, repeat(md5(n::text), 8) AS t FROM generate_series(1, {rows}) n;
ALTER TABLE z ADD CHECK (waits(n));
"""


@dataclass(frozen=True)
class HeldRows:
    """The table ``z`` of a database of this server; a copy of it is loaded up to its middle, and waits there."""

    server: PostgresServer

    @property
    def _file(self) -> Path:
        return self.server.folder / "hold"

    def make(self, database: str) -> None:
        """The table, with its rows."""
        self.server.sql(_TABLE.format(middle=ROWS // 2, path=literal(str(self._file)), rows=ROWS), database)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Whoever loads it meanwhile waits in its middle; afterwards it goes on."""
        self._file.touch()
        try:
            yield
        finally:
            self.let_go()

    def let_go(self) -> None:
        """It goes on."""
        self._file.unlink(missing_ok=True)

    def until_held(self, database: str, goes_on: Callable[[], bool]) -> None:
        """Until a session of that database waits there, while ``goes_on`` says that it may still come."""
        waits = (
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = {literal(database)} AND wait_event = 'PgSleep'"
            " AND query LIKE 'COPY%'"
        )
        end = time.monotonic() + PATIENCE_S
        while self.server.sql(waits) == "0":
            assert goes_on(), "it has ended before its middle"
            assert time.monotonic() < end, "the restore does not come to the middle"
            time.sleep(0.02)
