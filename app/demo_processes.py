"""Which process is which in the demo system, and how long its processes may live; what they do is theirs.

This file runs in two places: inside the cockpit, and as a copy in the demo's ``bin/`` beside the scripts
that import it. So it needs nothing but the standard library.

A process is named by its id *and* its start mark, because ids are used again: nothing is ever signalled by
id alone. Every process of the demo watches the ``owner.json`` of its folder, so that nothing stays behind
when the cockpit is killed, and so that the site lives on while a killed cockpit is started again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARKER = "demo.json"  # says that a folder is a demo system, and which
OWNER = "owner.json"  # for whom it runs
STOP = "stop"  # its presence ends every process of the demo at once
WEB = "run/web.json"
TRAFFIC = "run/traffic.json"
DEPLOY = "run/deploy.json"
DEPLOY_LOCK = "run/deploy.lock"
KIND = "goaround demo system"
KEEP_SECONDS = 600.0  # how long a demo outlives a killed owner, so that `goaround` can be started again


@dataclass(frozen=True)
class Identity:
    """A process: its id, and the mark of its start (None where the machine cannot tell)."""

    pid: int
    started: str | None

    def alive(self) -> bool:
        """True while this very process runs; a zombie and a later process of the same id do not count."""
        mark = started_at(self.pid)
        return mark is not None and (self.started is None or mark == self.started)


def started_at(pid: int) -> str | None:
    """An opaque mark of when ``pid`` began; None when no such process runs (a zombie has ended)."""
    if pid <= 0:
        return None
    if not Path("/proc/self/stat").exists():
        return _started_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name in brackets may hold anything, so count from its end
    return None if fields[0] in ("Z", "X") else fields[19]


def _started_by_ps(pid: int) -> str | None:
    """The start as ``ps`` tells it, for machines without /proc (macOS)."""
    try:
        answer = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    state, _, began = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in ``path``; None when it is absent or is no JSON object."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace ``path`` in one step, so that no reader ever sees half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    fresh.replace(path)


def identity_of(pid: int) -> Identity:
    """The identity of a running process."""
    return Identity(pid, started_at(pid))


def write_identity(path: Path, pid: int, **more: Any) -> None:
    """Write the pid file of a process that runs now."""
    who = identity_of(pid)
    write_json(path, {"pid": who.pid, "started": who.started, **more})


def read_identity(path: Path) -> Identity | None:
    """The process that a pid file names; None when there is none."""
    found = read_json(path)
    if found is None or type(found.get("pid")) is not int:
        return None
    started = found.get("started")
    return Identity(found["pid"], started if isinstance(started, str) else None)


def end_process(who: Identity | None, patience: float) -> str:
    """End a verified process: SIGTERM, and SIGKILL after ``patience`` seconds. Returns its end in words."""
    if who is None or not who.alive():
        return "was not running"
    if who.started is None:
        return "was left alone, as its start is unknown"
    for number, word, wait in ((signal.SIGTERM, "ended", patience), (signal.SIGKILL, "was killed", 5.0)):
        try:
            os.kill(who.pid, number)
        except ProcessLookupError:
            return word
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            if not who.alive():
                return word
            time.sleep(0.02)
    return "did not end"


def is_demo_folder(path: Path) -> bool:
    """True only for a folder of ours that holds a marker naming this very folder: it may be removed whole."""
    try:
        if path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.getuid():
            return False
        marker = read_json(path / MARKER)
        return marker is not None and marker.get("kind") == KIND and marker.get("folder") == str(path.resolve())
    except OSError:
        return False


class OwnerWatch:
    """Says when a process of the demo must end: at once when stopped, later when its owner was killed."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._last_seen = clock()
        self.abandoned = False

    def over(self) -> bool:
        """True when it is time to end. ``abandoned`` then says that nobody is left to remove the folder."""
        owner = read_json(self._folder / OWNER)
        if owner is None or not (self._folder / MARKER).exists() or (self._folder / STOP).exists():
            return True
        who = read_identity(self._folder / OWNER)
        if who is not None and who.alive():
            self._last_seen = self._clock()
            return False
        keep = owner.get("keep_seconds", KEEP_SECONDS)
        self.abandoned = self._clock() - self._last_seen >= (keep if isinstance(keep, int | float) else KEEP_SECONDS)
        return self.abandoned
