"""Processes by number and start time, and what is at work in a session; Linux's /proc is the source.

A process id alone proves nothing: numbers are reused. With the start time (clock ticks since boot) it does. A session
id is not reused while any member of the session lives, so orphans of a dead worker are found by it.

A command is at work while the leader of its process group lives: every command gets a group of its own. What it left
in the background when it ended (the application that a deploy command started, maybe) is not at work and not ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from pathlib import Path

from actions.model.quick_dataclass import dataclass

_TICK_MS = 1000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Row:
    """A line of the process table."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    started: int

    @property
    def lives(self) -> bool:
        return self.state not in ("Z", "X")


def _row(pid: int | str) -> _Row | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return _Row(int(pid), fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def start_time(pid: int) -> int:
    """Start of a process in clock ticks since boot; 0 when there is no such process (or it is a zombie)."""
    row = _row(pid)
    return row.started if row is not None and row.lives else 0


def alive(pid: int, started: int) -> bool:
    """Whether exactly that process still runs."""
    return pid > 0 and started > 0 and start_time(pid) == started


def reused(pid: int, started: int) -> bool:
    """Whether the number belongs to another process by now: then nothing of the first one's session is left."""
    row = _row(pid)
    return row is not None and row.started != started


def _session(sid: int) -> dict[int, _Row]:
    rows = (_row(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return {row.pid: row for row in rows if row is not None and row.lives and row.session == sid}


def session_members(sid: int) -> tuple[int, ...]:
    """Living processes of a session, without the leader."""
    return tuple(pid for pid in _session(sid) if pid != sid)


def at_work(sid: int, since_ms: int = 0) -> dict[int, int]:
    """Pid -> start time of what commands of a session are at work, its leader left out.

    ``since_ms``: monotonic milliseconds; what began earlier belongs to an earlier run and is left out, too.
    """
    rows = _session(sid)
    inside = {pid for pid, row in rows.items() if row.group in rows and row.group != sid}
    grown = True
    while grown:
        more = {pid for pid, row in rows.items() if pid not in inside and row.parent in inside}
        inside |= more
        grown = bool(more)
    # A start is given in whole ticks, rounded down.
    return {pid: rows[pid].started for pid in inside if pid != sid and (rows[pid].started + 1) * _TICK_MS >= since_ms}


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended in the meantime: what was wanted
        os.kill(pid, number)


def end_session(sid: int, *, leader: bool, since_ms: int = 0, grace_s: float = 5.0) -> None:
    """Ask what is at work in a session to end (TERM), insist (KILL) after the grace. Its leader only when told to."""
    targets: dict[int, int] = {}
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 2.0)):
        # Those that were asked stay targets: their group may have lost its leader meanwhile.
        targets |= at_work(sid, since_ms)
        if leader and start_time(sid):
            targets[sid] = start_time(sid)
        targets.pop(os.getpid(), None)
        for pid in _living(targets):
            _signal(pid, number)
            _signal(pid, signal.SIGCONT)  # a stopped process receives TERM only when it goes on
        deadline = time.monotonic() + wait_s
        while _living(targets) and time.monotonic() < deadline:
            time.sleep(0.02)
        if not _living(targets):
            return


def _living(targets: dict[int, int]) -> list[int]:
    return [pid for pid, started in targets.items() if alive(pid, started)]


def mode_in(folder: Path) -> int:
    """The mode of a new file: readable by the group where several logins share the folder, else by its owner only."""
    return 0o640 if folder.stat().st_mode & stat.S_IWGRP else 0o600
