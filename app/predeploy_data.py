"""What ``goaround predeploy`` does for the data: takes a backup, or finds one; takes the snapshot where it may."""

from __future__ import annotations

from actions.model.backup_file import Trouble
from actions.model.clock import parse_stamp, span, stamp
from actions.model.database_client import DatabaseClient
from actions.model.errors import GoaroundError, Refused
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.predeploy import KeptState
from actions.model.sensor_rules import size_words
from actions.model.step import Outcome
from actions.model.system import Settings
from actions.model.system_checks import seconds_of
from actions.steps.backup_inspect import inspect
from actions.steps.backups import backups
from actions.steps.database_preflight import live_database
from actions.steps.database_reach import client_of
from actions.steps.database_releases import time_of
from actions.steps.database_snapshot import draw_snapshot, read_kept
from actions.steps.perform_ground import host_of
from actions.steps.sessions import sessions
from actions.steps.snapshots import count_snapshot, pause_words, snapshots, strays, take_snapshot
from app.command_lines import Quiet
from app.predeploy_parts import Parts

MARK = "predeploy"
"""In the name of a backup that was made here."""


class Data:
    """The data's part of one run; nothing to do where no database is configured."""

    def __init__(self, settings: Settings, world: World, parts: Parts, quiet: Quiet) -> None:
        self._settings, self._world, self._parts, self._quiet = settings, world, parts, quiet
        self.table = settings.database
        self.kept: list[KeptState] = []
        self.snapshot_why = ""
        self._failed = False
        self._client: DatabaseClient | None = None

    def _reached(self) -> DatabaseClient | None:
        if self._client is None and self.table is not None and self.table.name:
            self._client = client_of(self._settings, self._world)
        return self._client

    def keep(self, *, backup: bool) -> None:
        """A backup made now; without it, or without a folder for it, the newest that is there."""
        if self.table is None:
            return
        if backup and self.table.name and self.table.keep:
            made = self._parts.part("backup", "backup-failed", self._make)
            self._failed = made is None
            self.kept += [made] if made is not None else []
            return
        if backup and self.table.name:
            words = "no backup was made: database.keep names no folder for it"
            self._parts.gap("backup-not-made", words, blocks=False, move="set keep in [database]")
        if self.table.backups or self.table.keep:
            found = self._parts.part("backup", "backup-unusable", self._find)
            self._failed = found is None
            self.kept += [found] if found is not None else []

    def _make(self) -> tuple[KeptState, str]:
        drawn = draw_snapshot(self._settings, self._world, MARK, self._reached())
        for words in drawn.notes:
            self._parts.lines.say(f"         {words}")
        with self._quiet.politely():
            result = drawn.step.run(self._world, self._quiet)
        if result.outcome is not Outcome.DONE:
            raise GoaroundError("the backup failed", result.summary)
        if warning := result.facts.get("warning"):
            self._parts.gap("backup-small", f"{drawn.step.path} is {warning}", blocks=False)
        kept = read_kept(host_of(self._world, drawn.step.client.host), drawn.step.effect().manifest)
        at = kept.manifest.at if kept is not None else stamp(self._world.clock.now())
        facts = result.facts
        state = KeptState("backup", drawn.step.path, at, int(facts["size"]), facts["sha256"], int(facts["rows"]))
        return state, f"{drawn.step.path}: {result.summary}"

    def _find(self) -> tuple[KeptState, str]:
        assert self.table is not None  # the caller has looked
        client = self._reached()
        one = next((one for one in backups(self._settings, self._world, client) if not one.problem), None)
        if one is None:
            where = " and ".join(filter(None, (self.table.backups, self.table.keep)))
            raise Refused(f"there is no usable backup in {where}", "", "make one: goaround predeploy, with keep set")
        age = max(0, round((self._world.clock.now() - parse_stamp(time_of(one))).total_seconds()))
        if age > seconds_of("backup_max_age", self.table.backup_max_age):
            raise Refused(
                f"{one.name} is {span(age)} old", f"backup_max_age is {self.table.backup_max_age}", "make one"
            )
        found = inspect(self._world, client, one, self.table)
        if not found.usable:
            words = "; ".join(problem.words for problem in found.problems[:3])
            raise Refused(f"{one.name} must not be restored", words, "make another one")
        for warning in found.warnings:
            blind = warning.code is Trouble.NOT_ASKED  # who cannot ask the server cannot restore into it either
            move = "correct [database]: a way back must reach the server" if blind else ""
            words = f"{one.name}: {warning.words}"
            self._parts.gap("server-not-asked" if blind else "backup-warns", words, blocks=blind, move=move)
        rows = sum(found.facts.rows.values()) if found.facts.rows else -1
        state = KeptState("earlier backup", one.path, time_of(one), one.size, found.backup.sha256, rows)
        if one.proven is None:
            words = f"{one.name} was never restored for a trial"
            self._parts.gap("backup-not-proven", words, blocks=False, move="goaround ready --restore")
        return state, f"{one.path} is whole, {span(age)} old: what is written after it would be lost"

    def snapshot(self, release: str, *, now: bool) -> None:
        """Takes it when it was asked for; else says why not."""
        if self.table is None or not self.table.snapshot or not self.table.name:
            return
        if not now:
            try:
                self.snapshot_why = self._cost()
            except GoaroundError as error:
                self.snapshot_why = f"not asked for; what it would cost is not known: {error.line()}"
            move = "goaround predeploy --snapshot-now, in a quiet moment"
            self._parts.gap("snapshot-not-taken", f"no snapshot: {self.snapshot_why}", blocks=False, move=move)
            return
        taken = self._parts.part("snapshot", "snapshot-failed", lambda: self._take(release), blocks=False)
        if taken is None:
            self.snapshot_why = "it failed"
            return
        self.kept.append(taken)
        self._others(taken.place)

    def _cost(self) -> str:
        client = self._reached()
        assert self.table is not None  # the caller has looked
        assert client is not None  # the database has a name
        live = live_database(self._world, client, self.table.name)
        count = len(sessions(self._world, client, self.table.name))
        waits = f"new ones wait {pause_words(live.size)} for {size_words(live.size)}"
        return f"{count} session{'' if count == 1 else 's'} would be ended, and {waits}"

    def _take(self, release: str) -> tuple[KeptState, str]:
        client = self._reached()
        assert self.table is not None  # the caller has looked
        assert client is not None  # the database has a name
        live = live_database(self._world, client, self.table.name)
        taken = take_snapshot(self._world, client, live, f"{self._world.clock.now():%m%d%H%M%S_%f}"[:-3], release)
        one, counted = taken.snapshot, "what it holds was not counted"
        try:
            one = count_snapshot(self._world, client, self.table.name, one)
        except GoaroundError as error:
            self._parts.gap("snapshot-not-counted", f"{sanitise(one.name)}: {error.line()}", blocks=False)
        if one.held is not None:
            counted = f"it holds {one.held.rows} rows in {len(one.held.tables)} tables, and lets nobody in"
        rows = one.held.rows if one.held is not None else -1
        state = KeptState("snapshot", sanitise(one.name), one.at, one.size, rows=rows, pause_ms=taken.pause_ms)
        words = f"{taken.ended} sessions were ended; new ones waited {taken.pause_ms} ms at most; {counted}"
        return state, f"{sanitise(one.name)}, {size_words(one.size)}; {words}"

    def _others(self, but: str) -> None:
        """What earlier runs left takes room, and is never dropped by us."""
        client = self._reached()
        assert self.table is not None  # the caller has looked
        assert client is not None  # the database has a name
        try:
            older = [one for one in snapshots(self._world, client, self.table.name) if sanitise(one.name) != but]
            odd = strays(self._world, client, self.table.name)
        except GoaroundError as error:
            self._parts.gap("snapshots-not-listed", error.line(), blocks=False)
            return
        if older:
            names = ", ".join(
                f"{sanitise(one.name)} ({size_words(max(0, one.size))}, {one.at[:16]}Z)" for one in older[:5]
            )
            self._parts.gap("snapshots-kept", f"{len(older)} older snapshots stand there: {names}", blocks=False)
        if odd:
            words = f"named like snapshots, but not saying so (cut off while they were made?): {', '.join(odd[:5])}"
            self._parts.gap("snapshots-unnamed", words, blocks=False)

    def judge(self) -> None:
        """Whether the data can be gone back to at all."""
        if self.table is not None and not self.kept and not self._failed:
            what = sanitise(self.table.name) or "the database"
            words = f"there is nothing that {what} could be restored from"
            self._parts.gap("no-backup", words, move="set keep (and backups) in [database]")
