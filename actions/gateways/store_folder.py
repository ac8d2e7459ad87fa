"""The folder of a store: who may read and write what lies in it, and the space that is kept back for the last event."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from actions.model.errors import BadInput

_RESERVE_BYTES = 256 * 1024


def share_or_hide(path: Path, store: Path) -> None:
    """Rights of what lies in a store: for its owner alone, and for its group where the store's folder is the group's.

    A store that several logins share is made with ``chmod 2770``: what is made in it belongs to its group then.
    """
    info, around = path.stat(), store.stat()
    if info.st_uid != os.geteuid():
        return  # whoever made it has seen to it
    shared = bool(around.st_mode & stat.S_IWGRP)
    if shared and info.st_gid != around.st_gid:
        with suppress(OSError):  # not of that group: then the others cannot read it, and are told so
            os.chown(path, -1, around.st_gid)
    mode = (0o2770 if shared else 0o700) if stat.S_ISDIR(info.st_mode) else (0o660 if shared else 0o600)
    if stat.S_IMODE(info.st_mode) != mode:
        os.chmod(path, mode)


def prepare_folder(folder: Path) -> None:
    """Make the store folder, refuse one that others could write to or that is a link to elsewhere."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.lstat()
    except OSError as error:
        raise BadInput(
            f"the record folder {folder} cannot be made", str(error), "choose another with [store] directory"
        ) from error
    if stat.S_ISLNK(info.st_mode):
        raise BadInput(
            f"the record folder {folder} is a symbolic link", "", "name the real folder in [store] directory"
        )
    if info.st_uid not in (os.getuid(), 0) and not info.st_mode & stat.S_IWGRP:
        raise BadInput(
            f"the record folder {folder} belongs to somebody else",
            "",
            "choose another with [store] directory",
        )
    if info.st_mode & stat.S_IWOTH:
        raise BadInput(f"the record folder {folder} is writable by everybody", "", f"chmod o-w {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(
            f"the record folder {folder} is not writable",
            "",
            "without a record nothing is done: mend its rights",
        )
    keep_reserve(folder)


def keep_reserve(folder: Path) -> None:
    """A file whose space is given back when the disk is full, so that the end of a running step is still recorded."""
    reserve = folder / "reserve"
    if reserve.exists():
        return
    try:
        with reserve.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            os.posix_fallocate(file.fileno(), 0, _RESERVE_BYTES)
    except OSError as error:
        reserve.unlink(missing_ok=True)
        raise BadInput(
            f"no space for the record in {folder}",
            str(error),
            "without a record nothing is done: free some space",
        ) from error


def free_reserve(folder: Path) -> bool:
    """Give the reserved space back; True when there was any."""
    try:
        (folder / "reserve").unlink()
    except OSError:
        return False
    return True
