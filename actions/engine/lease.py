"""The lease: one driver per system. Who flies is recorded; a dead holder is seen by process id, start time and boot.

The fence number grows with every change of hands. A driver's appends are guarded by its fence; one that has been taken
over notices before its next write and becomes an observer. A running step's own end is always recorded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from actions.engine.processes import alive, start_time
from actions.model.clock import Clock, stamp
from actions.model.errors import Refused
from actions.model.lease_row import LeaseRow

if TYPE_CHECKING:
    from actions.model.ports import LeaseStore


class Person(Protocol):
    """Who is at the keys, and where."""

    @property
    def login(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def tty(self) -> str: ...


class LeaseHeld(Refused):
    """Somebody else flies; ``row`` says who. With ``stale`` the holder's process is gone."""

    def __init__(self, row: LeaseRow) -> None:
        super().__init__(
            f"{row.holder} flies this system",
            f"from {row.host} {row.tty} (process {row.pid}) since {row.since}",
            "observe, or take over with a reason",
        )
        self.row = row


def holder_lives(row: LeaseRow, host: str, clock: Clock) -> bool:
    """Whether the holder may still be at work. On another host that cannot be seen from here: yes."""
    if not row.held:
        return False
    if row.host != host:
        return True
    return row.boot == clock.boot() and alive(row.pid, row.pid_start)


def take(
    store: LeaseStore,
    system: str,
    who: Person,
    clock: Clock,
    *,
    takeover: bool = False,
    rule: Callable[[LeaseRow | None], None] | None = None,
) -> tuple[LeaseRow, LeaseRow | None]:
    """Take the lease for this process; ``(mine, from)`` where ``from`` is a living holder it was taken from.

    Raises ``LeaseHeld`` when somebody else flies and ``takeover`` is not wanted. ``rule`` sees in the same transaction
    who holds it, and refuses by raising.
    """
    taken_from: list[LeaseRow] = []

    def change(now: LeaseRow | None) -> LeaseRow:
        mine = os.getpid()
        if rule is not None:
            rule(now)
        if now is not None and holder_lives(now, who.host, clock) and (now.pid != mine or now.host != who.host):
            if not takeover:
                raise LeaseHeld(now)
            taken_from.append(now)
        return LeaseRow(
            holder=who.login,
            host=who.host,
            boot=clock.boot(),
            pid=mine,
            pid_start=start_time(mine),
            tty=who.tty,
            since=stamp(clock.now()),
            fence=(now.fence if now else 0) + 1,
            held=True,
        )

    row = store.change_lease(system, change)
    return row, (taken_from[0] if taken_from else None)


def release(store: LeaseStore, system: str, fence: int) -> None:
    """Give the lease back, unless somebody has taken it meanwhile."""

    def change(now: LeaseRow | None) -> LeaseRow:
        if now is None or now.fence != fence:
            raise Refused("the lease is not ours any more")
        return replace(now, held=False)

    try:
        store.change_lease(system, change)
    except Refused:
        return
