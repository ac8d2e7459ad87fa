"""Remembers for ``goaround ready`` which backup was read whole and found sound, so that cron reads it once a day.

A backup of many gigabytes takes minutes to read. It is the same file while host, path, size and time of change are;
what was wrong with one is never remembered, and sooner or later each is read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from actions.model.backup_file import BackupFile, Inspected
from actions.model.clock import Clock, parse_stamp, stamp
from actions.steps.ready_backups import Sound, wrong_of
from app.ready_file import ready_file, replace_whole

AGAIN_S = 24 * 3600
"""So long a reading counts."""
LIMIT = 100_000


class Whole:
    """Of one system. ``store``: where it is remembered from run to run; None: in this run alone."""

    def __init__(self, store: Path | None, system: str, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._path = ready_file(store, system).with_suffix(".whole") if store is not None else None
        self._known: dict[str, str] = {}
        """What it is the same file by -> when it was read."""

    def sound(self, one: BackupFile, read: Callable[[], Inspected]) -> Sound:
        """What is wrong with it, read now or lately."""
        key = json.dumps([one.host, one.path, one.size, one.mtime])
        at = self._known.get(key) or self._kept(key)
        ago_s = int((self._clock.now() - parse_stamp(at)).total_seconds()) if at else -1
        if 0 <= ago_s < AGAIN_S:
            return Sound("", ago_s)
        wrong = wrong_of(read())
        if not wrong:
            self._known = {key: stamp(self._clock.now())}  # only the newest is ever asked for
            self._keep()
        return Sound(wrong)

    def _kept(self, key: str) -> str:
        if self._path is None:
            return ""
        try:
            with self._path.open(encoding="utf-8") as file:
                found = json.loads(file.read(LIMIT))
            at = str(found[key]) if isinstance(found, dict) and key in found else ""
            parse_stamp(at or stamp(self._clock.now()))
        except (OSError, ValueError, RecursionError):
            return ""  # nothing is remembered: it is read
        return at

    def _keep(self) -> None:
        if self._path is None or self._store is None:
            return
        with suppress(OSError):  # the next run reads it again
            replace_whole(self._store, self._path, json.dumps(self._known))
