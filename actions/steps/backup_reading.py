"""The programs by which a backup is read, and where they are run, and what their words mean when they fail.

pg_restore may be in a container: then a file reaches it through its input. A folder cannot, so the host's own is used.
"""

from __future__ import annotations

import re

from actions.model.backup_file import BackupFile, Format, Problem, Trouble
from actions.model.database_client import DatabaseClient
from actions.model.outside_text import sanitise
from actions.model.ports import Host
from actions.model.quick_dataclass import dataclass
from actions.steps.host_files import last_line

MOST_SAID = 200
"""Characters of what a program said."""


@dataclass(frozen=True)
class Reading:
    """Programs in a row on the backup's host; the last one writes what is read."""

    stages: tuple[tuple[str, ...], ...]
    stdin: str = ""
    """File that the first one reads; empty: none."""
    cwd: str = ""
    archive: bool = False
    """pg_restore is the last one."""
    early: bool = False
    """The last one does not read everything: whoever writes to it may be cut off."""
    runs_on: str = ""
    """Host of the programs, when it is another than the file's: ``stdin`` is fed to them there."""
    missing: str = ""
    """What to say when a program is not there."""


def unpacking_of(backup: BackupFile) -> Reading:
    """Writes the content of a file that is no archive."""
    program = backup.unpacked[0]
    return Reading((backup.unpacked,), missing=f"{program} is not on {backup.host}: it takes {program} to read it")


def reading_of(host: Host, client: DatabaseClient | None, backup: BackupFile, *options: str) -> Reading:
    """pg_restore over an archive with these options, and no database."""
    near = client if client is not None and client.host == host.name else None
    if client is not None and near is None and not client.prefix and backup.format is not Format.DIRECTORY:
        program = client.pg_restore("", *options)
        words = f"pg_restore cannot be started on {client.host}"
        stages = (backup.format.unpacked_by, program) if backup.format.packed else (program,)
        early = "--list" in options or "--schema-only" in options
        return Reading(stages, stdin=backup.path, archive=True, early=early, runs_on=client.host, missing=words)
    if backup.format is Format.DIRECTORY:
        program = near.pg_restore("", *options) if near is not None and not near.prefix else ("pg_restore", *options)
        words = f"pg_restore is not on {host.name}: a folder cannot be passed into a container"
        return Reading(((*program, backup.path),), archive=True, missing=words)
    program = near.pg_restore("", *options) if near is not None else ("pg_restore", *options)
    cwd = near.cwd if near is not None else ""
    words = f"pg_restore cannot be started on {host.name}{f' ({near.words})' if near and near.words else ''}"
    if backup.format.packed:
        early = "--list" in options or "--schema-only" in options
        return Reading((backup.unpacked, program), cwd=cwd, archive=True, early=early, missing=words)
    return Reading((program,), stdin=backup.path, cwd=cwd, archive=True, missing=words)


def failed(reading: Reading, status: int, words: bytes) -> Problem | None:
    """What went wrong in reading, by the words of the programs (in C's language)."""
    if status == 0:
        return None
    if status in (126, 127):
        return Problem(Trouble.UNREADABLE, reading.missing)
    if not reading.archive:
        return unpacking_failed(words)
    said = sanitise(words, keep_newlines=True).casefold()
    shown = last_line(words, MOST_SAID)
    if "unsupported version" in said:
        return Problem(Trouble.CLIENT, f"written by a newer pg_dump than the pg_restore at hand: {shown}")
    if re.search(r"end of file|unexpected end|too short|could not read|could not find header|premature", said):
        return Problem(Trouble.CUT, f"pg_restore cannot read it to its end: {shown}")
    return Problem(Trouble.DAMAGED, f"pg_restore cannot read it: {shown or f'exit status {status}'}")


def unpacking_failed(words: bytes) -> Problem:
    """What went wrong in unpacking, by what gzip or zstd said."""
    said, shown = sanitise(words, keep_newlines=True).casefold(), last_line(words, MOST_SAID)
    if re.search(r"trailing (garbage|zero)|unsupported format|unknown header", said):
        return Problem(Trouble.GARBAGE, f"something else follows behind its end: {shown}")
    if re.search(r"unexpected end|premature|unexpected eof|short read", said):
        return Problem(Trouble.CUT, f"is cut off: {shown}")
    return Problem(Trouble.DAMAGED, f"cannot be unpacked: {shown}")
