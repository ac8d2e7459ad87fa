"""One watch at a time over an incident: a lock that the kernel gives back when its holder dies, however it dies.

The file's time says when the watch was last at work: the next one can tell for how long nothing was watched.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from actions.gateways.store_folder import share_or_hide
from actions.model.clock import stamp
from actions.model.errors import Refused, Unreachable
from actions.model.outside_text import sanitise

NAME = "watch.lock"


class WatchLock:
    """Of one incident, by its folder in the store."""

    def __init__(self, folder: Path, store: Path, who: str) -> None:
        self._path = folder / NAME
        self._store = store
        self._who = who
        self._descriptor = -1

    def take(self) -> str:
        """Take it; when the watch before was last at work (a stamp, empty: nothing tells).

        Raises ``Refused`` where another watch lives.
        """
        try:
            existed = self._path.exists()
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unreachable(f"{self._path} cannot be opened", str(error), "check the rights of the store") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            other = sanitise(os.read(descriptor, 200).decode("utf-8", "replace"), limit=100).strip()
            os.close(descriptor)
            raise Refused(
                f"it is being watched already{f', by {other}' if other else ''}",
                "",
                "leave it to that watch, or look once with --once",
            ) from error
        self._descriptor = descriptor
        seen = stamp(datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)) if existed else ""
        with suppress(OSError):  # another login's file: it is shared already
            share_or_hide(self._path, self._store)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{self._who} (process {os.getpid()})\n".encode(), 0)
        return seen

    def alive(self) -> None:
        """At work now."""
        if self._descriptor >= 0:
            with suppress(OSError):  # it only tells of how long nothing was watched
                os.utime(self._descriptor)

    def release(self) -> None:
        """Give it back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
