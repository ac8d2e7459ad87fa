"""Effects on a database: an SQL text through psql, and clients in a pipe whose every member must succeed.

Passwords stand in them by name (``${env:NAME}``), in the environment of the client, never in an argv.
"""

from __future__ import annotations

import shlex
from dataclasses import field
from typing import ClassVar

from actions.model.effect_words import place, with_env
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class RunSql:
    """An SQL text on a database. psql reads it from its input, stops at the first error, and its end decides."""

    kind: ClassVar[str] = "sql"
    host: str
    argv: tuple[str, ...]
    """psql and how it is reached (``docker compose exec -T db psql …``)."""
    sql: str
    database: str
    """Its name, for the eye; it stands in the argv, too."""
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)
    timeout_s: int = 0
    """Deadline in seconds; 0: none."""

    def lines(self) -> tuple[str, ...]:
        rows = [f"         {line}" for line in self.sql.strip().splitlines()]
        return (place(self.host, self.cwd), f"  sql    {with_env(self.env, shlex.join(self.argv))}", *rows)


@dataclass(frozen=True)
class RunPipe:
    """Programs in a row, the output of each the input of the next; every one of them must end with 0."""

    kind: ClassVar[str] = "pipe"
    host: str
    stages: tuple[tuple[str, ...], ...]
    stdin: str = ""
    """File on the host that the first one reads; empty: nothing."""
    source_host: str = ""
    """Where the file ``stdin`` lies, when that is another host: it is read there and comes through this machine."""
    stdout: str = ""
    """File on the host that the last one writes: a new one, mode 0600; empty: its output is told."""
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)
    timeout_s: int = 0

    def line(self) -> str:
        """As a shell would have it."""
        stages = [shlex.join(stage) for stage in self.stages]
        if self.stdin:
            file = f"{self.source_host} {self.stdin}".strip()
            stages[0] += f" < {shlex.quote(file)}"
        return " | ".join(stages) + (f" > {shlex.quote(self.stdout)}" if self.stdout else "")

    def lines(self) -> tuple[str, ...]:
        every = " (each must end with 0)" if len(self.stages) > 1 or self.source_host else ""
        new = ", the file must be new" if self.stdout else ""
        return (place(self.host, self.cwd), f"  pipe   {with_env(self.env, self.line())}{every}{new}")
