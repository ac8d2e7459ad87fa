"""Reads what stands behind the highlighted release: how it differs from what runs, its environment, its gaps.

For one release at a time, off the screen's thread, and kept: a commit does not change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.git_text import is_full_id
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.release_history import History
from actions.model.release_rows import HistoryRow
from actions.model.release_sheet import Behind
from actions.steps.git_option import is_migration
from app.environment_reading import NO_SOURCE, compare, source_of, variables_now
from app.readiness_reading import said_of

if TYPE_CHECKING:
    from actions.model.ports import World
    from app.session import Session

ENVIRONMENT_S = 60
"""Seconds for which the environment of now, once read, is taken for that of now."""


class ReleaseBehind:
    """One for a session. ``known`` never waits; ``read`` does."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[tuple[str, str], Behind] = {}
        self._read_ms: dict[tuple[str, str], int] = {}
        """When the environment was read: it may be another one meanwhile."""
        self._variables: tuple[int, dict[str, str | None]] | None = None
        self._lock = threading.Lock()

    def known(self, history: History, row: HistoryRow) -> Behind | None:
        """What was read of this release already."""
        return self._found.get(_key(history, row))

    def difference(self, history: History, row: HistoryRow) -> Behind:
        """How it differs from what runs; slow where that is not known yet."""
        with self._lock:
            key = _key(history, row)
            found = self._found.get(key)
            if found is None:
                found, known = self._difference(history, row)
                if known:
                    self._found[key] = found
        return found

    def read(self, history: History, row: HistoryRow, told: Callable[[Behind], None] | None = None) -> Behind:
        """All of it, as far as it is not known; ``told`` hears of the first half. Slow; one after the other."""
        found, key = self.difference(history, row), _key(history, row)
        if found.environment and self._ms() - self._read_ms.get(key, 0) <= ENVIRONMENT_S * 1000:
            return found
        if told is not None:
            told(found)
        with self._lock:
            found, known = self._environment(history, row, found)
            found = self._gaps(found, row.release)
            if key in self._found:
                self._found[key] = found
            if known:
                self._read_ms[key] = self._ms()
            else:  # shown, and asked for again
                self._read_ms.pop(key, None)
        return found

    def forget(self) -> None:
        """Something was deployed or changed: what was compared with now is no more so."""
        with self._lock:
            self._found.clear()
            self._read_ms.clear()
            self._variables = None

    def _ms(self) -> int:
        return self._session.clock.monotonic_ms()

    def _difference(self, history: History, row: HistoryRow) -> tuple[Behind, bool]:
        """And whether that stays so: what cannot be read, or is not told, may be the next time."""
        running = running_of(history)
        if row.release.way_back is WayBack.RUNNING:
            return Behind("it runs now"), True
        repository = self._session.world().repository
        if repository is None:
            return Behind("how it differs from what runs is known where [git] is configured"), False
        old = running.commit if running is not None else ""
        new = row.release.commit
        if not (is_full_id(old) and is_full_id(new)):
            missing = "what runs" if not is_full_id(old) else "it"
            return Behind(f"how it differs from what runs is not known: nobody tells the commit of {missing}"), False
        if old == new:
            return Behind("the same commit as what runs"), True
        try:
            found = repository.difference(old, new)
        except GoaroundError as error:
            return Behind(f"how it differs from what runs is not known: {error.line()}"), False
        migrations = tuple(path for path in found.paths if is_migration(path))
        return Behind(f"{found.words()} from what runs", migrations), True

    def _environment(self, history: History, row: HistoryRow, found: Behind) -> tuple[Behind, bool]:
        session = self._session
        if not source_of(session.settings, history.option):
            return replace(found, environment=NO_SOURCE), True
        try:
            world = session.world()
            args = (session.settings, world, session.journal, row.release, row.lives, history.option)
            compared = compare(*args, now=self._now(world, history.option))
        except GoaroundError as error:
            return replace(found, environment=f"not known: {error.line()}", environment_differs=False), False
        differs = compared.found is not None and compared.found.differs
        return replace(found, environment=session.clean(compared.words(), 2000), environment_differs=differs), True

    def _now(self, world: World, option: str) -> dict[str, str | None]:
        ms = self._ms()
        if self._variables is None or ms - self._variables[0] > ENVIRONMENT_S * 1000:
            source = source_of(self._session.settings, option)
            self._variables = (ms, variables_now(self._session.settings, world, source))
        return self._variables[1]

    def _gaps(self, found: Behind, release: Release) -> Behind:
        if not self._session.settings.readiness.file:
            return found
        try:
            said, why = said_of(self._session, release)
        except GoaroundError as error:
            return replace(found, gaps=(), gaps_why=error.line())
        gaps = [f"{name}{f' ({one.seen})' if one.seen else ''}" for name, one in said.items() if not one.ok]
        words = why or f"{len(said)} items said, {len(gaps) or 'no'} gap{'' if len(gaps) == 1 else 's'}"
        return replace(found, gaps=tuple(gaps), gaps_why=words)


def running_of(history: History) -> Release | None:
    """What runs, as the way back in use tells, with what others know of it."""
    at = history.running_at()
    return history.row(at).release if at is not None else None


def _key(history: History, row: HistoryRow) -> tuple[str, str]:
    running = running_of(history)
    return (running.identity if running is not None else "", row.identity or row.release.name)
