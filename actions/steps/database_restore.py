"""Restores a backup into a new database beside the live one, of the live one's shape; nothing that runs is touched.

Any failure drops that database again. Which backup, which names and how many workers was decided by the drawer;
whether the data are what the backup held is left to ``database_verify``.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import ClassVar

from actions.model.database_client import UNHURRIED, DatabaseClient
from actions.model.database_shape import DatabaseShape
from actions.model.effect import Effect, RunCommand
from actions.model.effect_database import RunPipe, RunSql
from actions.model.effect_sessions import LoadDump
from actions.model.events import Body
from actions.model.ports import Reporter, World
from actions.model.side_note import SideNote, add_note_sql, born_sql, drop_side_sql, set_note_sql
from actions.model.step import Checked, Happened, Outcome, Risk, StepResult
from actions.steps.host_files import stat_of
from actions.steps.perform import perform
from actions.steps.perform_ground import HERE, host_of
from actions.steps.restore_progress import RestoreProgress
from actions.steps.side_debt import gone_facts, kept_facts, left_facts
from actions.steps.side_reading import MAINTENANCE, note_of

SPEED = f"-c synchronous_commit=off -c maintenance_work_mem=256MB {UNHURRIED}"
"""For the sessions that restore, and for no other."""
_PROGRESS = re.compile(r"pg_restore: (?:finished item|processing data|creating|launching item)")


@dataclass(frozen=True)
class BackupSource:
    """The file or folder that is restored, as it was when it was read."""

    host: str
    path: str
    format: str
    """As ``backup_file.Format``: ``sql``, ``sql.gz``, ``custom``, ``directory`` …"""
    identity: str
    at: str
    size: int = -1
    """Bytes; -1: not looked at again (a folder)."""
    mtime: int = 0
    unpacked_by: tuple[str, ...] = ("cat",)
    items: int = 0
    """Entries of its table of contents, for the progress; 0: not known."""

    @property
    def archive(self) -> bool:
        """pg_restore reads it; else psql does."""
        return self.format.split(".")[0] in ("custom", "directory", "tar")


@dataclass(frozen=True)
class RestoreBeside:
    """Makes the side database and fills it."""

    step_id: ClassVar[str] = "database.restore"
    risk: ClassVar[Risk] = Risk.READ
    client: DatabaseClient
    incident: str
    side: str
    source: BackupSource
    shape: DatabaseShape
    jobs: int = 1
    copied: str = ""
    """Path inside the database's container to which the archive is copied first; empty: it is read where it is."""
    restrict: str = ""
    """A word by which psql is restricted while it reads a plain dump that does not do so itself; empty: it cannot."""
    sessions: int = 1
    """By how many sessions a plain dump is loaded."""
    why_one: str = ""
    """Why it is no more than one; empty: that was not asked."""
    speed: tuple[str, ...] = ()
    """Settings for the sessions that restore, beside those of every restore."""
    due: str = ""
    """When the side database, as long as it stands there, is to be looked at; empty: nobody owes it (a trial)."""

    def title(self) -> str:
        """What the checklist row says."""
        return f"Restore {posixpath.basename(self.source.path)} beside, as {self.side}"

    def expected(self) -> str:
        """The state that counts as done."""
        one = f" (loaded by one session: {self.why_one})" if self.why_one else ""
        return f"{self.side} holds all of the backup; the live database is as it was{one}"

    def effects(self) -> tuple[Effect, ...]:
        """A half-filled one of ours is taken away first; then it is made, filled and given the live one's rights."""
        return (
            self._sql(drop_side_sql(self.side, self.incident) + self._create()),
            *self._fill(),
            self._sql(self._finish()),  # not in the database itself: names stand as they do in its own encoding there
        )

    def undo_effects(self) -> tuple[Effect, ...]:
        """Drops it, if it is this incident's and never was live."""
        return (self._sql(drop_side_sql(self.side, self.incident)),)

    def _create(self) -> str:
        source = self.source
        words = self.shape.comment
        note = SideNote(self.incident, source.identity, source.path, source.at, "restoring", comment=words)
        made = self.shape.create_sql(self.side).rstrip(";\n") + born_sql(self.side, self.incident)
        return f"{made};\n{set_note_sql(self.side, note)}"

    def _finish(self) -> str:
        done = add_note_sql(self.side, self.incident, {"state": "restored"})
        return self.shape.finish_sql(self.side) + done

    def _sql(self, text: str, database: str = MAINTENANCE) -> RunSql:
        return RunSql(
            self.client.host,
            self.client.psql(database, admin=True),
            text,
            database,
            cwd=self.client.cwd,
            env=dict(self.client.env),
        )

    def _fill(self) -> tuple[Effect, ...]:
        if not self.source.archive and self.sessions > 1 and not self.far:
            return (self._load(),)
        if not self.source.archive:
            return (self._pipe(*self._plain()),)
        into = ("--verbose",)
        if self.source.format == "directory" and not self.copied:
            return (self._pipe(self._restore(*into, f"--jobs={self.jobs}", self.source.path)),)
        if self.source.format == "custom" and not self.copied and not self.client.prefix and not self.far:
            return (self._pipe(self._restore(*into, f"--jobs={self.jobs}", self.source.path)),)
        if self.copied:
            return self._copied(into)
        return (self._pipe(self._read(), self._restore(*into)),)

    def _copied(self, into: tuple[str, ...]) -> tuple[Effect, ...]:
        inside = (*self.client.prefix, "sh", "-c")
        if self.source.format == "directory":
            pack = ("tar", "-C", self.source.path, "-cf", "-", ".")
            unpack = (*inside, 'umask 077 && mkdir -- "$1" && tar -xf - -C "$1"', "sh", self.copied)
            copy = self._pipe(pack, unpack)
        else:
            read = (*self.source.unpacked_by, self.source.path)
            copy = self._pipe(read, (*inside, 'umask 077 && cat > "$1"', "sh", self.copied))
        return (
            copy,
            self._pipe(self._restore(*into, f"--jobs={self.jobs}", self.copied)),
            self._command((*self.client.prefix, "rm", "-rf", "--", self.copied)),
        )

    def _load(self) -> LoadDump:
        psql = tuple(word for word in self.client.restore_plain(self.side) if word != "--single-transaction")
        return LoadDump(
            self.client.host,
            read=(*self.source.unpacked_by, self.source.path),
            psql=(*psql[:-1], f"{psql[-1]} options='{self._options}'"),
            sessions=self.sessions,
            restrict=self.restrict,
            cwd=self.client.cwd,
            env=dict(self.client.env),
        )

    def _plain(self) -> tuple[tuple[str, ...], ...]:
        psql = self.client.restore_plain(self.side)
        read = self._read()
        if self.restrict:
            # psql then takes no command of its own from what follows, whatever stands in it.
            first = 'printf "%s %s\\n" "\\\\restrict" "$1" && shift && exec "$@"'
            read = ("sh", "-c", first, "sh", self.restrict, *read)
        return (read, (*psql[:-1], f"{psql[-1]} options='{self._options}'"))

    @property
    def far(self) -> bool:
        """The backup lies on another host than the clients: it comes to them through this machine."""
        return self.source.host != self.client.host and {self.source.host, self.client.host} != set(HERE)

    def _read(self) -> tuple[str, ...]:
        return (*self.source.unpacked_by, *(() if self.far else (self.source.path,)))

    def _restore(self, *options: str) -> tuple[str, ...]:
        argv = self.client.pg_restore(self.side)
        return (*argv[:-1], f"{argv[-1]} options='{self._options}'", *options)

    @property
    def _options(self) -> str:
        return " ".join((SPEED, *(f"-c {one}" for one in self.speed)))

    def _pipe(self, *stages: tuple[str, ...]) -> RunPipe:
        fed = (self.source.path, self.source.host) if self.far else ("", "")
        return RunPipe(self.client.host, stages, *fed, cwd=self.client.cwd, env=dict(self.client.env))

    def _command(self, argv: tuple[str, ...]) -> RunCommand:
        return RunCommand(self.client.host, argv, cwd=self.client.cwd, env=dict(self.client.env))

    def leaves(self) -> str:
        """What stays behind when it is ended in the middle."""
        return (
            f"{self.side} half filled; the live database is untouched. Run it again, or undo it: it is dropped first."
        )

    def moved(self, world: World) -> str:
        """Whether the backup has changed, or the name is somebody else's by now."""
        if self.source.size >= 0:
            found = stat_of(host_of(world, self.source.host), (self.source.path,)).get(self.source.path)
            if found is None:
                return f"{self.source.path} is gone"
            if (found.size, found.mtime) != (self.source.size, self.source.mtime):
                return f"{self.source.path} has changed"
        there, note = note_of(world, self.client, self.side, self.incident)
        if there and (note is None or note.goaround != self.incident):
            return f"there is a database {self.side} that this incident did not make"
        return f"{self.side} was live: it is not dropped" if note is not None and note.live else ""

    def run(self, world: World, report: Reporter) -> StepResult:
        """Make and fill it; after a failure nothing of it is left."""
        counted = _Counted(report, self.source.items)
        with RestoreProgress(world, self.client, self.side, report):
            result = perform(self.effects(), world, counted)
        if result.ok:
            owed = kept_facts(world, self.client, self.side, self.due)
            return StepResult(Outcome.DONE, f"{self.side} holds {self.source.path}", {**result.facts, **owed})
        report.line(f"the restore failed: {self.side} is dropped again")
        left = perform(self._clean_up(), world, report, keep_going=True)
        words = "nothing of it is left" if left.ok else f"{self.side} could not be dropped: {left.summary}"
        summary = f"{result.summary}; {words}; the live database is untouched"
        facts = {**result.facts, **left_facts(world, self.client, self.side, self.incident, self.due)}
        return StepResult(result.outcome, summary, facts)

    def _clean_up(self) -> tuple[Effect, ...]:
        copy = (self._command((*self.client.prefix, "rm", "-rf", "--", self.copied)),) if self.copied else ()
        return (*copy, *self.undo_effects())

    def check(self, world: World) -> Checked:
        """What its comment says."""
        there, note = note_of(world, self.client, self.side, self.incident)
        if not there:
            return Checked(Happened.NO, f"there is no {self.side}", gone_facts(self.side))
        owed = left_facts(world, self.client, self.side, self.incident, self.due)
        if note is not None and note.goaround == self.incident and note.state == "restored":
            return Checked(Happened.YES, f"{self.side} holds {note.path}", owed)
        if note is not None and note.goaround == self.incident:
            return Checked(Happened.NO, f"{self.side} is half filled; run it again, or undo it", owed)
        return Checked(Happened.UNKNOWN, f"{self.side} does not say what it is")

    def undo(self, world: World, report: Reporter) -> StepResult:
        """Drop it."""
        result = perform(self.undo_effects(), world, report).as_result()
        gone = gone_facts(self.side) if result.outcome is Outcome.DONE else {}
        return replace(result, facts={**result.facts, **gone})

    def check_undone(self, world: World) -> Checked:
        """Whether it is gone."""
        there, _ = note_of(world, self.client, self.side, self.incident)
        if there:
            return Checked(Happened.NO, f"{self.side} is there")
        return Checked(Happened.YES, f"no {self.side}", gone_facts(self.side))


class _Counted:
    """Passes lines on; those by which pg_restore tells of its items become a count."""

    def __init__(self, report: Reporter, items: int) -> None:
        self._report = report
        self._items = items
        self._seen = 0

    def line(self, text: str) -> None:
        """One line of output."""
        if not _PROGRESS.match(text):
            self._report.line(text)
            return
        self._seen += 1
        if self._seen % 10 == 1:
            of = f" of about {self._items}" if self._items else ""
            self._report.line(f"{self._seen}{of}: {text.removeprefix('pg_restore: ')}")

    def record(self, body: Body) -> None:
        """One fact into the journal."""
        self._report.record(body)

    def stopping(self) -> bool:
        """True when the operator wants it ended."""
        return self._report.stopping()
