"""Effects on an application's migrations: asking for the schema verdict, and running Django's ``migrate``."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import ClassVar

from actions.model.codec import later
from actions.model.database_client import DatabaseClient
from actions.model.django_code import DjangoCode
from actions.model.effect_words import place, with_env
from actions.model.migration import Migration
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class AskSchema:
    """The schema verdict is asked for anew, and must be SAFE."""

    kind: ClassVar[str] = "schema"
    client: DatabaseClient
    database: str
    target: DjangoCode
    running: DjangoCode
    names: str = later("")
    """The name of the database that the code's settings must have; empty: ``database``."""
    whole: bool = later(False)
    """The target must hold nothing that is not recorded, either: it is to run over that schema as it is."""

    def lines(self) -> tuple[str, ...]:
        whole = ("         and it must hold no other: nothing migrates",) if self.whole else ()
        return (
            f"on {self.client.host}",
            f"  read   what {self.database} has recorded in django_migrations",
            f"  read   the migrations in {self.target.where()}",
            f"  read   where that one does not know them all: those in {self.running.where()}",
            "         every recorded migration must be known to the first (SAFE)",
            *whole,
        )


@dataclass(frozen=True)
class RunMigrate:
    """Django's ``migrate`` to one migration. Its own plan is read first, and the record of migrations after it."""

    kind: ClassVar[str] = "migrate"
    client: DatabaseClient
    database: str
    code: DjangoCode
    app: str
    to: str
    moves: tuple[Migration, ...]
    """What must be taken back by it (``forward``: applied by it), no more and no less."""
    forward: bool = False
    lock_s: int = 0
    """Seconds that it waits for a lock; 0: as long as it takes."""
    name: str = ""
    """Of the one-off container, so that it can be found."""
    sql: str = ""
    """What it will run as ``sqlmigrate`` tells, for the eye."""
    fake: bool = False
    """Only the record is changed, the schema is left as it is."""

    def words(self, *, plan: bool = False) -> tuple[str, ...]:
        """What ``manage.py`` is given."""
        last = (*(("--fake",) if self.fake else ()), *(("--plan",) if plan else ()))
        return ("migrate", self.app, self.to, f"--database={self.code.database}", "--no-input", "--no-color", *last)

    def programs(self, *, plan: bool = False) -> tuple[tuple[str, ...], ...]:
        """The programs in a row."""
        return self.with_locks().stages(*self.words(plan=plan), name="" if plan else self.name)

    def with_locks(self) -> DjangoCode:
        """The code with the limit for locks in its environment."""
        if not self.lock_s:
            return self.code
        return replace(self.code, env={**self.code.env, "PGOPTIONS": f"-c lock_timeout={self.lock_s}s"})

    def lines(self) -> tuple[str, ...]:
        what = ("record as " if self.fake else "") + ("apply" if self.forward else "take back")
        text = " | ".join(shlex.join(stage) for stage in self.programs())
        return (
            place(self.code.host, self.code.cwd),
            f"  read   the same with --plan: it must {what} {', '.join(map(str, self.moves))} and nothing else",
            f"  run    {with_env(self.with_locks().env, text)}",
            "  read   django_migrations again: it must have changed by exactly that",
            *(f"         {line}" for line in self.sql.splitlines()),
        )


@dataclass(frozen=True)
class AskLocks:
    """Nobody may hold a lock on these tables, or wait with an open transaction."""

    kind: ClassVar[str] = "locks"
    client: DatabaseClient
    database: str
    tables: tuple[str, ...] = ()
    longer_s: int = 30
    """Transactions that have been idle for longer than this are in the way, too."""

    def lines(self) -> tuple[str, ...]:
        of = ", ".join(self.tables) or "any table"
        return (
            f"on {self.client.host}",
            f"  read   who holds a lock on {of} in {self.database}, or sits in a transaction (pg_locks)",
            "         nobody may be in the way",
        )
