"""Lists the backups of the configured database: the files of ``backups`` and those that were made in ``keep``.

A look at names, sizes, times, first bytes and what stands beside them, in a few commands however many files there
are. Whether one of them is whole shows only when it is read (``backup_inspect``).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from actions.model.backup_file import (
    EMPTY_GZIP,
    HEAD,
    MANIFEST,
    PARTIAL,
    PROVEN,
    SIDECARS,
    BackupFile,
    Format,
    KeptBackup,
    ProvenRestore,
    format_of,
    part_of_name,
)
from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.effect_files import FILES
from actions.model.outside_text import sanitise
from actions.model.ports import Host, World
from actions.model.system import Settings
from actions.steps.host_files import Listed, files_in, heads, inside, odd_names, stat_of
from actions.steps.perform_ground import host_of

YOUNG_S = 60
"""A file that was written to so lately is looked at twice."""
LOOK_AGAIN_S = 1.0
SIDECAR_BYTES = 1_000_000
SIDECARS_READ = 200
"""What stands beside the newest so many is read."""
BEFORE = re.compile(r"(?:.*[/_.-])?(?:before|pre)[_-]rollback")
"""How the common procedures name what they keep before they go back."""
UNNAMED = "its name holds characters that no name of a backup may hold: rename it"

OF_FILES = "the files of a server that was down, and no dump"
OF_WHAT_WAS_LEFT = "kept before an earlier rollback, by its name: it holds the state that was left"

T = TypeVar("T")


def backups(
    settings: Settings, world: World, client: DatabaseClient | None, *, incident: str = ""
) -> tuple[BackupFile, ...]:
    """Every backup that is known of, newest first; those that are no source say why in ``problem``.

    ``client``: None when nobody can reach the server; then ``keep`` is looked for on the system's host.
    ``incident``: what it made itself, before going back, is no source for it. Raises GoaroundError where a folder
    cannot be listed, and what the host raises.
    """
    table = settings.database
    if table is None:
        return ()
    found: dict[tuple[str, str], BackupFile] = {}
    if table.backups:
        folder, _, name = table.backups.rpartition("/")
        for one in _folder(world, world.host, folder, name or "*", incident):
            found[one.host, one.path] = one
    if table.keep:
        host = host_of(world, client.host) if client is not None else world.host
        if stat_of(host, (table.keep,)):
            for one in _folder(world, host, table.keep.rstrip("/"), "*", incident):
                found.setdefault((one.host, one.path), one)
    return tuple(sorted(found.values(), key=lambda one: (-one.mtime, one.path)))


def read_beside(host: Host, one: BackupFile) -> BackupFile:
    """The same with what stands beside it now."""
    return _with_beside(host, [one])[0]


def _folder(world: World, host: Host, folder: str, name: str, incident: str) -> list[BackupFile]:
    names = (name, *(name + ending for ending in (*SIDECARS, PARTIAL)))
    listed = {one.path: one for one in files_in(host, folder, names)}
    beside = {path for path in listed if path.endswith(SIDECARS)}
    files = [one for path, one in listed.items() if path not in beside]
    first = heads(host, [one.path for one in files], HEAD)
    unread = [one.path for one in files if one.path not in first]
    still = stat_of(host, unread)
    files = [one for one in files if one.path in first or one.path in still]  # what a job removed meanwhile is no news
    young = _moving(world, host, files)
    out = []
    for one in files:
        kind, words = format_of(first[one.path]) if one.path in first else (Format.UNKNOWN, "cannot be read")
        problem = _problem(one, words, one.path in young)
        out.append(_backup(host, one, kind, problem))
    out += _directories(host, folder, name)
    out += [
        BackupFile(host.name, sanitise(path, limit=300), Format.UNKNOWN, 0, 0, "", problem=UNNAMED)
        for path in odd_names(host, folder, (name,))
    ]
    named = [one for one in out if one.path + MANIFEST in beside or one.path + PROVEN in beside]
    known = {one.path: one for one in _with_beside(host, named)}
    return [_not_its_own(known.get(one.path, one), incident) for one in out]


def _backup(host: Host, one: Listed, kind: Format, problem: str) -> BackupFile:
    at = stamp(datetime.fromtimestamp(max(0, one.mtime), UTC))
    if not _nameable(one.path):
        return BackupFile(host.name, sanitise(one.path, limit=300), kind, one.size, one.mtime, at, problem=UNNAMED)
    return BackupFile(host.name, one.path, kind, one.size, one.mtime, at, problem=problem)


def _nameable(path: str) -> bool:
    return path.isprintable() and sanitise(path) == path and len(os.fsencode(path)) <= 4000


def _problem(one: Listed, words: str, moving: bool) -> str:
    if one.path.endswith(PARTIAL):
        return "a dump that was not finished, or is still being written"
    if one.size == 0:
        return "empty: 0 bytes"
    if moving:
        return "still being written: it changes"
    if words:
        return words
    return ""


def _moving(world: World, host: Host, files: list[Listed]) -> set[str]:
    """Which of those that were written to lately change while we look."""
    now = world.clock.now().timestamp()
    lately = {one.path: one for one in files if one.mtime > now - YOUNG_S and not one.path.endswith(PARTIAL)}
    if not lately:
        return set()
    world.clock.sleep(LOOK_AGAIN_S)
    again = stat_of(host, list(lately))
    return {path for path, one in lately.items() if again.get(path) != one}


def _directories(host: Host, folder: str, name: str) -> list[BackupFile]:
    """Folders that pg_dump wrote: those that hold its table of contents, or data without one."""
    folders = [one.path for one in files_in(host, folder, (name,), kind="d")]
    out = []
    for path, files in inside(host, folders).items():
        toc = next((one for one in files if os.path.basename(one.path) == "toc.dat"), None)
        data = [
            one for one in files if re.fullmatch(r"(?:\d+|blobs_\d*)\.(?:dat|toc)(?:\.gz)?", os.path.basename(one.path))
        ]
        if toc is None and not data:
            continue
        size = sum(one.size for one in files)
        newest = toc.mtime if toc else max(one.mtime for one in data)
        problem = "" if toc else "has no table of contents: its dump was not finished, or is still being written"
        out.append(_backup(host, Listed(path, size, newest), Format.DIRECTORY, problem))
    return out


def _with_beside(host: Host, named: list[BackupFile]) -> list[BackupFile]:
    """With the manifest and the proof that stand beside them, the newest so many."""
    named = sorted(named, key=lambda one: -one.mtime)
    near = [one for one in named[:SIDECARS_READ] if not one.problem]
    paths = [path for one in near for path in (one.manifest_path, one.proven_path)]
    texts: dict[str, bytes] = {}
    sizes = stat_of(host, paths)
    for batch in _by_size([sizes[path] for path in paths if path in sizes]):
        texts |= heads(host, [one.path for one in batch], SIDECAR_BYTES)
    return [_beside(one, texts) if one in near else one for one in named]


def _by_size(files: Iterable[Listed]) -> list[list[Listed]]:
    batches: list[list[Listed]] = []
    room = 0
    for one in files:
        if not batches or one.size > room:
            batches.append([])
            room = 2 * SIDECAR_BYTES
        batches[-1].append(one)
        room -= one.size
    return batches


def _beside(one: BackupFile, texts: dict[str, bytes]) -> BackupFile:
    kept = _read(KeptBackup, texts.get(one.manifest_path, b""))
    proven = _read(ProvenRestore, texts.get(one.proven_path, b""))
    if kept is not None and one.format is not Format.DIRECTORY and kept.size != one.size:
        words = f"{one.size} bytes, but {kept.size} were written when it was made"
        return replace(one, problem=words)
    sha256 = kept.sha256 if kept is not None else ""
    if proven is not None and (proven.sha256 != sha256 if sha256 else proven.at < one.at):
        proven = None  # it is of what lay here before
    return replace(one, kept=kept, sha256=sha256, proven=proven)


def _read(kind: type[T], text: bytes) -> T | None:
    """What stands in a file beside a backup; one that is no such file counts as none."""
    try:
        return kind.from_json(json.loads(text)) if text else None  # type: ignore[attr-defined]
    except (ValueError, RecursionError):
        return None


def _not_its_own(one: BackupFile, incident: str) -> BackupFile:
    if one.problem:
        return one
    if one.format is Format.SQL_GZIP and one.size <= EMPTY_GZIP:
        return replace(one, problem="empty: a gzip of nothing, as a dump that failed leaves it")
    mine = one.kept.incident if one.kept is not None else ""
    if incident and (mine == incident or f"_{part_of_name(incident)}." in one.name):
        return replace(one, problem="made by this incident before going back: it holds the state that is left")
    if one.name.endswith(FILES):
        return replace(one, format=Format.UNKNOWN, problem=OF_FILES)
    if BEFORE.match(one.name):
        return replace(one, problem=OF_WHAT_WAS_LEFT)
    return one
