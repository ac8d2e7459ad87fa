"""What a bundle is made of: its files, its manifest, and how they are read when whoever made them is not trusted.

Writing a bundle and judging one are left to ``bundle_export`` and ``bundle_verify``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from actions.model import events as ev
from actions.model.canonical import canonical_json, loads_strict
from actions.model.chain import sign_offs_of, statement_of
from actions.model.codec import from_json, to_json
from actions.model.errors import BadInput, GoaroundError, RecordDamaged
from actions.model.incident import Incident
from actions.model.outside_text import sanitise
from actions.model.record_text import TEXT_VERSION

FORMAT = 1
JOURNAL = "journal.jsonl"
RECORD = "record.md"
SIGN_OFF = "sign-off.json"
MANIFEST = "manifest.json"
EVIDENCE = "evidence"
SPOOL = "spool"

LARGEST_READ = 512 * 1024 * 1024
"""Bytes of a journal or manifest that are read into memory at most."""
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class FileEntry:
    """One file of a bundle."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Left:
    """A kept file that is not in the bundle, and why."""

    path: str
    sha256: str
    why: str


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``: written last; a folder without one is no bundle."""

    format: int
    text_version: int
    """Version of the rules by which ``record.md`` was made from the journal."""
    incident: str
    state: str
    head_seq: int
    head_hash: str
    files: dict[str, FileEntry] = field(default_factory=dict)
    """Path in the bundle, with ``/`` -> what lies there; everything but the manifest itself."""
    left_out: tuple[Left, ...] = ()

    def to_bytes(self) -> bytes:
        """Canonical JSON and a newline."""
        return canonical_json(to_json(self)) + b"\n"


@dataclass(frozen=True)
class Cited:
    """A file that an event vouches for."""

    seq: int
    """The event that cites it."""
    path: str
    """In the bundle and in the incident's folder."""
    sha256: str
    """Empty: the event names the file, but no end of the run was recorded, so nothing vouches for its content."""
    private: bool = False
    """Not in a bundle: private and not encrypted."""
    sealed: bool = False
    """Encrypted, so that it may leave its host."""


def cited_files(events: tuple[ev.Event, ...]) -> list[Cited]:
    """Evidence and run outputs that the journal names. Raises RecordDamaged for a path that leads out of the record."""
    found: list[Cited] = []
    spools: dict[int, tuple[int, str]] = {}
    for event in events:
        body = event.body
        if isinstance(body, ev.EvidenceKept):
            path, sealed = _inside(EVIDENCE, body.path, event.seq), bool(body.encrypted_to)
            found.append(Cited(event.seq, path, body.sha256, body.private and not sealed, sealed))
        elif isinstance(body, ev.StepStarted) and body.spool:
            spools[body.run] = (event.seq, _inside(SPOOL, body.spool, event.seq))
        elif isinstance(body, ev.StepFinished) and body.run in spools:
            path = spools.pop(body.run)[1]
            found.append(Cited(event.seq, path, body.spool_sha256))
    return found + [Cited(seq, path, "") for seq, path in spools.values()]


def _inside(folder: str, path: str, seq: int) -> str:
    if not is_plain_path(path):
        raise RecordDamaged(
            f"event {seq} names a file outside of the record", sanitise(path), "do not open what it names", seq=seq
        )
    return f"{folder}/{path}"


def is_plain_path(path: str) -> bool:
    """A relative path of plain names: nothing that leads elsewhere, on any system."""
    parts = path.split("/")
    return bool(path) and path.isprintable() and "\\" not in path and all(p not in ("", ".", "..") for p in parts)


def private_words(incident: Incident) -> str:
    """Why a private file is not in a bundle, and where it is."""
    return f"private: stays on {incident.declared.jump_host if incident.declared else 'the jump host'}"


def stored_path(folder: Path, cited: Cited) -> Path:
    """Where a cited file lies in the incident's folder: run outputs directly, evidence in its own."""
    inner = PurePosixPath(cited.path)
    return folder.joinpath(*(inner.parts[1:] if inner.parts[0] == SPOOL else inner.parts))


def sign_off_json(incident: Incident, events: tuple[ev.Event, ...]) -> bytes:
    """``sign-off.json``: the head, and every sign-off with the very text that was signed."""
    rows: list[dict[str, Any]] = []
    for event, sign in sign_offs_of(events):
        try:
            statement = statement_of(incident, sign).decode()
        except ValueError as error:
            raise RecordDamaged(f"event {event.seq} cannot be signed over", str(error), "", seq=event.seq) from error
        rows.append({"seq": event.seq, "at": event.at, "statement": statement, **ev.body_data(sign)})
    head = {"seq": incident.head_seq, "hash": incident.head_hash}
    return canonical_json({"format": FORMAT, "incident": incident.id, "head": head, "sign_offs": rows}) + b"\n"


def open_plain(path: Path) -> IO[bytes]:
    """Open a plain file for reading; a link, a pipe or a device is refused. Raises GoaroundError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise RecordDamaged(f"{shown_path(path)} is missing", "", "look for another copy of the record") from error
    except OSError as error:
        raise RecordDamaged(
            f"{shown_path(path)} cannot be read as a plain file", str(error.strerror), "look at it"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RecordDamaged(f"{shown_path(path)} is not a plain file", "", "a record holds plain files only")
    return os.fdopen(descriptor, "rb")


def shown_path(path: Path | str) -> str:
    """A path that may come from anybody, safe to show."""
    return sanitise(str(path))


def read_plain(path: Path) -> bytes:
    """The content of a plain file of bounded size. Raises GoaroundError."""
    with open_plain(path) as file:
        data = file.read(LARGEST_READ + 1)
    if len(data) > LARGEST_READ:
        raise RecordDamaged(f"{shown_path(path)} is too large to be read", "", "a record is never that large")
    return data


def hash_file(path: Path) -> FileEntry:
    """sha256 and size of a plain file. Raises GoaroundError."""
    digest, size = hashlib.sha256(), 0
    with open_plain(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(digest.hexdigest(), size)


def walk(folder: Path) -> Iterator[str]:
    """Every name beneath a folder that is not itself a folder, as a path with ``/``; links are not followed."""
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        try:
            entries = sorted(os.scandir(folder / inner), key=lambda entry: entry.name)
        except OSError as error:
            raise RecordDamaged(f"{shown_path(folder / inner)} cannot be listed", str(error.strerror), "") from error
        for entry in entries:
            path = f"{inner}/{entry.name}" if inner else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                yield path


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle. Raises BadInput for a newer format, RecordDamaged for one that is none of ours."""
    path = folder / MANIFEST
    try:
        data = loads_strict(read_plain(path))
    except ValueError as error:
        raise RecordDamaged(f"{MANIFEST} is damaged", str(error), "look for another copy of the bundle") from error
    if isinstance(data, dict):
        _refuse_newer(data.get("format"), FORMAT)
        _refuse_newer(data.get("text_version"), TEXT_VERSION)
    try:
        manifest = from_json(Manifest, data, "manifest")
    except ValueError as error:
        raise RecordDamaged(f"{MANIFEST} is damaged", sanitise(str(error)), "look for another copy") from error
    if manifest.to_bytes() != canonical_json(data) + b"\n" or manifest.format < 1:
        raise RecordDamaged(f"{MANIFEST} is damaged", "it holds what no goaround of this format writes", "")
    return manifest


def _refuse_newer(version: object, known: int) -> None:
    if isinstance(version, int) and version > known:
        raise BadInput(
            f"this bundle was written by a newer goaround (format {version}, known here: {known})",
            "",
            "verify it with that version; nothing was changed",
        )


def problem_of(error: OSError, what: str, next_move: str) -> GoaroundError:
    """A file system's refusal as ours."""
    return BadInput(what, sanitise(str(error.strerror or error)), next_move)
