"""Where the records of ``goaround predeploy`` lie: one file each in the store, written once and read by others."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from actions.model.errors import GoaroundError
from actions.model.predeploy import Predeploy, baselines_of, newest_before

FOLDER = "predeploy"
LARGEST = 64 * 1024 * 1024


def write(store: Path, record: Predeploy) -> Path:
    """For its owner alone, on disk before it has its name. Raises GoaroundError where that cannot be."""
    folder = store / FOLDER
    name = re.sub(r"[^0-9TZ.]", "", record.at)
    path, temporary = folder / f"{name}.json", folder / f".{name}.{os.getpid()}.tmp"
    content = json.dumps(record.to_json(), ensure_ascii=True, indent=1) + "\n"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise GoaroundError(
            f"{path} cannot be written", error.strerror or str(error), "give another store with --store"
        ) from error
    return path


def read_all(store: Path) -> Iterator[Predeploy]:
    """Newest first, read one by one; a file that is no record, or that may not be read, is passed over."""
    try:
        names = sorted((one.name for one in (store / FOLDER).iterdir() if one.suffix == ".json"), reverse=True)
    except OSError:
        return
    for name in names:
        path = store / FOLDER / name
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if not name.startswith(".") and path.stat().st_size <= LARGEST:
                yield Predeploy.from_json(json.loads(path.read_bytes()))


def newest(store: Path, at: str, system: str = "") -> Predeploy | None:
    """The last record at a moment (a stamp)."""
    fitting = (one for one in read_all(store) if newest_before((one,), at, system) is not None)
    return next(fitting, None)


def baselines(store_folder: Path, at: str, system: str = "") -> dict[str, int]:
    """Probe -> p95 in milliseconds, as the last ``goaround predeploy`` before this moment (a stamp) measured it."""
    return baselines_of(newest(store_folder, at, system))
