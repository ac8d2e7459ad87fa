"""Keeps evidence as compressed files in an incident's folder; what is kept, and how clean, is the caller's.

A file has its final name only once it is whole and on disk, and no file is ever written over. Private files
lie in a folder of their own, so that copying the rest takes none of them along. With recipients they are encrypted
before a byte of them reaches the disk.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from actions.gateways.age_files import compressed, seal
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import KeptEvidence
from actions.model.recipient import NOT_ENCRYPTED, Recipient, read_recipient

PRIVATE = "private"
_LONGEST_NAME = 100
_MOST_OF_ONE_NAME = 10_000
_CHUNK = 256 * 1024


class FileEvidence:
    """The ``EvidenceStore`` in a folder, which is made (mode 0700) when the first file is kept."""

    def __init__(self, folder: Path, encrypt_to: tuple[str, ...] = ()) -> None:
        """``encrypt_to``: the public keys of those who can open private files. Raises ValueError for a bad one."""
        self._folder = folder
        found = {one.key: one for one in map(read_recipient, reversed(encrypt_to))}
        self._recipients = tuple(reversed(found.values()))  # one key in the list and in the file: once

    @property
    def encrypts_to(self) -> tuple[str, ...]:
        """The names of those who can open private files; empty: they are not encrypted."""
        return tuple(one.name for one in self._recipients)

    def keep(self, name: str, chunks: Iterator[bytes], *, private: bool = False, limit_bytes: int = 0) -> KeptEvidence:
        """Store the bytes, or the newest ``limit_bytes`` of them. Memory is bounded, whatever comes: by few chunks, or
        by the limit where nothing may lie on the disk in the clear.

        ``sha256`` and ``size`` are those of the stored, compressed (and encrypted) file. Raises ``GoaroundError`` when
        it cannot be kept; then nothing of it is left. An error of ``chunks`` is passed on, likewise.
        """
        folder = self._folder / PRIVATE if private else self._folder
        recipients = self._recipients if private else ()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            kept, size, digest, total = _store(folder, safe_name(name), chunks, limit_bytes, recipients)
        except OSError as error:
            raise GoaroundError(
                f"{sanitise(name, limit=_LONGEST_NAME)} could not be kept as evidence",
                f"{sanitise(str(folder))}: {error.strerror or type(error).__name__}",
                "make room or correct the rights, then run the step again",
            ) from error
        cut = limit_bytes > 0 and total > limit_bytes
        notes = (
            NOT_ENCRYPTED if private and not recipients else "",
            f"only the newest {limit_bytes} bytes" if cut else "",
        )
        return KeptEvidence(
            name=sanitise(name, limit=_LONGEST_NAME),
            path=str(kept.relative_to(self._folder)),
            sha256=digest,
            size=size,
            private=private,
            complete=not cut,
            note="; ".join(note for note in notes if note),
            encrypted_to=tuple(one.name for one in recipients),
        )


def safe_name(name: str) -> str:
    """A file name made of letters, digits, ``.``, ``_`` and ``-``; never hidden, a path or an option."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip("._-")
    return safe[:_LONGEST_NAME] or "evidence"


class _Counted:
    """A file that is being written, with the hash and number of the bytes that went into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _store(
    folder: Path, name: str, chunks: Iterator[bytes], limit: int, recipients: tuple[Recipient, ...]
) -> tuple[Path, int, str, int]:
    """The final path, its size and sha256, and how many bytes came."""
    partial = folder / f".{name}.{uuid.uuid4().hex}.partial"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            counted = _Counted(file)
            source = _NewestInMemory(chunks, limit) if recipients else _Newest(folder, chunks, limit)
            if recipients:
                seal(recipients, compressed(iter(source)), counted.write)
            else:
                # No name and no time inside: the same bytes give the same file.
                with gzip.GzipFile(filename="", mode="wb", fileobj=counted, mtime=0, compresslevel=6) as packed:
                    for chunk in source:
                        packed.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        final = _named(folder, name, partial, ".gz.age" if recipients else ".gz")
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    _sync(folder)
    return final, counted.size, counted.digest.hexdigest(), source.total


def _named(folder: Path, name: str, partial: Path, packing: str) -> Path:
    """Give the whole file its name, or the name with the next free number; linking never replaces a file."""
    stem, dot, ending = name.partition(".")
    for number in range(1, _MOST_OF_ONE_NAME):
        suffix = "" if number == 1 else f"-{number}"
        final = folder / f"{stem}{suffix}{dot}{ending}{packing}"
        try:
            final.hardlink_to(partial)
        except FileExistsError:
            continue
        return final
    raise GoaroundError(f"there are {_MOST_OF_ONE_NAME} files named {name} already", "", "look what keeps them")


def _sync(folder: Path) -> None:
    """A name is on disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Newest:
    """The last ``limit`` bytes of a stream (0: all), by two nameless files of that size; counts all bytes."""

    def __init__(self, folder: Path, chunks: Iterator[bytes], limit: int) -> None:
        self._folder = folder
        self._chunks = chunks
        self._limit = limit
        self.total = 0

    def __iter__(self) -> Iterator[bytes]:
        if self._limit > 0:
            yield from self._last()
            return
        for chunk in self._chunks:
            self.total += len(chunk)
            yield chunk

    def _last(self) -> Iterator[bytes]:
        with (
            tempfile.TemporaryFile(dir=self._folder) as before,
            tempfile.TemporaryFile(dir=self._folder) as current,
        ):
            older, newer, filled = before, current, 0
            for chunk in self._chunks:
                self.total += len(chunk)
                rest = memoryview(chunk)
                while rest:
                    if filled == self._limit:
                        older, newer, filled = newer, older, 0
                        newer.seek(0)
                        newer.truncate()
                    part = rest[: self._limit - filled]
                    newer.write(part)
                    filled += len(part)
                    rest = rest[len(part) :]
            # The older file is full or empty; what the newer one fills up is taken from its start.
            for file, start in ((older, filled), (newer, 0)):
                file.seek(start)
                while data := file.read(_CHUNK):
                    yield data


class _NewestInMemory:
    """The last ``limit`` bytes of a stream (0: all, as they come), never on the disk; counts all bytes."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks = chunks
        self._limit = limit
        self.total = 0

    def __iter__(self) -> Iterator[bytes]:
        held: deque[bytes] = deque()
        size = 0
        for chunk in self._chunks:
            self.total += len(chunk)
            if self._limit <= 0:
                yield chunk
                continue
            held.append(chunk)
            size += len(chunk)
            while size - len(held[0]) >= self._limit:
                size -= len(held.popleft())
        if held:
            yield held.popleft()[max(0, size - self._limit) :]
        yield from held
