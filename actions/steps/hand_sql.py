"""Runs SQL that was written by hand: shown in full, named by its hash, in one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from actions.model.canonical import sha256_hex
from actions.model.database_client import DatabaseClient
from actions.model.effect import Effect
from actions.model.effect_database import RunSql
from actions.model.errors import BadInput, GoaroundError
from actions.model.hand_sql import LARGEST, problem
from actions.model.ports import Reporter, World
from actions.model.side_note import BESIDE
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.perform import perform
from actions.steps.perform_ground import host_of
from actions.steps.schema_reading import recorded
from actions.steps.side_reading import notes

MOVE = "correct the file; it is run in one transaction, as it stands"


@dataclass(frozen=True)
class RunHandSql:
    """``migration.sql``: somebody's file, as it was when the plan was drawn."""

    step_id: ClassVar[str] = "migration.sql"
    risk: ClassVar[Risk] = Risk.IRREVERSIBLE

    client: DatabaseClient
    database: str
    host: str
    """Where the file lies."""
    path: str
    sha256: str
    text: str
    lock_s: int = 0

    def title(self) -> str:
        """The row; it is not a thing for one person alone."""
        return f"Run {self.path} (by hand; read by a second person)"

    def expected(self) -> str:
        """What counts as done."""
        return f"all of it is committed, or nothing is; sha256 {self.sha256}"

    def effects(self) -> tuple[Effect, ...]:
        """The file between BEGIN and COMMIT; psql stops at the first error, and nothing is left then."""
        return (self._within("COMMIT"),)

    def _within(self, end: str) -> RunSql:
        lock = f"SET LOCAL lock_timeout = '{self.lock_s}s';\n" if self.lock_s else ""
        # How quotes are read decides where a statement ends: it is read here as it was when it was looked through.
        begin = f"SET standard_conforming_strings = on;\nBEGIN;\n{lock}-- {self.path} sha256 {self.sha256}\n"
        return RunSql(
            self.client.host,
            self.client.psql(self.database, admin=True),
            f"{begin}{self.text.rstrip()}\n;\n{end};\n",
            self.database,
            cwd=self.client.cwd,
            env=dict(self.client.env),
        )

    def undo_effects(self) -> tuple[Effect, ...]:
        """None: nobody wrote the reverse of it. The kept database is the way back."""
        return ()

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return "Nothing, unless it was committed in that moment: look at what it changes."

    def moved(self, world: World) -> str:
        """Whether the file is another one now."""
        try:
            content = host_of(world, self.host).read_file(self.path, LARGEST + 1)
        except GoaroundError as error:
            return world.redact(f"{self.path} cannot be read: {error.line()}")
        if content is None:
            return f"{self.path} is gone"
        return "" if sha256_hex(content) == self.sha256 else f"{self.path} has changed"

    def run(self, world: World, report: Reporter) -> StepResult:
        """Run it."""
        done = perform(self.effects(), world, report)
        return StepResult(done.outcome, done.summary, {**done.facts, "sql": self.path, "sha256": self.sha256})

    def check(self, world: World) -> Checked:
        """Nothing tells whether SQL of somebody's was committed."""
        return Checked(Happened.UNKNOWN, f"whether {self.path} was committed must be seen in what it changes")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """There is none; says so."""
        return StepResult(Outcome.FAILED, "there is no undo: restore the database that was kept")

    def check_undone(self, world: World) -> Checked:
        """As ``check``."""
        return Checked(Happened.UNKNOWN, "there is no undo of SQL that was written by hand")


@dataclass(frozen=True)
class TryHandSql(RunHandSql):
    """``migration.try_sql``: the same in a transaction that is rolled back, to see what it would do; on request."""

    step_id: ClassVar[str] = "migration.try_sql"
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    """Nothing of it stays, but its locks are real while it lasts: it waits for the approvals of the plan."""

    beside: bool = False
    """On a database that is not the live one."""

    def title(self) -> str:
        """The row."""
        where = f"on {self.database} beside the live one" if self.beside else "on the live database"
        return f"Try {self.path} {where}, rolled back"

    def expected(self) -> str:
        """What counts as done."""
        return f"every statement of it runs, and says how many rows it changes; nothing stays; sha256 {self.sha256}"

    def effects(self) -> tuple[Effect, ...]:
        """The file between BEGIN and ROLLBACK; what each statement did is told."""
        one = self._within("ROLLBACK")
        return (replace(one, sql=f"\\set QUIET off\n{one.sql}"),)

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return "Nothing but numbers that sequences gave away."

    def check(self, world: World) -> Checked:
        """Nothing of it stays, so it is tried again."""
        return Checked(Happened.NO, "it leaves nothing: try it again")

    def check_undone(self, world: World) -> Checked:
        """There never was anything."""
        return Checked(Happened.YES, "it was rolled back")


def draw_try(world: World, step: RunHandSql) -> TryHandSql:
    """The step that tries it: in a restored database beside the live one that has recorded the same, else in that."""
    found = _beside(world, step)
    return TryHandSql(
        step.client, found or step.database, step.host, step.path, step.sha256, step.text, step.lock_s, bool(found)
    )


def _beside(world: World, step: RunHandSql) -> str:
    try:
        names = [name for name, note in notes(world, step.client).items() if note.usable]
        own = [name for name in sorted(names, reverse=True) if re.match(re.escape(step.database) + BESIDE, name)]
        live = {row.migration for row in recorded(world, step.client, step.database) or ()}
        same = (name for name in own if {row.migration for row in recorded(world, step.client, name) or ()} == live)
        return next(same, "")
    except GoaroundError:
        return ""  # a database that cannot be looked at is none to try it on


def draw_hand_sql(world: World, client: DatabaseClient, database: str, path: str, lock_s: int = 0) -> RunHandSql:
    """The step for a file on the system's host. Raises BadInput where it is not there, or is not to be run so."""
    content = world.host.read_file(path, LARGEST + 1)
    if content is None:
        raise BadInput(f"there is no file {path} on {world.host.name}", "", "write it, or correct django.reverse_sql")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8", f"byte {error.start}", MOVE) from error
    if reason := problem(text):
        raise BadInput(f"{path} cannot be run", reason, MOVE)
    return RunHandSql(client, database, world.host.name, path, sha256_hex(content), text, lock_s)
