"""``goaround ready --restore``: proves that a backup can be restored, by restoring it; for cron.

The backup goes into a scratch database that is verified and dropped again; nothing that runs is touched. What it takes
is the steps' of the database option; here they are put in a row, told line by line, and cleared away after.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from actions.model.backup_file import BackupFile, Inspected, ProvenRestore
from actions.model.canonical import sha256_hex
from actions.model.clock import span, stamp
from actions.model.database_client import DatabaseClient
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.sensor_rules import size_words
from actions.model.step import Outcome
from actions.model.system import Settings
from actions.model.system_database import DatabaseTable
from actions.steps.database_drawing import Beside, restore_step, verify_step
from actions.steps.database_preflight import LiveDatabase, live_database, room
from actions.steps.database_reach import client_of
from actions.steps.perform_ground import host_of
from actions.steps.trials import drop, is_there, scratches
from app.command_lines import Lines, Quiet, ended_as_by_hand
from app.command_world import open_world
from app.ready_backup import choose, read
from app.settings import find_config, load
from app.trial_process import lives, this_trial


@dataclass(frozen=True)
class Asked:
    """The command line of ``goaround ready --restore``."""

    backup: str = ""
    config: str | None = None
    store: str = ""
    json: bool = False


def run_ready(asked: Asked) -> int:
    """0: proven; 1: not, with the reason. Raises BadInput for what cannot be asked at all."""
    loaded = load(find_config(asked.config))
    for warning in loaded.warnings:
        sys.stderr.write(f"goaround: warning: {warning}\n")
    world = open_world(loaded, asked.store)
    table = loaded.settings.database
    if table is None or not table.name:
        raise BadInput(
            f"{loaded.path}: no database is configured",
            "",
            "add name and reach in a [database] table",
            code="no-database",
        )
    if not table.backups and not table.keep:
        raise BadInput(f"{loaded.path}: database: neither backups nor keep says where backups lie", "", "set backups")
    out = sys.stderr if asked.json else sys.stdout
    run = _Run(world, loaded.settings, table, Lines(world.clock.monotonic_ms, world.redact, out), Quiet(world.redact))
    error: GoaroundError | None = None
    with ended_as_by_hand(run.quiet):
        try:
            run.prove(asked.backup)
        except BadInput:
            raise
        except GoaroundError as failure:
            error = failure
    run.verdict(error)
    if asked.json:
        print(json.dumps(run.to_json(error), indent=1))
    return 0 if error is None else 1


@dataclass
class _Run:
    """One run, and what came of it."""

    world: World
    settings: Settings
    table: DatabaseTable
    lines: Lines
    quiet: Quiet
    backup: BackupFile | None = None
    scratch: str = ""
    left: list[str] = field(default_factory=list)
    """Scratch databases that stand there after this run."""
    proven: ProvenRestore | None = None

    def prove(self, name: str) -> None:
        """All of it. Raises GoaroundError with the reason why it is not proven."""
        client = client_of(self.settings, self.world)
        trial = this_trial(self.world.clock)
        live = self.lines.stage("server", lambda: self._server(client))
        self._clear(client)
        self.backup = self.lines.stage(
            "choose", lambda: choose(self.settings, self.world, self.table, client, name, self.lines)
        )
        chosen = self.backup
        found = self.lines.stage("read", lambda: read(self.world, self.table, client, chosen, self.lines))
        self.backup = found.backup
        self.scratch = trial.scratch(live.name)
        to = Beside(trial.incident, self.scratch, trial.mark)
        restore = restore_step(self.settings, self.world, client, live, found, to)
        verify = verify_step(self.settings, self.world, client, live, found, to)
        begun = self.world.clock.monotonic_ms()
        try:
            self.lines.stage("restore", lambda: self._step(restore, "restore-failed"))
            seconds = (self.world.clock.monotonic_ms() - begun) // 1000
            try:
                self.lines.stage("verify", lambda: self._step(verify, "verify-failed"))
            except GoaroundError:
                self._take_proof_back(found)
                raise
        finally:
            self.lines.stage("drop", lambda: self._drop(client, trial))
        self.lines.stage("note", lambda: self._note(found, seconds))

    def _server(self, client: DatabaseClient) -> tuple[LiveDatabase, str]:
        live = live_database(self.world, client, self.table.name)
        if live.may:
            raise Refused(
                f"{live.me} {' and '.join(live.may)}",
                "",
                "set database.admin to the owner with CREATEDB, or to a superuser",
                code="database-rights",
            )
        for words in live.holds:
            self.lines.warn(f"the live database could not be swapped: {words}")
        for note in room(self.world, client, live):
            self.lines.warn(note.text)
        return live, f"{sanitise(live.name)}, {size_words(live.size)}, at {client.words or client.host}"

    def _clear(self, client: DatabaseClient) -> None:
        """What a killed run left goes; what is of others, or still at work, is named and left."""
        here = this_trial(self.world.clock)
        for one in scratches(self.world, client, self.table.name):
            shown = f"{sanitise(one.name)} ({size_words(one.size)})"
            if one.trial is None:
                self.left.append(sanitise(one.name))
                self.lines.warn(f"{shown} stands there, and does not say that it is a trial: it is left alone")
                continue
            alive = lives(one.trial, here)
            if alive:
                self.left.append(sanitise(one.name))
                raise Refused(
                    f"another trial is at work: {sanitise(one.name)}",
                    f"process {one.trial.pid}",
                    "wait for its end",
                    code="trial-running",
                )
            if alive is None:
                self.left.append(sanitise(one.name))
                self.lines.warn(f"{shown} is of a trial on {one.trial.node}, which cannot be looked at from here")
                continue
            self.lines.say(f"         {shown} was left by a trial that was killed")
            self.lines.stage("clear", lambda one=one: self._cleared(client, one.name, one.trial))  # type: ignore[misc]

    def _cleared(self, client: DatabaseClient, name: str, trial: Any) -> tuple[None, str]:
        drop(self.world, client, name, trial, self.quiet)
        return None, f"{sanitise(name)} is dropped"

    def _step(self, step: Any, code: str) -> tuple[None, str]:
        moved = step.moved(self.world)
        if moved:
            raise Refused(moved, "", "run it again", code=code)
        self.quiet.lines.clear()
        result = step.run(self.world, self.quiet)
        if result.outcome is not Outcome.DONE:
            for line in self.quiet.lines:
                self.lines.say(f"         {line}")
            raise GoaroundError(result.summary, "", "a rollback with this backup would fail, too: see above", code=code)
        return None, result.summary

    def _drop(self, client: DatabaseClient, trial: Any) -> tuple[None, str]:
        self.left.append(self.scratch)
        drop(self.world, client, self.scratch, trial, self.quiet)
        if is_there(self.world, client, self.scratch):
            raise GoaroundError(f"{self.scratch} still stands", "", "drop it by hand", code="scratch-left")
        self.left.remove(self.scratch)
        return None, f"{self.scratch} is gone"

    def _note(self, found: Inspected, seconds: int) -> tuple[None, str]:
        backup = found.backup
        rows = sum(found.facts.rows.values())
        if backup.kept is not None and backup.kept.sha256 == backup.sha256:
            rows = backup.kept.manifest.rows
        proven = ProvenRestore(backup.sha256, stamp(self.world.clock.now()), rows, seconds)
        host = host_of(self.world, backup.host)
        there = host.read_file(backup.proven_path)
        content = json.dumps(proven.to_json(), indent=1).encode() + b"\n"
        # No secret: whoever may list the backups may know that one was proven.
        before = "" if there is None else sha256_hex(there)
        try:
            host.write_file(backup.proven_path, content, mode=0o644, before=before)
        except GoaroundError as error:
            raise GoaroundError(
                f"it was restored and verified, but {backup.proven_path} cannot be written",
                error.line(),
                "let the user of this command write there",
                code="proof-not-written",
            ) from error
        self.proven = proven
        return None, backup.proven_path

    def _take_proof_back(self, found: Inspected) -> None:
        """What was proven once is not any more: nobody must rely on it."""
        host = host_of(self.world, found.backup.host)
        there = host.read_file(found.backup.proven_path)
        if there is not None:
            host.remove_file(found.backup.proven_path, before=sha256_hex(there))
            self.lines.warn(f"{found.backup.proven_path} said that it was proven before: it is removed")

    def verdict(self, error: GoaroundError | None) -> None:
        """The last line."""
        if error is None and self.backup is not None and self.proven is not None:
            self.lines.say(f"proven: {self.backup.name} can be restored, in {span(self.proven.seconds)}")
        elif error is not None:
            words = error.line()
            told = next((one.name for one in self.lines.stages if not one.ok and one.words == self._shown(words)), "")
            self.lines.say(f"NOT PROVEN [{error.code}]: {f'{told} failed, see above' if told else words}")

    def _shown(self, words: str) -> str:
        """As the line of a stage has it."""
        return self.world.redact(sanitise(words, limit=1000))

    def to_json(self, error: GoaroundError | None) -> dict[str, Any]:
        """For programs."""
        one = self.backup
        keys = ("host", "path", "size", "at", "sha256")
        return {
            "proven": error is None,
            "system": self.settings.system.name,
            "database": sanitise(self.table.name),
            "backup": {**{key: getattr(one, key) for key in keys}, "format": one.format.value} if one else None,
            "rows": self.proven.rows if self.proven else None,
            "seconds": self.proven.seconds if self.proven else None,
            "proof": one.proven_path if one and self.proven else None,
            "scratch": self.scratch or None,
            "left": self.left,
            "stages": [stage.to_json() for stage in self.lines.stages],
            "warnings": self.lines.warnings,
            "error": error.to_json() if error is not None else None,
        }
