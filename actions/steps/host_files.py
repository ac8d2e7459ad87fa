"""Lists and measures files of a host by plain argvs: no pattern, name or path is ever interpreted by a shell.

The words are those that GNU's and busybox's tools both know. What the files mean is left to others.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, Host
from actions.model.quick_dataclass import dataclass

ASK_S = 30.0
READ_S = 4 * 3600.0
"""A file that takes longer to read is given up."""
BATCH_PATHS = 400
BATCH_BYTES = 100_000
"""Of paths in one argv."""
ANSWER_BYTES = 2_000_000
"""Of content in one answer: a host keeps the newest 4 MiB."""


TRIES = 3
"""Times that a folder is listed while a job removes old files from it."""


@dataclass(frozen=True)
class Listed:
    """A file as the host lists it."""

    path: str
    size: int
    mtime: int
    """Seconds since 1970."""


def listed(host: Host, pattern: str) -> tuple[Listed, ...]:
    """The ordinary files (links are followed) that a path names whose last part may be a pattern.

    Hidden files, such as those that are still being copied, only where the pattern begins with a dot. Raises
    ``GoaroundError`` where the folder cannot be listed.
    """
    folder, _, name = pattern.rpartition("/")
    if not name:
        raise GoaroundError(
            f"backups names a folder: {sanitise(pattern, limit=120)}", "", f'write "{sanitise(pattern, limit=120)}*.gz"'
        )
    return files_in(host, folder, (name,))


def files_in(host: Host, folder: str, names: tuple[str, ...], *, kind: str = "f") -> tuple[Listed, ...]:
    """What lies in a folder and fits one of the patterns; ``kind``: ``f`` files, ``d`` folders. As ``listed``."""
    # -L and the slash: the folder or a file may be a link. A line break in a name would make two rows of one:
    # such a file is no backup that we know how to name (``odd_names`` finds it).
    find = (*_find(folder, names), "-type", kind, "!", "-name", "*\n*")
    argv = (*find, "-exec", "stat", "-L", "-c", "%Y %s %n", "{}", "+")
    result, out = _told_whole(host, argv)
    for _ in range(TRIES - 1):
        if not _one_went(result):
            break
        result, out = _told_whole(host, argv)
    _check(host, result, "listing the backups")
    shown_hidden = any(name.startswith(".") for name in names)
    rows = _rows(out)
    return tuple(one for one in rows if shown_hidden or not os.path.basename(one.path).startswith("."))


def _told_whole(host: Host, argv: tuple[str, ...]) -> tuple[CommandResult, bytes]:
    """The result, of which only the newest bytes are kept, and everything that was written to its output."""
    out: list[bytes] = []

    def take(stream: str, chunk: bytes) -> None:
        if stream == "stdout":
            out.append(chunk)

    result = host.run(argv, env={"LC_ALL": "C"}, timeout_s=ASK_S, on_output=take)
    return result, b"".join(out)


def _one_went(result: CommandResult) -> bool:
    """A file was removed between being found and being measured, as a job does that keeps the newest few."""
    said = result.stderr.decode("utf-8", "replace").splitlines()
    gone = [line for line in said if "stat: " in line and line.endswith("No such file or directory")]
    return result.exit_status != 0 and not result.timed_out and bool(gone)


def odd_names(host: Host, folder: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Paths of files whose name holds a line break, as they are."""
    argv = (*_find(folder, names), "-type", "f", "-name", "*\n*", "-print0")
    result = host.run(argv, env={"LC_ALL": "C"}, timeout_s=ASK_S)
    _check(host, result, "listing the backups")
    return tuple(path for path in os.fsdecode(result.stdout).split("\0") if path)


def stat_of(host: Host, paths: Sequence[str]) -> dict[str, Listed]:
    """Size and time of each of these that is there."""
    found: dict[str, Listed] = {}
    for batch in _batches(paths):
        result = host.run(("stat", "-L", "-c", "%Y %s %n", *batch), env={"LC_ALL": "C"}, timeout_s=ASK_S)
        found |= {one.path: one for one in _rows(result.stdout)}
    return found


def inside(host: Host, folders: Sequence[str]) -> dict[str, tuple[Listed, ...]]:
    """The files that lie in each of these folders."""
    found: dict[str, list[Listed]] = {folder: [] for folder in folders}
    for batch in _batches(folders):
        places = [f"{folder}/" for folder in batch]
        argv = ("find", "-L", *places, "-maxdepth", "1", "-type", "f", "!", "-name", "*\n*")
        result = host.run(
            (*argv, "-exec", "stat", "-L", "-c", "%Y %s %n", "{}", "+"), env={"LC_ALL": "C"}, timeout_s=ASK_S
        )
        for one in _rows(result.stdout):
            found.get(os.path.dirname(one.path), []).append(one)
    return {folder: tuple(files) for folder, files in found.items()}


def heads(host: Host, paths: Sequence[str], count: int) -> dict[str, bytes]:
    """The first bytes of each of these that can be read; many in one command."""
    found: dict[str, bytes] = {}
    most = max(1, min(BATCH_PATHS, ANSWER_BYTES // (count + 300)))
    for batch in _batches(paths, most):
        result = host.run(("head", "-v", "-c", str(count), *batch), env={"LC_ALL": "C"}, timeout_s=ASK_S)
        found |= _taken_apart(result.stdout, batch)
    return found


def sha256_of(host: Host, path: str) -> str:
    """In hexadecimal. Raises GoaroundError where the file cannot be read."""
    result = host.run(("sha256sum", path), env={"LC_ALL": "C"}, timeout_s=READ_S)
    _check(host, result, f"reading {sanitise(path, limit=200)}")
    return result.stdout.decode("ascii", "replace").lstrip("\\")[:64]  # a backslash: the name is written escaped


@dataclass(frozen=True)
class Room:
    """The file system in which a folder lies."""

    name: str
    """Its device and its place: the same for two folders that share it."""
    free: int
    """Bytes."""


def room_of(host: Host, folder: str) -> Room:
    """Raises GoaroundError where there is no such folder."""
    result = host.run(("df", "-P", "-k", folder), env={"LC_ALL": "C"}, timeout_s=ASK_S)
    _check(host, result, f"measuring {sanitise(folder, limit=200)}")
    words = result.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2].split()
    numbers = [at for at, word in enumerate(words) if word.endswith("%")]
    if not numbers or not words[numbers[-1] - 1].lstrip("-").isdigit():
        raise GoaroundError(f"df on {host.name} answered something else", sanitise(" ".join(words), limit=200))
    at = numbers[-1]
    place = " ".join((*words[: max(0, at - 3)], *words[at + 1 :]))
    return Room(sanitise(place, limit=200), max(0, int(words[at - 1])) * 1024)


def _find(folder: str, names: tuple[str, ...]) -> tuple[str, ...]:
    wanted = [word for name in names for word in ("-o", "-name", name)][1:]
    return ("find", "-L", f"{folder}/", "-mindepth", "1", "-maxdepth", "1", "(", *wanted, ")")


def _rows(stdout: bytes) -> list[Listed]:
    found = []
    for line in os.fsdecode(stdout).split("\n"):
        mtime, _, rest = line.partition(" ")
        size, _, path = rest.partition(" ")
        if mtime.lstrip("-").isdigit() and size.isdigit() and path.startswith("/"):
            found.append(Listed(path, int(size), int(mtime)))
    return found


def _batches(paths: Sequence[str], most: int = BATCH_PATHS) -> list[list[str]]:
    batches: list[list[str]] = []
    room = 0
    for path in paths:
        length = len(path) + 1
        if not batches or len(batches[-1]) >= most or length > room:
            batches.append([])
            room = BATCH_BYTES
        batches[-1].append(path)
        room -= length
    return batches


def _taken_apart(out: bytes, paths: Sequence[str]) -> dict[str, bytes]:
    """``head -v``: a line with the name before each file that could be opened, in the order asked for."""
    if len(paths) == 1:  # busybox tells no name of a single one
        only = b"==> " + os.fsencode(paths[0]) + b" <==\n"
        return {paths[0]: out.removeprefix(only)} if out else {}
    found: dict[str, bytes] = {}
    at, last = 0, ""
    for path in paths:
        title = b"==> " + os.fsencode(path) + b" <==\n"
        place = at if not last and out.startswith(title) else out.find(b"\n" + title, at)
        if place < 0:
            continue
        if last:
            found[last] = out[at:place]
        at = place + len(title) + (1 if last else 0)
        last = path
    if last:
        found[last] = out[at:]
    return found


def _check(host: Host, result: CommandResult, doing: str) -> None:
    if result.timed_out:
        raise GoaroundError(f"{doing} on {host.name} took longer than {ASK_S:.0f} s")
    if result.exit_status != 0:
        words = last_words(result) or f"exit status {result.exit_status}"
        gone = ("No such file" in words or "Not a directory" in words) and doing.startswith("listing")
        move = "check database.backups and database.keep" if gone else ""
        raise GoaroundError(f"{doing} on {host.name} failed", words, move)


def last_words(result: CommandResult) -> str:
    """The last line that it said on stderr."""
    return last_line(result.stderr, 160)


def last_line(said: bytes, most: int) -> str:
    """The last one that is not empty, of so many characters at most."""
    lines = [line.strip() for line in sanitise(said, keep_newlines=True).split("\n") if line.strip()]
    return lines[-1][:most] if lines else ""
