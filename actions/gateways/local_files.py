"""Reads, replaces and removes files of this machine; a crash at any point leaves the old or the new content.

A symbolic link is written through: its real target is replaced in the target's own folder, and the link
stays a link. A link that leads nowhere is refused, because the file that would appear is not the one that
was named. Hard links are not kept: the other name keeps the old content, which loses nothing.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actions.gateways import host_rules as rules
from actions.model.errors import GoaroundError

HOST = "local"
TEMPORARY_PREFIX = ".goaround-"


def read(path: str, limit_bytes: int) -> bytes | None:
    """The content, or None when there is no such file. Pipes and devices are refused before they are
    opened."""
    rules.check_path(path)
    with _said(path, "read"):
        try:
            if not stat.S_ISREG(Path(path).stat().st_mode):
                raise rules.not_a_file(HOST, path)
            # Not blocking: the name may have become a pipe since.
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise rules.not_a_file(HOST, path)
            content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise rules.too_long(HOST, path, limit_bytes)
    return content


def write(path: str, content: bytes, mode: int, before: str) -> None:
    """Replace the file, or make it with ``mode`` when ``before`` is empty. See ``ports.Host.write_file``."""
    rules.check_path(path)
    with _said(path, "write"):
        target = Path(os.path.realpath(path))
        present = _status(target)
        if Path(path).is_symlink() and present is None:
            raise rules.dangling(HOST, path)
        _compare(path, target, present, before)
        temporary = target.with_name(TEMPORARY_PREFIX + secrets.token_hex(8))
        try:
            _fill(temporary, content, mode, present, target, path)
            # Again, as late as can be: filling the temporary file took time.
            _compare(path, target, _status(target), before)
            if before:
                temporary.replace(target)
            else:
                _publish_new(temporary, target, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)


def remove(path: str, before: str) -> None:
    """Remove the file when it still has the content ``before``. See ``ports.Host.remove_file``."""
    rules.check_path(path)
    with _said(path, "remove"):
        file = Path(path)
        if file.is_symlink():
            raise rules.changed(HOST, path)  # we never make links, so this is not what we wrote
        present = _status(file)
        if present is None:
            return
        _compare(path, file, present, before)
        file.unlink(missing_ok=True)
        _sync_folder(file.parent)


@contextmanager
def _said(path: str, doing: str) -> Iterator[None]:
    """Turns what the operating system says into our words."""
    try:
        yield
    except GoaroundError:
        raise
    except OSError as error:
        raise rules.file_failed(HOST, path, doing, error.strerror or str(error)) from error


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _compare(path: str, target: Path, present: os.stat_result | None, before: str) -> None:
    """Refuses unless what is there is what the effect was drawn from."""
    if present is None:
        if before:
            raise rules.vanished(HOST, path)
        return
    if not stat.S_ISREG(present.st_mode):
        raise rules.not_a_file(HOST, path)
    if not before:
        raise rules.appeared(HOST, path)
    fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != before:
            raise rules.changed(HOST, path)


def _fill(temporary: Path, content: bytes, mode: int, present: os.stat_result | None, target: Path, path: str) -> None:
    """Write the temporary file, give it the owner and rights of what it replaces, and put it on disk."""
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        if present is not None:
            _take_over(fd, present, target, path)
        else:
            os.fchmod(fd, mode)
        os.fsync(fd)


def _take_over(fd: int, present: os.stat_result, target: Path, path: str) -> None:
    mine = os.fstat(fd)
    if (mine.st_uid, mine.st_gid) != (present.st_uid, present.st_gid):
        try:
            os.fchown(fd, present.st_uid, present.st_gid)
        except PermissionError as error:
            raise rules.owner_would_change(HOST, path) from error
    os.fchmod(fd, stat.S_IMODE(present.st_mode))
    if not hasattr(os, "listxattr"):
        return
    # Access lists and labels: kept where the file system and our rights allow it.
    with suppress(OSError):
        for name in os.listxattr(target):
            with suppress(OSError):
                os.setxattr(fd, name, os.getxattr(target, name))


def _publish_new(temporary: Path, target: Path, path: str) -> None:
    """Give a new file its name; a file that appeared meanwhile is not replaced."""
    try:
        os.link(temporary, target, follow_symlinks=False)
    except FileExistsError as error:
        raise rules.appeared(HOST, path) from error
    except OSError:
        # A file system without hard links; the check just before must do.
        temporary.replace(target)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
