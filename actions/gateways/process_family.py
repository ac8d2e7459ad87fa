"""Finds and signals the processes a child of ours started, by id alone; when to do so is left to the caller.

A process belongs to the family of a child when it is in the child's process group or descends from it, and
is in the session we are in. Read from ``/proc``; where there is none (no Linux), the process group alone is
signalled.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Member:
    """A process and the moment it started (clock ticks since boot), so that a reused id is not taken for
    it."""

    pid: int
    started: int


@dataclass(frozen=True)
class _Row:
    member: Member
    parent: int
    group: int
    session: int
    state: str


def family(leader: int, known: Iterable[Member] = ()) -> frozenset[Member]:
    """All living members of the family of ``leader``; ``known`` ones count although their parents are gone."""
    session = os.getsid(0)
    rows = {row.member.pid: row for row in _rows() if row.session == session and row.state not in "ZX"}
    known_members = set(known)
    inside = {pid for pid, row in rows.items() if row.group == leader or pid == leader or row.member in known_members}
    grown = True
    while grown:
        more = {pid for pid, row in rows.items() if pid not in inside and row.parent in inside}
        inside |= more
        grown = bool(more)
    inside.discard(os.getpid())
    return frozenset(rows[pid].member for pid in inside)


def signal_members(leader: int, members: Iterable[Member], number: signal.Signals, *, leader_waits: bool) -> None:
    """Signal a family. ``leader_waits``: the leader has not been reaped, so its group id cannot be
    another's yet."""
    if leader_waits:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)
    for member in members:
        row = _row(member.pid)
        if row is None or row.member != member or (leader_waits and row.group == leader):
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member.pid, number)


def _rows() -> Iterable[_Row]:
    try:
        names = [entry.name for entry in PROC.iterdir()]
    except OSError:
        return
    for name in names:
        if name.isdigit():
            row = _row(int(name))
            if row is not None:
                yield row


def _row(pid: int) -> _Row | None:
    try:
        text = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The program's name stands in brackets and may itself hold brackets and spaces.
    fields = text[text.rindex(b")") + 2 :].split()
    return _Row(
        member=Member(pid, int(fields[19])),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        state=fields[0].decode(),
    )
