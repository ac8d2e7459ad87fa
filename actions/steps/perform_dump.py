"""Keeps a database as it is: the dump and the count of its rows run side by side in one snapshot of the server.

One psql holds the snapshot and counts, pg_dump reads it at the same time. Nothing stands under the final name before
every program has ended well and the dump's contents, end and sum are known; a process that is killed leaves a
``.partial`` at most. Judging a backup that others made is left to ``backup_inspect``.
"""

from __future__ import annotations

import json
import secrets
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from actions.model.backup_file import PARTIAL
from actions.model.backup_trend import shrunk, trend_words
from actions.model.database_names import literal
from actions.model.effect_dump import WAIT_S, KeepDump
from actions.model.errors import CommandFailed, GoaroundError, Unreachable
from actions.model.manifest import Manifest
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, Host, Reporter, World
from actions.model.sensor_rules import size_words
from actions.steps.database_manifest import manifest_of
from actions.steps.database_reading import ask, env_of, failure
from actions.steps.dump_checks import checked
from actions.steps.host_files import READ_S, files_in, stat_of
from actions.steps.keeping_place import make_folder, must_be_new, must_fit, put_in_place, remove
from actions.steps.perform_ground import STOPPED, Ended, host_of, one_line
from actions.steps.pipe_script import NOT_BEGUN, pipe_argv, statuses

LOOK_S = 0.25
TELL_MS = 3000
"""Between two lines about progress."""
CONNECT_S = 15


def keep_dump(effect: KeepDump, world: World, report: Reporter) -> Ended:
    """Make it. What fails leaves nothing under the final name, and no partial file of ours."""
    host = host_of(world, effect.host)
    begun = world.clock.monotonic_ms()
    _make_ready(effect, world, host, report)
    try:
        made = _Making(effect, world, host, report).run()
        if made is None:
            remove(host, effect.partial)
            return STOPPED
        kept = checked(effect, world, host, made, begun)
    except Unreachable as error:  # over there it may go on: the next run sees to what is left
        return Ended(False, error.line(), sure=False)
    except GoaroundError:
        remove(host, effect.partial)
        raise
    put_in_place(host, effect.partial, effect.path, effect.manifest, kept.to_json())
    tables = len(kept.manifest.tables)
    words = f"{size_words(kept.size)} in {kept.seconds} s, {kept.manifest.rows} rows in {tables} tables"
    facts = {
        "backup": effect.path,
        "sha256": kept.sha256,
        "size": str(kept.size),
        "rows": str(kept.manifest.rows),
        "seconds": str(kept.seconds),
    }
    if effect.last:
        facts["against the last"] = trend_words(kept.size, effect.last)
        words += f", {facts['against the last']}"
    if shrunk(kept.size, effect.last):
        warning = f"less than half of the last one, which had {size_words(effect.last)}"
        report.line(f"WARNING: {warning}")
        facts["warning"] = warning
        words = f"{words}; {warning}"
    return Ended(True, f"{words}, sha256 {kept.sha256[:12]}", facts=facts)


def _make_ready(effect: KeepDump, world: World, host: Host, report: Reporter) -> None:
    """The folder, its room, and what an earlier run left there."""
    make_folder(host, effect.folder)
    must_be_new(host, effect.path)
    _clear(effect, world, host, report)
    must_fit(host, effect.folder, effect.need)


def _clear(effect: KeepDump, world: World, host: Host, report: Reporter) -> None:
    """Our own partial file goes when nobody writes to it any more; those of others are named and left alone."""
    for one in files_in(host, effect.folder, (f"*{PARTIAL}",)):
        if one.path != effect.partial:
            name = sanitise(one.path, limit=200)
            report.line(f"{name} was left by another dump ({size_words(one.size)}); it is left alone")
            continue
        running = ask(
            world,
            effect.client,
            effect.database,
            f"SELECT json_agg(pid) FROM pg_stat_activity WHERE application_name = {literal(effect.dump_name)}",
            admin=True,
        )
        if running:
            raise CommandFailed(
                "the dump of an earlier run still goes on",
                f"process {', '.join(str(pid) for pid in running)} of the server",
                "wait for its end, or end it, and run this again",
            )
        report.line(f"{effect.partial} was left by an earlier run of this step; it is removed")
        remove(host, effect.partial)


class _Making:
    """The two programs, side by side."""

    def __init__(self, effect: KeepDump, world: World, host: Host, report: Reporter) -> None:
        self.effect, self.world, self.host, self.report = effect, world, host, report
        self.mark = secrets.token_hex(12)
        self.env = env_of(world, effect.client, CONNECT_S)
        self.out = bytearray()
        self.named = threading.Event()
        """The server has named the snapshot."""
        self.begun = world.clock.monotonic_ms()
        self.told = self.begun

    def run(self) -> Manifest | None:
        """Both to their ends; None: stopped by the operator. Raises GoaroundError where one failed."""
        with ThreadPoolExecutor(2, thread_name_prefix="dump") as pool:
            count = pool.submit(self._count)
            while not self.named.wait(LOOK_S) and not count.done():
                if self.report.stopping():
                    self._end()
                    return None
            if not self.named.is_set():
                raise failure(self.effect.client, self.effect.database, count.result())
            dump = pool.submit(self._dump)
            stopped = self._watch(count, dump)
        if stopped:
            return None
        self._judge(dump.result())
        return self._manifest(count.result())

    def _watch(self, count: Future[CommandResult], dump: Future[CommandResult]) -> bool:
        stopped = ended = False
        while not (count.done() and dump.done()):
            wait((count, dump), timeout=LOOK_S)
            if self.report.stopping() and not stopped:
                stopped = True
                self.report.line("stopped by the operator: the dump is ended")
                self._end()
            elif not ended and dump.done() and not count.done():
                ended = True  # it was quicker than a look at it, or it failed: nobody waits for it any more
                if self._well(dump.result()):
                    self._ask(self.effect.over_sql())
                else:
                    self._end(self.effect.count_name)
            elif not ended and count.done() and count.result().exit_status != 0:
                ended = True
                self._end()
            self._progress()
        return stopped

    def _count(self) -> CommandResult:
        def take(stream: str, chunk: bytes) -> None:
            if stream == "stdout":
                self.out += chunk
                if b"\n" in self.out:
                    self.named.set()

        effect = self.effect
        return self.host.run(
            effect.count_argv(),
            cwd=effect.client.cwd,
            env=self.env,
            stdin=effect.count_sql().encode(),
            timeout_s=READ_S,
            on_output=take,
        )

    def _dump(self) -> CommandResult:
        snapshot = bytes(self.out).partition(b"\n")[0].decode("ascii", "replace").strip()
        argv = pipe_argv(self.mark, (self.effect.dump_argv(snapshot),), stdout=self.effect.partial)
        return self.host.run(argv, cwd=self.effect.client.cwd, env=self.env, timeout_s=READ_S)

    def _well(self, result: CommandResult) -> bool:
        return statuses(self.mark, 1, result.stderr)[0] == (0,)

    def _judge(self, result: CommandResult) -> None:
        (end,), words = statuses(self.mark, 1, result.stderr)
        program = self.effect.command[0] if self.effect.command else "pg_dump"
        for line in sanitise(words, keep_newlines=True).split("\n")[-20:]:
            if line.strip():
                self.report.line(self.world.redact(line))
        if end == 0:
            return
        said = one_line(self.world, words.decode("utf-8", "replace").strip().rpartition("\n")[2])
        if end == NOT_BEGUN:
            raise CommandFailed(f"{program} could not be begun", said, f"see to {self.effect.folder}")
        known = failure(self.effect.client, self.effect.database, replace(result, exit_status=end, stderr=words))
        if not isinstance(known, CommandFailed):
            raise known
        raise CommandFailed(f"{program} ended with {end}", said, "", exit_status=end)

    def _manifest(self, result: CommandResult) -> Manifest:
        if result.exit_status != 0:
            raise failure(self.effect.client, self.effect.database, result)
        text = bytes(self.out).partition(b"\n")[2]
        try:
            return manifest_of(json.loads(text), self.effect.database)
        except (ValueError, KeyError) as error:
            said = sanitise(text[:200].decode("utf-8", "replace"), limit=200)
            raise CommandFailed("psql answered something else than the manifest", said) from error

    def _end(self, *names: str) -> None:
        """End these sessions of ours on the server, or both; the programs end with them."""
        wanted = ", ".join(literal(name) for name in names or (self.effect.count_name, self.effect.dump_name))
        self._ask(
            f"SELECT json_agg(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name IN ({wanted})"
        )

    def _ask(self, sql: str) -> None:
        try:
            ask(self.world, self.effect.client, self.effect.database, sql, admin=True, s=WAIT_S)
        except GoaroundError as error:
            self.report.line(error.line())

    def _progress(self) -> None:
        now = self.world.clock.monotonic_ms()
        if now - self.told < TELL_MS:
            return
        self.told = now
        try:
            found = stat_of(self.host, (self.effect.partial,)).get(self.effect.partial)
        except GoaroundError:
            return  # a look that fails ends no dump
        about = f" of about {size_words(self.effect.last)}" if self.effect.last else ""
        if found is not None:
            self.report.line(f"{size_words(found.size)}{about} after {(now - self.begun) // 1000} s")
