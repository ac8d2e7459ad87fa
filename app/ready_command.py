"""``goaround ready``: would a rollback work right now? For people, for cron and for programs.

The checks are ``ready_checks``'; here they are told: as lines or as JSON, once, or whenever something has changed.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

from actions.model.errors import BadInput
from actions.model.ports import World
from actions.model.ready import ReadyReport, Verdict, changes
from actions.model.ready_kinds import ready_table
from actions.model.release_history import History
from actions.model.release_rows import Listing
from actions.model.system import Settings, seconds_of
from app.command_world import open_world
from app.known import with_bad
from app.output import put, wait_while_read
from app.places import store_folder
from app.ready_checks import Checks
from app.ready_file import write_report
from app.ready_lines import changed_lines, folded, lines, safe
from app.records import open_store
from app.release_sources import joined
from app.settings import Loaded, find_config, load
from app.who import real_login


@dataclass(frozen=True)
class Wanted:
    """The command line of ``goaround ready`` without ``--restore``."""

    config: str | None = None
    store: str = ""
    json: bool = False
    quiet: bool = False
    watch: bool = False
    every: str = ""
    codes: bool = False

    @staticmethod
    def of(args: SimpleNamespace) -> Wanted:
        """Raises BadInput for words that do not go together."""
        if args.backup:
            raise BadInput("--backup goes with --restore", "", "goaround ready --restore --backup NAME")
        if args.protect:
            raise BadInput(
                "goaround ready changes nothing: protecting wants a key and a record",
                "",
                "R, then p in the cockpit of an open incident; before a deployment: goaround predeploy --protect",
            )
        if args.every and not args.watch:
            raise BadInput("--every goes with --watch", "", "goaround ready --watch --every 5m")
        return Wanted(args.config, args.store, args.json, args.quiet, args.watch, args.every, args.codes)


def run_readiness_now(wanted: Wanted) -> int:
    """0: ready; 1: not, or not known. Raises BadInput for what cannot be asked at all."""
    if wanted.codes:
        put(ready_table())
        return 0
    loaded = load(find_config(wanted.config))
    for warning in loaded.warnings:
        sys.stderr.write(f"goaround: warning: {warning}\n")
    if not loaded.settings.options and loaded.settings.database is None:
        raise BadInput(
            f"{loaded.path}: no way back is configured",
            "",
            "add a [compose], [coolify], [git] or [database] table",
            code="no-way-back",
        )
    checks, folder = checks_of(loaded, wanted.store)
    if wanted.watch:
        return _watch(wanted, loaded, checks, folder)
    report = checks.run()
    _keep(folder, report, quiet=wanted.quiet and report.verdict is Verdict.READY)
    _tell(wanted, report)
    return 0 if report.verdict is Verdict.READY else 1


def checks_of(loaded: Loaded, store: str) -> tuple[Checks, Path]:
    """The checks of a command, and where its answer is kept."""
    folder = store_folder(loaded.settings, store)
    near = next(one for one in (folder, *folder.parents) if os.path.exists(one))  # also where we may not look
    world = open_world(loaded, store)
    join = functools.partial(_join, loaded.settings, world, folder)
    return Checks(loaded.settings, world, real_login(), (str(near),), join, folder), folder


def _join(settings: Settings, world: World, folder: Path, option: str, listings: tuple[Listing, ...]) -> History:
    """As the cockpit's list has it: all sources, and our own record where there is one."""
    journal = open_store(folder, world.clock)
    try:
        drill = settings.system.environment == "drill"
        own, *others = listings
        if journal is not None:
            own = replace(own, releases=with_bad(own.releases, journal, settings.system.name, drill=drill))
        return joined(journal, settings, (own, *others), option, now=world.clock.now(), drill=drill)
    finally:
        if journal is not None:
            journal.close()


def _keep(folder: Path, report: ReadyReport, *, quiet: bool) -> None:
    try:
        write_report(folder, report)
    except OSError as error:
        if not quiet:  # cron would mail it each time; that nobody has looked is seen in the cockpit
            sys.stderr.write(f"goaround: warning: the answer is not kept for the cockpit: {error.strerror}\n")


def _tell(wanted: Wanted, report: ReadyReport) -> None:
    if wanted.quiet and report.verdict is Verdict.READY:
        return
    if wanted.json:
        # While it watches, one line is one answer: that is how a program can read it as it comes.
        put(json.dumps(report.to_json(), indent=None if wanted.watch else 1))
    else:
        _print(lines(report))


def _print(text: Iterator[str]) -> None:
    """To the width of the terminal, as wide as it is now; each line whole where no terminal reads."""
    try:
        width = os.get_terminal_size(sys.stdout.fileno()).columns  # not COLUMNS: that is of when the shell began
    except (OSError, ValueError):
        width = 0
    put("\n".join(safe(line) for line in folded(text, width)))


def _watch(wanted: Wanted, loaded: Loaded, checks: Checks, folder: Path) -> int:
    """Until it is ended by hand; the exit status is that of the last look."""
    every = wanted.every or loaded.settings.ready.every
    try:
        every_s = seconds_of("every", every)
    except ValueError as error:
        raise BadInput("--every", str(error), "--every 5m") from error
    if every_s < 1:
        raise BadInput("--every: at least one second", "", "--every 5m")
    before: ReadyReport | None = None
    try:
        while True:
            report = checks.run()
            _keep(folder, report, quiet=wanted.quiet or before is not None)
            earlier, before = before, report  # before anything is told: who reads that may end us at once
            if earlier is None:
                _tell(wanted, report)
            else:
                _changed(wanted, earlier, report)
            wait_while_read(every_s, checks.world.clock.sleep)
    except KeyboardInterrupt:
        return 0 if before is not None and before.verdict is Verdict.READY else 1


def _changed(wanted: Wanted, before: ReadyReport, now: ReadyReport) -> None:
    """What is new, what is over, and the verdict where it is another one."""
    found = changes(before, now)
    if not found:
        return
    if wanted.json:
        data = {
            "at": now.at,
            "verdict": now.verdict.value,
            "new": [one.to_json() for one in found.new],
            "over": [one.to_json() for one in found.over],
        }
        put(json.dumps(data))
        return
    _print(changed_lines(found, now))
