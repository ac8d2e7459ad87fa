"""Finds the environments that our own store kept while a release ran: names, marks, and which file holds the values.

Kept are the records of ``goaround predeploy`` and, in our own record, what an incident saved before it changed
anything. Comparing them with that of now, and setting values back, is left to others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.gateways.journal import SqliteJournal
from actions.model.canonical import sha256_hex
from actions.model.codec import from_json
from actions.model.environment_diff import marks_of
from actions.model.errors import BadInput, GoaroundError, RecordDamaged
from actions.model.kept_environment import PREDEPLOY, KeptFile
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release, short_id
from app.environment_key import key_of
from app.predeploy_files import FOLDER, read_all

if TYPE_CHECKING:
    from actions.model.coolify import Variable
    from actions.model.events import EvidenceKept
    from actions.model.predeploy import Predeploy
    from actions.model.system import Settings

KEPT = {"coolify-environment.json": "coolify", "compose-config.yml": "compose"}
"""Name of a kept file -> which source it came from."""
VALUES = "values"
"""Folder beside the records of ``goaround predeploy``."""
INCIDENTS = 50
Times = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Earlier:
    """One that was kept."""

    at: str
    words: str
    """Of what, and by whom: ``coolify by INC-…``."""
    marks: dict[str, str]
    file: KeptFile | None = None
    """Where its values are; None: only marks were kept."""
    encrypted_to: tuple[str, ...] = ()
    gone: bool = False
    """Its values were kept, and are not there any more."""


def earlier(
    journal: SqliteJournal, settings: Settings, source: str, release: Release, times: Times, closed: list[str]
) -> Iterator[Earlier]:
    """What was kept while the release ran: by ``predeploy``, then by incidents, each the newest first.

    ``closed`` gets a line for each that can neither be compared nor opened. Raises GoaroundError of what is there and
    cannot be read.
    """
    system = settings.system.name
    yield from _predeployed(journal.folder, system, source, release, times)
    for summary in journal.newest(INCIDENTS, system=system) if times else ():
        for event in reversed(journal.events_of_kinds(summary.id, ("evidence.kept",))):
            one: EvidenceKept = event.body
            if KEPT.get(one.name) != source or not _within(event.at, times):
                continue
            file = KeptFile(summary.id, one.path, one.sha256)
            identity = settings.environment.identity
            if one.marks is not None:
                marks = one.marks
            elif one.encrypted_to and not identity:
                closed.append(f"{summary.id} kept it encrypted to {', '.join(one.encrypted_to)}: it is not compared")
                continue
            else:
                found = variables_in(bytes_of(journal, file, identity), source, f"{summary.id}: {one.name}")
                marks = marks_of(key_of(journal.folder), found)
            yield Earlier(event.at, f"{source} by {summary.id}", marks, file, one.encrypted_to)


def _predeployed(store: Path, system: str, source: str, release: Release, times: Times) -> Iterator[Earlier]:
    for one in read_all(store):
        variables = one.variables
        if one.system != system or variables is None or variables.source != source or not _of(one, release, times):
            continue
        called = short_id(one.release.identity) if one.release is not None else "what ran"
        words, values = f"{source}, before {called} was replaced", one.values
        if values is None or _gone(store, values.path):
            yield Earlier(variables.at, words, variables.marks, gone=values is not None)
        else:
            file = KeptFile(PREDEPLOY, values.path, values.sha256)
            yield Earlier(variables.at, words, variables.marks, file, values.encrypted_to)


def _gone(store: Path, path: str) -> bool:
    """Whether it is surely not there; what else is wrong with it is told when it is opened."""
    try:
        values_path(store, path).lstat()
    except FileNotFoundError:
        return True
    except (OSError, RecordDamaged):
        return False
    return False


def values_path(store: Path, path: str) -> Path:
    """Where a file of values lies that ``goaround predeploy`` kept. Raises RecordDamaged for one that is not ours."""
    folder = store / FOLDER / VALUES
    if ".." in Path(path).parts or not (folder / path).is_relative_to(folder):
        what = sanitise(str(folder / path))
        raise RecordDamaged(f"{what} leads out of the store", "", "look at the records of goaround predeploy")
    return folder / path


def _of(one: Predeploy, release: Release, times: Times) -> bool:
    """Whether that record was written while this release ran."""
    ran = one.release
    if ran is None:
        return _within(one.at, times)
    named = bool(ran.identity) and ran.identity == release.identity
    return named or (bool(ran.commit) and ran.commit == release.commit)


def _within(at: str, times: Times) -> bool:
    return any(since <= at and (not until or at <= until) for since, until in times)


def bytes_of(journal: SqliteJournal, file: KeptFile, identity: str) -> bytes:
    """What was kept, proven to be what the record says. Raises GoaroundError."""
    from app.evidence import content, kept_of

    if file.where == PREDEPLOY:
        return _predeploy_bytes(journal.folder, file, identity)
    one, pieces = content(kept_of(file.where, journal, False), file.path, identity)
    if one.sha256 != file.sha256:
        raise RecordDamaged(f"{sanitise(file.path)} is not the file that was meant", "", "draw the plan again")
    return b"".join(pieces)


def _predeploy_bytes(store: Path, file: KeptFile, identity: str) -> bytes:
    from actions.gateways import age_files

    path = values_path(store, file.path)
    what = sanitise(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GoaroundError(f"{what} cannot be read", error.strerror or str(error), "set them by hand") from error
    if sha256_hex(data) != file.sha256:
        raise RecordDamaged(f"{what} has changed since it was recorded", "nothing of it is used", "set them by hand")
    if age_files.is_sealed(data[:64]):
        if not identity:
            raise BadInput(f"{what} is encrypted", "", "set environment.identity to a private key that opens it")
        data = age_files.unseal(data, Path(identity), what, f"age -d -i {identity} {what} | gunzip")
    return b"".join(age_files.unpacked(data, what))


def variables_in(data: bytes, source: str, what: str) -> dict[str, str | None]:
    """Name -> value, of the system itself. Raises GoaroundError; no word of it holds a value."""
    if source == "compose" and not data.lstrip().startswith(b"["):
        from actions.gateways.compose_environment import variables_in as of_compose

        return of_compose(data)
    return {one.key: one.value for one in rows_in(data, what) if not one.preview}


def rows_in(data: bytes, what: str) -> tuple[Variable, ...]:
    """All variables of a kept answer. Raises BadInput."""
    from actions.model.coolify import Variable

    problem = BadInput(f"{what} cannot be read", "it holds no list of variables", "goaround evidence gives it out")
    try:
        rows: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise problem from None  # its words may quote a value
    if not isinstance(rows, list):
        raise problem
    try:
        return tuple(from_json(Variable, row, "variable") for row in rows)
    except ValueError:
        raise problem from None
