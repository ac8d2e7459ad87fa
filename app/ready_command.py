"""``goaround ready``: would a rollback work right now? For people, for cron and for programs.

The checks are ``ready_checks``'; here they are told: as lines or as JSON, once, or whenever something has changed.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from actions.model.clock import parse_stamp
from actions.model.errors import BadInput
from actions.model.ports import World
from actions.model.ready import Finding, ReadyLevel, ReadyReport, Verdict, changes
from actions.model.ready_kinds import ready_table
from actions.model.release import Release
from actions.model.release_history import History, Listing
from actions.model.system import Settings, seconds_of
from app.command_world import open_world
from app.known import with_bad
from app.places import store_folder
from app.ready_checks import Checks
from app.ready_file import write_report
from app.records import open_store
from app.release_sources import joined, other_listings
from app.settings import Loaded, find_config, load
from app.who import real_login

MARKS = {
    ReadyLevel.ERROR: "NO  ",
    ReadyLevel.UNKNOWN: "??  ",
    ReadyLevel.WARNING: "!   ",
    ReadyLevel.INFO: "    ",
}


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
        if args.every and not args.watch:
            raise BadInput("--every goes with --watch", "", "goaround ready --watch --every 5m")
        return Wanted(args.config, args.store, args.json, args.quiet, args.watch, args.every, args.codes)


def run_readiness_now(wanted: Wanted) -> int:
    """0: ready; 1: not, or not known. Raises BadInput for what cannot be asked at all."""
    if wanted.codes:
        print(ready_table())
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
    _keep(folder, report)
    _tell(wanted, report)
    return 0 if report.verdict is Verdict.READY else 1


def checks_of(loaded: Loaded, store: str) -> tuple[Checks, Path]:
    """The checks of a command, and where its answer is kept."""
    folder = store_folder(loaded.settings, store)
    near = next(one for one in (folder, *folder.parents) if one.exists())
    world = open_world(loaded, store)
    past = functools.partial(_past, loaded.settings, world, folder)
    return Checks(loaded.settings, world, real_login(), (str(near),), past), folder


def _past(settings: Settings, world: World, folder: Path, option: str, found: tuple[Release, ...]) -> History:
    """As the cockpit's list has it: all sources, and our own record where there is one."""
    journal = open_store(folder, world.clock)
    try:
        marked = with_bad(found, journal, settings.system.name) if journal is not None else found
        listings = (Listing(option, marked), *other_listings(settings, world, option))
        drill = settings.system.environment == "drill"
        return joined(journal, settings, listings, option, now=world.clock.now(), drill=drill)
    finally:
        if journal is not None:
            journal.close()


def _keep(folder: Path, report: ReadyReport) -> None:
    try:
        write_report(folder, report)
    except OSError as error:
        sys.stderr.write(f"goaround: warning: the answer is not kept for the cockpit: {error.strerror}\n")


def _tell(wanted: Wanted, report: ReadyReport) -> None:
    if wanted.quiet and report.verdict is Verdict.READY:
        return
    if wanted.json:
        print(json.dumps(report.to_json(), indent=1), flush=True)
    else:
        print("\n".join(_safe(line) for line in lines(report)), flush=True)


def lines(report: ReadyReport) -> Iterator[str]:
    """Everything, worst first, the verdict last."""
    for finding in report.findings:
        yield from _finding(finding)
    for target in report.targets:
        yield f"{'=>' if target.proposed else '  '}  {target.option} {target.name}: {target.words()}"
    for name, seen in report.facts.items():
        yield f"    {name}: {seen}"
    yield f"{report.line()} ({report.system}, {report.at[:19]}Z, {report.seconds} s)"


def _finding(one: Finding) -> Iterator[str]:
    about = f"{one.about}: " if one.about else ""
    yield f"{MARKS[one.level]}[{one.code}] {about}{one.text}"
    if one.next_move and one.level is not ReadyLevel.INFO:
        yield f"      next: {one.next_move}"


def _safe(line: str) -> str:
    """As the terminal can show it."""
    return "".join(char if char.isprintable() else "?" for char in line)


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
            _keep(folder, report)
            if before is None:
                _tell(wanted, report)
            else:
                _changed(wanted, before, report)
            before = report
            checks.world.clock.sleep(every_s)
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
        print(json.dumps(data), flush=True)
        return
    at = f"{parse_stamp(now.at):%H:%M:%SZ}"
    for one in found.new:
        for line in _finding(one):
            print(_safe(f"{at} new  {line}"), flush=True)
    for one in found.over:
        print(_safe(f"{at} over [{one.code}] {one.about}"), flush=True)
    if found.verdict:
        print(f"{at} {now.line()}", flush=True)
