"""The file of golden releases in the record store: one JSON object a line, appended to and never rewritten.

For its owner alone (or the group that shares the store), on disk before anybody is told. A line that cannot be read is
said once and counts as no pin.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from actions.gateways.store_folder import share_or_hide
from actions.model.errors import GoaroundError
from actions.model.golden import Pin, in_force, parse

NAME = "golden.jsonl"
LARGEST = 16 * 1024 * 1024


def read(store: Path, system: str, *, drill: bool) -> tuple[tuple[Pin, ...], str]:
    """Pins of a system that count, the newest first; and one line about what could not be read, or empty.

    ``drill``: those that were set in drills, else those of the real thing.
    """
    path = store / NAME
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return (), ""
    except OSError as error:
        return (), f"{path}: {error.strerror or error}: golden releases are not known (next: mend its rights)"
    if len(content) > LARGEST:
        return (), f"{path}: larger than {LARGEST >> 20} MiB: golden releases are not known (next: move it away)"
    pins, trouble = parse(content, str(path))
    return in_force(pins, system, drill=drill), trouble


def append(store: Path, pin: Pin) -> None:
    """Add a line. Raises GoaroundError where it cannot be written."""
    path = store / NAME
    try:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path, flags, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            share_or_hide(path, store)
            size = file.seek(0, os.SEEK_END)
            torn = b""
            if size:
                file.seek(size - 1)
                torn = b"" if file.read(1) == b"\n" else b"\n"  # a line that was cut off ends here, and ours is whole
            _write(file.fileno(), torn + pin.line())
            os.fsync(file.fileno())
        opened = os.open(store, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise GoaroundError(
            f"{path} cannot be written", error.strerror or str(error), "mend its rights, or make room on the disk"
        ) from error


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
