"""Which commit the folder of a Compose project stands at, where it is a git checkout; read from git's own files.

No git command: on a production host it may be missing, or refuse a folder of somebody else's.
"""

from __future__ import annotations

import posixpath
import re

from actions.model.effect import CollectFile
from actions.model.errors import GoaroundError
from actions.model.ports import World

_HIGHEST = 4
"""Folders above the project's that are looked at: the Compose files often lie in ``deploy/`` of the repository."""
_REF = re.compile(r"ref: (refs/[A-Za-z0-9._/-]+)")
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def commit_evidence(directory: str, world: World) -> tuple[str, tuple[CollectFile, ...]]:
    """The commit in words, and the files that prove it; no files where no checkout is found."""
    folder = posixpath.normpath(directory)
    for _ in range(_HIGHEST):
        head = _read(f"{folder}/.git/HEAD", world)
        if head:
            return _found(f"{folder}/.git", head, world)
        folder = posixpath.dirname(folder)
        if folder in ("/", ""):
            break
    return "NOT kept: a git commit, as the project's folder is in no plain git checkout", ()


def _found(git: str, head: str, world: World) -> tuple[str, tuple[CollectFile, ...]]:
    host = world.host.name
    files = [CollectFile(host, f"{git}/HEAD", "git-HEAD.txt")]
    ref = _REF.fullmatch(head)
    commit = head
    if ref is not None and ".." not in ref.group(1):
        name = ref.group(1)
        commit = _read(f"{git}/{name}", world)
        if commit:
            files.append(CollectFile(host, f"{git}/{name}", "git-branch.txt"))
        else:
            packed = _read(f"{git}/packed-refs", world)
            rows = (line.split() for line in packed.splitlines())
            commit = next((row[0] for row in rows if len(row) == 2 and row[1] == name), "")
            files += [CollectFile(host, f"{git}/packed-refs", "git-packed-refs.txt")] if commit else []
    if not _ID.fullmatch(commit):
        return "the folder is a git checkout whose commit is not known", tuple(files)
    return f"the folder stands at git commit {commit}", tuple(files)


def _read(path: str, world: World) -> str:
    try:
        return (world.host.read_file(path) or b"").decode("ascii", "replace").strip()
    except GoaroundError:
        return ""  # a work tree elsewhere, or rights that we lack: not known is what is said
