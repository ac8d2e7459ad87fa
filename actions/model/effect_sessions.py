"""Effects that several sessions of a database do at once: a plain dump is loaded, tables are analysed.

Passwords stand in them by name (``${env:NAME}``), in the environment of the clients, never in an argv.
"""

from __future__ import annotations

import shlex
from dataclasses import field
from typing import ClassVar

from actions.model.effect_words import place, with_env
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class LoadDump:
    """A plain dump in pg_dump's own order is loaded by several psql; every program must end with 0."""

    kind: ClassVar[str] = "load-dump"
    host: str
    read: tuple[str, ...]
    """Writes the dump to its output."""
    psql: tuple[str, ...]
    """Reads SQL from its input, and stops at the first error."""
    sessions: int
    restrict: str = ""
    """A word by which each psql is restricted before anything of the dump reaches it; empty: it is too old for that."""
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def lines(self) -> tuple[str, ...]:
        first = f", each told \\restrict {self.restrict} first" if self.restrict else ""
        return (
            place(self.host, self.cwd),
            f"  load   {with_env(self.env, shlex.join(self.read))} | {self.sessions} times {shlex.join(self.psql)}",
            f"         at once{first}; each program must end with 0: one runs what stands before the rows;",
            "         the rows of each table go to one that is free, then the tables' indexes and keys;",
            "         at last one runs what stands behind them, in its order",
        )


@dataclass(frozen=True)
class AnalyzeTables:
    """The planner's numbers of every table, taken in several sessions."""

    kind: ClassVar[str] = "analyze"
    host: str
    psql: tuple[str, ...]
    database: str
    sessions: int = 1
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def lines(self) -> tuple[str, ...]:
        at_once = f", {self.sessions} tables at once" if self.sessions > 1 else ""
        return (
            place(self.host, self.cwd),
            f"  sql    {with_env(self.env, shlex.join(self.psql))}",
            f"         ANALYZE of every table{at_once}",
        )
