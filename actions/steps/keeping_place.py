"""How a file is kept on a host: a folder with room for it, a name nobody has, and that name only when all is on disk.

What is written there, and whether it is whole, is left to those who keep it.
"""

from __future__ import annotations

import json
from typing import Any

from actions.model.canonical import sha256_hex
from actions.model.errors import CommandFailed
from actions.model.outside_text import sanitise
from actions.model.ports import Host
from actions.model.sensor_rules import size_words
from actions.steps.host_files import ASK_S, READ_S, room_of, stat_of


def make_folder(host: Host, folder: str) -> None:
    """The folder of ``database.keep``, for its owner alone. Raises CommandFailed with what to do about it."""
    move = f"let the user of goaround on {host.name} make or write {folder}, or name another folder as database.keep"
    _must(host, ("mkdir", "-p", "-m", "700", folder), f"making {folder}", move)


def must_be_new(host: Host, path: str) -> None:
    """Raises CommandFailed where something has this name."""
    if stat_of(host, (path,)):
        raise CommandFailed(f"{path} is there already", "", "it is never written over: draw the plan again")


def must_fit(host: Host, folder: str, need: int) -> None:
    """``need``: bytes. Raises CommandFailed where fewer are free."""
    free = room_of(host, folder).free
    if free < need:
        raise CommandFailed(
            f"{size_words(free)} are free in {folder}, {size_words(need)} are needed",
            "nothing was written",
            "make room there, or name another folder as database.keep",
        )


def put_in_place(host: Host, partial: str, path: str, manifest: str, held: dict[str, Any]) -> None:
    """On disk, its manifest (``held`` as JSON) beside it, and then its name, in this order."""
    _must(host, ("sync", partial), f"writing {partial} to disk")
    content = json.dumps(held, ensure_ascii=False, indent=1).encode() + b"\n"
    there = host.read_file(manifest)
    host.write_file(manifest, content, mode=0o600, before="" if there is None else sha256_hex(there))
    _must(host, ("mv", "-n", partial, path), f"renaming {partial}")
    left = stat_of(host, (partial, path))
    if partial in left or path not in left:
        raise CommandFailed(f"{partial} could not be renamed", "", f"look whether {path} is there already")
    folder = path.rpartition("/")[0] or "/"
    _must(host, ("sync", folder), f"writing {folder} to disk")


def remove(host: Host, path: str, s: float = ASK_S) -> None:
    """Whatever came of it: who writes there next finds out."""
    host.run(("rm", "-f", path), env={"LC_ALL": "C"}, timeout_s=s)


def _must(host: Host, argv: tuple[str, ...], doing: str, move: str = "") -> None:
    result = host.run(argv, env={"LC_ALL": "C"}, timeout_s=READ_S)
    if result.exit_status != 0:
        said = sanitise(result.stderr.decode("utf-8", "replace").strip(), limit=200)
        raise CommandFailed(f"{doing} on {host.name} failed", said, move, exit_status=result.exit_status)
