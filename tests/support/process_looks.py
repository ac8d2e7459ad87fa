"""Processes by id, as the tests look at them and end them: one that ends by itself meanwhile is no surprise."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from waiting import until


def status_of(pid: int) -> str:
    """The kernel's letter for a process; Z when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def stop(pid: int) -> None:
    """Suspended, and seen to be: a signal is on its way for a moment."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: status_of(pid) in ("T", "Z"), f"process {pid} does not stop")


@contextmanager
def held(pid: int) -> Iterator[None]:
    """While the block lasts it does nothing, however slow everything else is."""
    stop(pid)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def wait_gone(pid: int) -> None:
    """Waits for a process that is no child of ours to end."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([watch], [], [], 60)[0], f"process {pid} lives on"
    finally:
        os.close(watch)


def end_each(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> int:
    """Sends the signal to each that is still there; how many those were."""
    ended = 0
    for pid in pids:
        with suppress(ProcessLookupError):  # gone by itself, or with the one before it
            os.kill(pid, number)
            ended += 1
    return ended
