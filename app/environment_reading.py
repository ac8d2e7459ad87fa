"""Compares the environment that a release ran with and that of now, where one was kept: names only, values never.

Kept are the records of ``goaround predeploy`` (names and marks) and, in our own record, what an incident saved before
it changed anything. Slow: not for the screen's thread.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from actions.gateways.journal import SqliteJournal, share_or_hide
from actions.model.clock import stamp
from actions.model.environment_diff import EnvironmentDiff, KeptVariables, differ, marks_of
from actions.model.errors import BadInput, GoaroundError
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, short_id
from actions.model.release_history import Life
from app.predeploy_files import read_all

if TYPE_CHECKING:
    from actions.model.events import EvidenceKept
    from actions.model.ports import World
    from actions.model.system import Settings

KEY = "environment.key"
KEPT = {"coolify-environment.json": "coolify", "compose-config.yml": "compose"}
"""Name of a kept file -> which source it came from."""
INCIDENTS = 50
NOT_KEPT = "no environment was kept while it was live: goaround predeploy keeps one"
NO_SOURCE = "the environment is known where [coolify] or [compose] is configured"


@dataclass(frozen=True)
class Compared:
    """What was found, or why nothing was."""

    found: EnvironmentDiff | None
    why: str
    """When and where the earlier one was kept; else why there is none."""
    kept: bool = False
    """An earlier one is there."""

    def words(self) -> str:
        """One line."""
        return f"{self.found.words()} ({self.why})" if self.found is not None else self.why


def key_of(store: Path) -> bytes:
    """The key of this store's marks; made when there is none. Raises GoaroundError."""
    path = store / KEY
    try:
        with suppress(FileExistsError):
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = store / f".{KEY}.{os.getpid()}.{secrets.token_hex(4)}"
            if not path.exists():
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(32))
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    share_or_hide(temporary, store)
                    os.link(temporary, path)  # whole or not at all, and never over another one
                finally:
                    temporary.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise GoaroundError(f"{path}: {error.strerror or error}", "", "mend its rights") from error
    if len(key) != 32:
        raise GoaroundError(f"{path} is no key of 32 bytes", "", "move it away: a new one is made")
    return key


def source_of(settings: Settings, option: str) -> str:
    """Whose environment it is: that of the way back in use, where it has one."""
    there = {"coolify": settings.coolify is not None, "compose": settings.compose is not None}
    if there.get(option):
        return option
    return next((name for name, has in there.items() if has), "")


def variables_now(settings: Settings, world: World, source: str) -> dict[str, str | None]:
    """Name -> value; None: not told. Raises GoaroundError."""
    if source == "coolify" and world.coolify is not None:
        return {one.key: one.value for one in world.coolify.variables() if not one.preview}
    if source == "compose" and settings.compose is not None:
        from actions.gateways.compose_environment import variables_of
        from actions.steps.compose_facts import read_facts

        facts = read_facts(settings.compose, world)
        return variables_of(facts.project.text, facts.directory)
    raise BadInput(NO_SOURCE, "", "add one of these tables")


def keep_now(settings: Settings, world: World, store: Path, option: str) -> KeptVariables | None:
    """The environment of now, as names and marks; None where there is no source. Raises GoaroundError."""
    source = source_of(settings, option)
    if not source:
        return None
    found = variables_now(settings, world, source)
    return KeptVariables(stamp(world.clock.now()), source, marks_of(key_of(store), found))


def compare(
    settings: Settings,
    world: World,
    journal: SqliteJournal,
    release: Release,
    lives: Iterable[Life],
    option: str,
    now: dict[str, str | None] | None = None,
) -> Compared:
    """That of the release's life against that of now. Raises GoaroundError of what is there and cannot be read.

    ``now``: as it was read already.
    """
    source = source_of(settings, option)
    if not source:
        return Compared(None, NO_SOURCE)
    store, system = journal.folder, settings.system.name
    times = tuple((life.since, life.until) for life in lives)
    then = _predeployed(store, system, source, release, times)
    key = key_of(store) if then is not None else b""
    if then is None:
        kept, why = _evidence(journal, system, source, times)
        if kept is None:
            return Compared(None, why or NOT_KEPT, kept=bool(why))
        key = key_of(store)
        then = KeptVariables(kept[0], kept[1], marks_of(key, kept[2]))
    found = differ(then.marks, marks_of(key, now if now is not None else variables_now(settings, world, source)))
    return Compared(found, f"against what was kept {then.at[:16].replace('T', ' ')}Z of {then.source}", kept=True)


def _predeployed(
    store: Path, system: str, source: str, release: Release, times: tuple[tuple[str, str], ...]
) -> KeptVariables | None:
    """The newest one that ``goaround predeploy`` kept while this release ran."""
    for one in read_all(store):
        variables = one.variables
        if one.system != system or variables is None or variables.source.partition(",")[0] != source:
            continue
        ran = one.release
        named = ran is not None and bool(ran.identity) and ran.identity == release.identity
        named = named or (ran is not None and bool(ran.commit) and ran.commit == release.commit)
        if named or (ran is None and _within(one.at, times)):
            called = short_id(ran.identity) if ran is not None else "what ran"
            return KeptVariables(variables.at, f"{source}, before {called} was replaced", variables.marks)
    return None


def _evidence(
    journal: SqliteJournal, system: str, source: str, times: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str, dict[str, str | None]] | None, str]:
    """(moment, whence, variables) of the newest that an incident kept while it was live; and why there is none."""
    why = ""
    for summary in journal.newest(INCIDENTS, system=system) if times else ():
        for event in reversed(journal.events_of_kinds(summary.id, ("evidence.kept",))):
            one = event.body
            if KEPT.get(getattr(one, "name", "")) != source or not _within(event.at, times):
                continue
            if one.encrypted_to:
                why = why or f"{summary.id} kept it encrypted to {', '.join(one.encrypted_to)}: it is not compared"
                continue
            return (event.at, f"{source} by {summary.id}", _read(journal, summary.id, one, source)), ""
    return None, why


def _read(journal: SqliteJournal, incident: str, one: EvidenceKept, source: str) -> dict[str, str | None]:
    from actions.gateways.compose_environment import coolify_variables_in, variables_in
    from app.evidence import content, kept_of

    _, pieces = content(kept_of(incident, journal, False), one.path)
    data = b"".join(pieces)
    if source == "compose":
        return variables_in(data)
    try:
        return coolify_variables_in(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"{incident}: {one.name} cannot be read", str(error), "goaround evidence gives it out"
        ) from error


def _within(at: str, times: tuple[tuple[str, str], ...]) -> bool:
    return any(since <= at and (not until or at <= until) for since, until in times)
