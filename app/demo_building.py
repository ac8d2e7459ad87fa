"""The parts of the demo system, made on disk: folder, port, repositories, database, earlier deployments.

Nothing here starts a process that stays; when parts are made, and what runs on them, is decided elsewhere.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from actions.model.errors import BadInput, CommandFailed, GoaroundError, Unreachable
from app.demo_history import README, SCHEMA_TEXT, History
from app.demo_processes import identity_of

PREFIX = "goaround-demo-"
PORTS = range(20_000, 30_000)  # below the ranges from which systems draw ports for outgoing connections
REGIONS = ("Northern Shore", "River Districts", "Highlands", "Southern Isles")
FIRST = ("Kampong", "Port", "Upper", "Lower", "New", "Old")
SECOND = (
    "Alder",
    "Basalan",
    "Cinder",
    "Dalem",
    "Ember",
    "Farol",
    "Gading",
    "Harrow",
    "Indai",
    "Jati",
    "Kelong",
)
OPERATORS_NOTE = "\nNote to self (not committed): ring the hosting desk before the next release.\n"


def need_tools() -> None:
    """Refuse early, and say what to do, when there is nothing to build with."""
    if shutil.which("git") is None:
        raise Unreachable("git is not installed or not on PATH", "the demo is a real repository", "install git")
    if not sys.executable:
        raise Unreachable(
            "Python does not know its own program", "the demo starts processes", "run it by its full path"
        )
    if identity_of(os.getpid()).started is None:
        raise Unreachable("this machine cannot tell when a process began", "no /proc and no ps", "install ps")


def make_folder(folder: Path | None) -> Path:
    """The folder to build in, empty and closed to others."""
    try:
        if folder is None:
            return Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadInput("the demo needs an empty folder", f"{folder} holds files", "name another folder")
        folder.chmod(0o700)
        return folder.resolve()
    except OSError as error:
        place = folder or tempfile.gettempdir()
        raise GoaroundError(
            "the demo's folder cannot be made",
            f"{place}: {error.strerror}",
            "set TMPDIR to a folder you can write",
        ) from error


def free_port() -> int:
    """A loopback port on which nobody listens now."""
    for port in random.SystemRandom().sample(PORTS, 50):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unreachable("no free port for the demo's site", f"tried 50 of {PORTS[0]}-{PORTS[-1]}", "free some ports")


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the demo's processes: the user's git and Python settings do not reach them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    return kept | {
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def run(folder: Path, command: list[str], given: bytes = b"") -> bytes:
    """Run one command of ours to its end; CommandFailed with its last line otherwise."""
    try:
        done = subprocess.run(
            command,
            input=given,
            env=surroundings(folder),
            cwd=folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailed(
            "a command of the demo could not be run", ascii(str(error)), "try `goaround demo` again"
        ) from error
    if done.returncode != 0:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        name = " ".join(Path(part).name for part in command[:2])
        raise CommandFailed(
            f"{name} failed while the demo was set up",
            ascii(last),
            "try `goaround demo` again",
            done.returncode,
        )
    return done.stdout


def make_repositories(folder: Path, past: History) -> dict[int, str]:
    """Origin and the operator's clone with its uncommitted edit. Returns full commit ids by mark."""
    origin, checkout, marks = folder / "origin.git", folder / "checkout", folder / "run" / "marks"
    run(folder, ["git", "init", "--quiet", "--bare", str(origin)])
    inside = ["git", f"--git-dir={origin}"]
    run(folder, [*inside, "symbolic-ref", "HEAD", "refs/heads/main"])
    run(folder, [*inside, "config", "receive.autogc", "false"])  # git's own housekeeping would outlive the demo
    run(folder, [*inside, "fast-import", "--quiet", "--done", f"--export-marks={marks}"], past.stream)
    run(folder, ["git", "clone", "--quiet", "--config", "gc.auto=0", str(origin), str(checkout)])
    with (checkout / README).open("a", encoding="utf-8") as readme:
        readme.write(OPERATORS_NOTE)
    pairs = (line.split() for line in marks.read_text("ascii").splitlines())
    return {int(mark.lstrip(":")): sha for mark, sha in pairs}


def make_database(path: Path) -> None:
    """The site's database, by the first migration's schema: the second was forgotten, as it happens."""
    chance = random.Random(7)
    names = [f"{first} {second}" for second in SECOND for first in FIRST]
    rows = [(name, chance.choice(REGIONS), chance.randint(12, 900)) for name in names]
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA_TEXT)
        database.executemany("INSERT INTO community (name, region, households) VALUES (?, ?, ?)", rows)
        database.commit()


def write_past_deployments(path: Path, past: History, commits: dict[int, str]) -> None:
    """Deployments of all releases but the newest, each a little after its tag; one needed a second try."""
    entries = []
    for number, release in enumerate(past.releases[:-1]):
        begun = release.tagged + timedelta(minutes=9 + 2 * number, seconds=17 * number)
        entry = {"ref": release.tag, "sha": commits[release.mark], "release": release.tag}
        if number == 2:
            reason = "the new web process does not answer after 10 s"
            entries.append({"when": begun, **entry, "result": "failed", "reason": reason, "seconds": 10.61})
            begun += timedelta(minutes=6)
        entries.append({"when": begun, **entry, "result": "ok", "seconds": round(1.4 + number / 10, 1)})
    lines = (json.dumps({**entry, "when": f"{entry['when']:%Y-%m-%dT%H:%M:%SZ}"}) for entry in entries)
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
