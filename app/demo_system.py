"""Builds, starts and removes the demo: the small real system that ``goaround demo`` breaks and rolls back.

A git origin with a history of releases, an operator's clone with an edit of its own, a deploy command, a web
process over a SQLite database, visitors, and a log file, all in one folder that nobody else can read. What
happens to it then (the incident, the rollback) is the cockpit's business. Nothing here is a stand-in: the
pages fail because the newest release reads a column that the database does not have.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from actions.model.errors import BadInput, GoaroundError, Refused
from app.demo_building import (
    free_port,
    make_database,
    make_folder,
    make_repositories,
    need_tools,
    run,
    write_past_deployments,
)
from app.demo_config import HOST, configuration
from app.demo_history import history, site_source
from app.demo_processes import (
    DEPLOY,
    KEEP_SECONDS,
    KIND,
    MARKER,
    OWNER,
    STOP,
    TRAFFIC,
    WEB,
    end_process,
    is_demo_folder,
    read_identity,
    read_json,
    write_identity,
    write_json,
)

__all__ = ["DemoSystem", "adopt", "build", "is_demo_folder", "load", "start", "stop"]

BURST = 240  # requests to the good release before the broken one is deployed
SCRIPTS = {
    "demo_deploy.py": "deploy.py",
    "demo_serve.py": "serve.py",
    "demo_traffic.py": "traffic.py",
    "demo_processes.py": "demo_processes.py",
}

Report = Callable[[str], None]


@dataclass(frozen=True)
class DemoSystem:
    """A built demo system: where it lies, the port of its site, and which releases are good and broken."""

    folder: Path
    config: Path
    port: int
    good_sha: str
    good_ref: str
    broken_sha: str
    broken_ref: str
    log: Path


def build(now: datetime, folder: Path | None = None, report: Report = lambda _line: None) -> DemoSystem:
    """Make the whole system on disk, without starting anything; the caller's process becomes its owner.

    ``now`` is aware; dates of commits and tags follow from it. ``folder`` must be absent or empty; without it
    a new temporary one is made. Raises GoaroundError, and leaves nothing behind, when git or a free port is
    missing.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    need_tools()
    folder = make_folder(folder)
    try:
        port = free_port()
        for part in ("bin", "data", "log", "releases", "run"):
            (folder / part).mkdir(mode=0o700)
        marker = {"kind": KIND, "folder": str(folder), "port": port, "host": HOST}
        write_json(folder / MARKER, marker)
        write_identity(folder / OWNER, os.getpid(), keep_seconds=KEEP_SECONDS)
        report("writing the history of the repository")
        past = history(now.astimezone(UTC).replace(microsecond=0))
        commits = make_repositories(folder, past)
        good, broken = past.releases[-2], past.releases[-1]
        refs = {"good_ref": good.tag, "broken_ref": broken.tag}
        shas = {"good_sha": commits[good.mark], "broken_sha": commits[broken.mark]}
        write_json(folder / MARKER, {**marker, **refs, **shas})
        for source, target in SCRIPTS.items():
            (folder / "bin" / target).write_text(site_source(source), "utf-8")
        _write_deploy_command(folder)
        make_database(folder / "data" / "site.sqlite3")
        write_past_deployments(folder / "deployments.jsonl", past, commits)
        (folder / "log" / "site.log").touch()
        (folder / "goaround.toml").write_text(configuration(folder, port), "utf-8")
    except BaseException:  # also Ctrl-C: a half-built folder is of no use to anybody
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return load(folder)


def load(folder: Path) -> DemoSystem:
    """The demo system that was built in ``folder``. Raises BadInput when there is none."""
    marker = read_json(folder / MARKER)
    if not is_demo_folder(folder) or marker is None or "broken_sha" not in marker:
        raise BadInput("no demo system", f"{folder} holds none", "run `goaround demo` to make a new one")
    folder = folder.resolve()
    return DemoSystem(
        folder=folder,
        config=folder / "goaround.toml",
        port=int(marker["port"]),
        good_sha=str(marker["good_sha"]),
        good_ref=str(marker["good_ref"]),
        broken_sha=str(marker["broken_sha"]),
        broken_ref=str(marker["broken_ref"]),
        log=folder / "log" / "site.log",
    )


def adopt(system: DemoSystem, keep_seconds: float = KEEP_SECONDS) -> None:
    """Make the calling process the owner; the demo ends ``keep_seconds`` after an owner that was killed."""
    write_identity(system.folder / OWNER, os.getpid(), keep_seconds=keep_seconds)


def start(system: DemoSystem, keep_seconds: float = KEEP_SECONDS, report: Report = lambda _line: None) -> None:
    """Deploy the good release, let visitors in, and deploy the broken one: afterwards the incident is there.

    Raises GoaroundError when a part does not start; the caller then calls ``stop``.
    """
    adopt(system, keep_seconds)
    past = (system.folder / "deployments.jsonl").read_bytes()
    report(f"deploying {system.good_ref}")
    _deploy(system, system.good_ref)
    (system.folder / "deployments.jsonl").write_bytes(past)  # its entry is there: it went live on its tag's day
    report("letting visitors in")
    _script(system.folder, "traffic.py", str(system.folder), "--burst", str(BURST))
    report(f"deploying {system.broken_ref}")
    _deploy(system, system.broken_ref)
    _script(system.folder, "traffic.py", str(system.folder), "--detach")


def stop(system: DemoSystem) -> None:
    """End every process of the demo and remove its folder; nothing to do when it is gone already."""
    folder = system.folder
    if not folder.exists():
        return
    if not is_demo_folder(folder):
        raise Refused(
            "this folder is not removed", f"{folder} is not a demo system", "remove it by hand if it is yours"
        )
    (folder / STOP).touch()
    for part in (DEPLOY, WEB, TRAFFIC):  # a deploy first, as it would start another web process
        end_process(read_identity(folder / part), patience=2.0)
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)
    raise GoaroundError("the demo's folder could not be removed", str(folder), "remove it by hand")


def _write_deploy_command(folder: Path) -> None:
    """The command as operators know it: one word. Which Python runs it is nobody's business at 3 a.m."""
    command = folder / "bin" / "deploy"
    words = shlex.join([sys.executable, "-I", "-S", str(folder / "bin" / "deploy.py")])
    command.write_text(f'#!/bin/sh\nexec {words} "$@"\n', "utf-8")
    command.chmod(0o700)


def _script(folder: Path, name: str, *arguments: str) -> None:
    """Run one of the scripts in the demo's ``bin/`` to its end."""
    run(folder, [sys.executable, "-I", "-S", str(folder / "bin" / name), *arguments])


def _deploy(system: DemoSystem, ref: str) -> None:
    """A deployment by the deploy command, without the second of watching that it takes for an operator."""
    _script(system.folder, "deploy.py", ref, "--settle", "0")
