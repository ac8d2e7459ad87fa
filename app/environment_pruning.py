"""Removes values of environments that ``goaround predeploy`` kept, once so many newer releases have theirs kept.

The records stay, with their names and marks. What an incident kept is evidence of its record, and is left alone.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from actions.model.clock import Clock
from actions.model.errors import GoaroundError
from actions.model.golden import Pin, pin_of
from actions.model.quick_dataclass import dataclass
from app import golden_file
from app.environment_earlier import values_path
from app.predeploy_files import read_all
from app.records import open_store

if TYPE_CHECKING:
    from actions.model.predeploy import Predeploy
    from actions.model.system import Settings


@dataclass(frozen=True)
class Pruned:
    """What came of it."""

    removed: int = 0
    stays: str = ""
    """Why those that were due stay; empty: none does."""


def prune_values(store: Path, settings: Settings, clock: Clock) -> Pruned:
    """Of each release the newest file stays, for the newest ``environment.keep_releases`` and the golden ones.

    Nothing is removed while a record of the system is open or parked: its plan, or the next one that is drawn, may
    name any of them. To be called when the record of the newest is written.
    """
    if not values_path(store, "").is_dir():
        return Pruned()
    try:
        due = _due(store, settings)
        held = _held(store, settings.system.name, clock) if due else ""
    except GoaroundError as error:
        return Pruned(stays=f"values kept of earlier releases stay: {error.line()}")
    if held:
        return Pruned(
            stays=f"values kept of {len(due)} earlier runs stay while {held}: an undo or a plan may need them"
        )
    removed = 0
    for path in due:
        try:
            path.unlink()
        except OSError as error:
            why = error.strerror or type(error).__name__
            return Pruned(removed, f"{path} cannot be removed: {why}; remove it by hand")
        removed += 1
    return Pruned(removed)


def _due(store: Path, settings: Settings) -> list[Path]:
    """Files that are there and are kept no longer, oldest last. Raises GoaroundError where that cannot be told."""
    system, pins = settings.system, _golden(store, settings.system.name)
    seen: set[str] = set()
    counted = 0
    due = []
    for one in read_all(store):
        if one.values is None or (one.system, one.environment) != (system.name, system.environment):
            continue
        path = values_path(store, one.values.path)
        if not path.is_file():
            continue
        called = _called(one)
        golden = one.release is not None and pin_of(pins, one.release) is not None
        if called in seen or (counted >= settings.environment.keep_releases and not golden):
            due.append(path)
            continue
        seen.add(called)
        counted += not golden
    return due


def _called(one: Predeploy) -> str:
    """What is told apart: a release as one source tells its environment; of an unknown one each run by itself."""
    release = (one.release.identity or one.release.commit) if one.release is not None else ""
    return f"{one.variables.source if one.variables is not None else ''} {release or one.at}"


def _golden(store: Path, system: str) -> tuple[Pin, ...]:
    pins: tuple[Pin, ...] = ()
    for drill in (True, False):
        found, trouble = golden_file.read(store, system, drill=drill)
        if trouble:
            raise GoaroundError(trouble)
        pins += found
    return pins


def _held(store: Path, system: str, clock: Clock) -> str:
    """``INC-… is open``, or empty. Raises GoaroundError."""
    journal = open_store(store, clock)
    if journal is None:
        return ""
    with closing(journal):
        opened = journal.open_incident(system)
        parked = journal.parked(system)
    return f"{opened} is open" if opened else f"{parked[0]} is parked" if parked else ""
