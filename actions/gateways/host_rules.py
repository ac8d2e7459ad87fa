"""What both kinds of host refuse and how they say it, so that a step meets the same words here and over ssh.

Running and writing are left to ``local_host`` and ``ssh_host``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from actions.model.errors import BadInput, CommandFailed, Refused, Unreachable, WorldMoved
from actions.model.outside_text import sanitise

KEPT_BYTES = 4 * 1024 * 1024
"""The newest bytes kept of each stream of a command."""
READ_LIMIT_BYTES = 64 * 1024 * 1024
SHOW_AGAIN = "look at the preview again: it is drawn from what is there now"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shown(argv: Sequence[str]) -> str:
    """A command for a message, on one line, harmless and not endless."""
    return sanitise(shlex.join(argv), limit=300)


def check_command(argv: Sequence[str], cwd: str, env: Mapping[str, str] | None) -> None:
    """Raises ``BadInput`` for what no host can run: nothing is run then."""
    if not argv or not argv[0]:
        raise BadInput("a command without a program", shown(argv), "name the program to run first")
    if argv[0].startswith("-"):
        raise BadInput("a program's name must not begin with '-'", shown(argv), "give its full path")
    for word in argv:
        _check_text("an argument", word, argv)
    if cwd:
        _check_absolute(cwd)
    for name, value in (env or {}).items():
        if not _VARIABLE.fullmatch(name):
            raise BadInput("not a variable's name", sanitise(name, limit=100), "use letters, digits and '_'")
        _check_text(f"the variable {name}", value, argv)


def check_path(path: str) -> None:
    """Raises ``BadInput`` unless the path is absolute: a relative one means something else in every
    process."""
    _check_absolute(path)
    if path.rpartition("/")[2] == ".." or path.endswith(("/", "/.")):
        raise BadInput("a path has no name at its end", sanitise(path, limit=300), "write it out from /")


def _check_absolute(path: str) -> None:
    _check_text("a path", path)
    if not path.startswith("/"):
        raise BadInput("a path is not absolute", sanitise(path, limit=300), "write it out from /")


def _check_text(what: str, text: str, argv: Sequence[str] = ()) -> None:
    if "\0" in text:
        raise BadInput(f"{what} holds a NUL byte", shown(argv), "remove it")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise BadInput(f"{what} holds half a character", shown(argv), "correct its encoding") from error


def encoded(text: str) -> bytes:
    """Text as the system's bytes: what arrived as undecodable bytes leaves as the same bytes."""
    return text.encode("utf-8", "surrogateescape")


# ----------------------------------------------------------------------------------- commands that cannot run


def no_such_program(host: str, program: str) -> CommandFailed:
    """The program is not there; exit status 127, as a shell would say."""
    move = f"install it on {host}, or correct the name or PATH; nothing was run"
    return CommandFailed(f"{host} has no program {sanitise(program, limit=200)}", "", move, exit_status=127)


def not_runnable(host: str, program: str, why: str) -> CommandFailed:
    """The program is there but cannot be started; exit status 126, as a shell would say."""
    title = f"{sanitise(program, limit=200)} cannot be started on {host}"
    return CommandFailed(
        title, sanitise(why, limit=300), "check the file and its rights; nothing was run", exit_status=126
    )


def no_such_folder(host: str, cwd: str) -> CommandFailed:
    """The working folder cannot be entered."""
    title = f"{host} has no folder {sanitise(cwd, limit=300)} that can be entered"
    return CommandFailed(title, "", "correct the directory in the configuration; nothing was run")


# ------------------------------------------------------------------------------------------------------ files


def not_a_file(host: str, path: str) -> Refused:
    """A folder, FIFO, socket or device stands where a file is expected; it was not opened."""
    return Refused(
        f"{sanitise(path, limit=300)} on {host} is not a regular file",
        "a folder, pipe, socket or device has that name",
        "name a regular file",
    )


def too_long(host: str, path: str, limit_bytes: int) -> Refused:
    """The file has more bytes than the caller wants."""
    title = f"{sanitise(path, limit=300)} on {host} is too long"
    return Refused(title, f"more than {limit_bytes} bytes", "name the right file, or keep it as evidence instead")


def dangling(host: str, path: str) -> Refused:
    """A symbolic link whose target does not exist would be written."""
    title = f"{sanitise(path, limit=300)} on {host} is a symbolic link to nothing"
    return Refused(title, "what would be written is not the file that is named", "remove the link or name its target")


def appeared(host: str, path: str) -> WorldMoved:
    """A file is there where none was when the effect was drawn."""
    return WorldMoved(
        f"{sanitise(path, limit=300)} on {host} exists already",
        "there was none when it was shown",
        SHOW_AGAIN,
    )


def vanished(host: str, path: str) -> WorldMoved:
    """The file to replace is gone."""
    return WorldMoved(f"{sanitise(path, limit=300)} on {host} is gone", "it was there when it was shown", SHOW_AGAIN)


def changed(host: str, path: str) -> WorldMoved:
    """The file to replace or remove has another content now."""
    title = f"{sanitise(path, limit=300)} on {host} has changed"
    return WorldMoved(title, "its content is not the one that was shown", SHOW_AGAIN)


def owner_would_change(host: str, path: str) -> Refused:
    """The replacement could not be given the owner of the file it replaces."""
    return Refused(
        f"{sanitise(path, limit=300)} on {host} belongs to somebody else",
        "a replacement would change its owner, group or mode",
        "connect as its owner, or give the file to the user that deploys",
    )


def file_failed(host: str, path: str, doing: str, why: str) -> CommandFailed:
    """The operating system says no: rights, space, a read-only file system."""
    title = f"cannot {doing} {sanitise(path, limit=300)} on {host}"
    return CommandFailed(title, sanitise(why, limit=400), "correct what the detail names; the file is as it was")


# --------------------------------------------------------------------------------------------------- outcomes


def outcome_unknown(host: str, argv: Sequence[str], why: str) -> Unreachable:
    """The connection went while a command ran."""
    return Unreachable(
        f"the connection to {host} was lost while a command ran; its outcome is unknown",
        f"{shown(argv)}: {sanitise(why, limit=300)}",
        "ask the host what happened before anything is run again",
    )
