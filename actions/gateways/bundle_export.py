"""Writes a record into a folder that verifies anywhere: journal, report, evidence, outputs, sign-offs, manifest.

Everything is written and put on disk under a temporary name beside the target, the manifest last, and then renamed, so
that a bundle is whole or not there. What was altered on disk since it was recorded is exported as it is, and said.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from actions.gateways import bundle_layout as layout
from actions.gateways.age_files import HEADER, is_sealed
from actions.model.canonical import sha256_hex
from actions.model.chain import ChainResult, verify_lines
from actions.model.errors import BadInput, GoaroundError, RecordDamaged
from actions.model.incident import Incident, restricted
from actions.model.record_text import TEXT_VERSION, markdown, state_words

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Exported:
    """A bundle that was written."""

    path: Path
    incident: Incident
    files: int
    left_out: tuple[layout.Left, ...]
    """Kept files that are not in it: private ones, and lost ones."""
    problems: tuple[str, ...]
    """What does not match the journal any more; the bundle will not verify, and rightly so."""


def export(journal_lines: list[bytes], incident_folder: Path, to: Path, *, give_restricted: bool = False) -> Exported:
    """Write the record into the new folder ``to`` (or an empty one).

    Raises RecordDamaged when the chain does not hold, BadInput when the target cannot be used, or when few may read
    this record and nobody said ``give_restricted``.
    """
    chain = verify_lines(journal_lines)
    incident = chain.folded
    if restricted(incident) and not give_restricted:
        raise BadInput(
            f"{incident.id} is RESTRICTED and was not exported",
            "it tells of a security hole, and whoever gets the folder can read it",
            "add --restricted if they may know",
        )
    cited = layout.cited_files(chain.events)
    target = _target(to)
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
    except OSError as error:
        raise layout.problem_of(error, f"{target} cannot be written", "give another folder with --to") from error
    try:
        writer = _Writer(part, incident_folder, layout.private_words(incident))
        _write_texts(writer, chain)
        for one in cited:
            writer.bring(one)
        writer.write(layout.MANIFEST, _manifest(writer, incident).to_bytes())
        writer.sync_folders()
        part.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise layout.problem_of(error, f"{target} cannot be written", "look at its space and rights") from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Exported(target, incident, len(writer.files), tuple(writer.left_out), tuple(writer.problems))


def _target(to: Path) -> Path:
    target = to.expanduser().absolute()
    if target.name in ("", ".."):
        raise BadInput(f"{target} cannot be a bundle", "", "give a new folder with --to")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise BadInput(f"{target} is there already, and is no folder", "", "give a new folder with --to")
    try:
        if target.is_dir() and any(target.iterdir()):
            raise BadInput(f"{target} is not empty", "nothing is ever written over", "give a new folder with --to")
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise layout.problem_of(error, f"{target} cannot be written", "give another folder with --to") from error
    return target


def _write_texts(writer: _Writer, chain: ChainResult) -> None:
    incident, events = chain.folded, chain.events
    writer.write(layout.JOURNAL, b"".join(event.line() + b"\n" for event in events))
    writer.write(layout.RECORD, markdown(incident, events).encode("utf-8"))
    writer.write(layout.SIGN_OFF, layout.sign_off_json(incident, events))


def _manifest(writer: _Writer, incident: Incident) -> layout.Manifest:
    return layout.Manifest(
        format=layout.FORMAT,
        text_version=TEXT_VERSION,
        incident=incident.id,
        state=state_words(incident),
        head_seq=incident.head_seq,
        head_hash=incident.head_hash,
        files=dict(writer.files),
        left_out=tuple(writer.left_out),
    )


class _Writer:
    """Puts files into the temporary folder and on disk, and keeps their sums."""

    def __init__(self, folder: Path, source: Path, private: str) -> None:
        self._folder = folder
        self._source = source
        self._private = private
        self.files: dict[str, layout.FileEntry] = {}
        self.left_out: list[layout.Left] = []
        self.problems: list[str] = []

    def write(self, path: str, data: bytes) -> None:
        """A file of ours."""
        descriptor = self._create(path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path != layout.MANIFEST:
            self.files[path] = layout.FileEntry(sha256_hex(data), len(data))

    def bring(self, cited: layout.Cited) -> None:
        """A file that the journal names, unless it is private or lost."""
        if cited.private:
            self.left_out.append(layout.Left(cited.path, cited.sha256, self._private))
            return
        try:
            source = layout.stored_path(self._source, cited)
            if cited.sealed:
                _check_sealed(source)
            entry = self.files.get(cited.path) or self._copy(source, cited.path)
        except GoaroundError as error:
            self.left_out.append(layout.Left(cited.path, cited.sha256, f"lost: {error.title}"))
            if cited.sha256:
                self.problems.append(f"event {cited.seq}: {cited.path}: {error.line()}")
            return
        self.files[cited.path] = entry
        if cited.sha256 and entry.sha256 != cited.sha256:
            self.problems.append(f"event {cited.seq}: {cited.path} has changed since it was recorded")

    def _copy(self, source: Path, path: str) -> layout.FileEntry:
        digest, size = hashlib.sha256(), 0
        with layout.open_plain(source) as original, os.fdopen(self._create(path), "wb") as copy:
            while chunk := original.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        return layout.FileEntry(digest.hexdigest(), size)

    def _create(self, path: str) -> int:
        target = self._folder / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def sync_folders(self) -> None:
        """Put the names on disk, too."""
        for folder in (self._folder, *(path for path in self._folder.rglob("*") if path.is_dir())):
            _sync_folder(folder)


def _check_sealed(path: Path) -> None:
    """What is said to be encrypted leaves its host only if it is. Raises GoaroundError."""
    with layout.open_plain(path) as file:
        start = file.read(len(HEADER))
    if not is_sealed(start):
        raise RecordDamaged(f"{layout.shown_path(path.name)} is not encrypted, though recorded so", "", "look at it")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
