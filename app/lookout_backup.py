"""Looks at the newest backup on the system's host: how old it is, how large, and whether it can be read whole.

The folder is listed by an argv, never by a shell line: no pattern, name or path is ever interpreted by a shell. A file
is read whole once; as long as it has the same size and time it is not read again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from actions.model.backup_file import EMPTY_GZIP
from actions.model.backup_file import BackupFile as Inspectable
from actions.model.errors import CommandFailed, GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, Host
from actions.model.sensing import reading
from actions.model.sensor_rules import BackupFile, Looked, backup_current, size_words
from actions.model.system import seconds_of
from actions.steps.host_files import ASK_S, READ_S, Listed, last_words, listed
from app.lookout_inspect import NewestBackup
from app.session import Session

IF_DOWN = "if its server is down, the option database copies its files"
DUMP_MAGIC = b"PGDMP"


@dataclass(frozen=True)
class _Verdict:
    """What reading it came to."""

    whole: bool
    words: str
    final: bool = True
    """False: it was not read, and is tried again."""


_NOTHING = _Verdict(False, "")


class BackupLook:
    """``backup.current`` of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._known: tuple[Listed, _Verdict] | None = None
        self._announced: Listed | None = None
        self._awaited = False
        self._whole = NewestBackup(session) if session.settings.names_database else None
        """Where the database is named, its backup is inspected as a restore would; else only its format is read."""
        self._file: Inspectable | None = None

    def before_reading(self, good: str = "") -> Looked | None:
        """What is to be said, once, while a file is read that was not read yet; None: nothing.

        ``good``: what the record says of a backup that was found whole. While it is the same one, or is still young
        enough, it goes on to count; a cockpit that comes back after a day must not leave an old one green.
        """
        try:
            found = self._newest()
        except GoaroundError:
            return None  # the look that follows says why
        if found is None or found.size == 0 or found == self._announced:
            return None
        if self._known is not None and self._known[0] == found:
            return None
        if good and self._still_counts(found, good):
            return None
        self._announced, self._awaited = found, True
        return replace(self._looked(found, _Verdict(False, "being read")), worth_s=0)

    def _still_counts(self, newest: Listed, good: str) -> bool:
        now = self.session.clock.now().timestamp()
        if self._known is not None:
            return self._known[1].whole and now - self._known[0].mtime <= self._max_age_s
        same = good.startswith(f"{_name(newest)}, ") and f", {size_words(newest.size)}, " in good
        return same and now - newest.mtime <= self._max_age_s

    def look(self) -> Looked:
        """The newest backup, read whole if it has not been yet."""
        try:
            looked = self._look()
        except GoaroundError as error:
            looked = replace(self._looked(None, _NOTHING), seen=f"cannot be read: {error.line()}")
        if self._awaited:  # what was said before the reading is over at once
            self._awaited, looked = False, replace(looked, worth_s=0)
        return looked

    def _look(self) -> Looked:
        found = self._newest()
        if found is None:
            return self._looked(None, _NOTHING)
        if found.size == 0:
            return self._looked(found, _Verdict(False, "empty"))
        if self._known is None or self._known[0] != found:
            verdict = self._read(found)
            self._known = (found, verdict) if verdict.final else None
            return self._looked(found, verdict)
        return self._looked(found, self._known[1])

    def _read(self, found: Listed) -> _Verdict:
        if self._whole is not None and self._file is not None:
            return _Verdict(*self._whole.read(self._file))
        if found.path.endswith(".gz") and found.size <= EMPTY_GZIP:
            return _Verdict(False, "empty: a gzip of nothing, as a dump that failed leaves it")
        return read_whole(self.session.world().host, found.path)

    def _looked(self, found: Listed | None, verdict: _Verdict) -> Looked:
        table = self.session.settings.database
        assert table is not None  # nothing is sensed without it
        newest = None
        if found is not None:
            age_s = int(self.session.clock.now().timestamp()) - found.mtime
            newest = BackupFile(_name(found), found.size, age_s, verdict.whole, verdict.words)
        place = sanitise(" or ".join(filter(None, (table.backups, table.keep if table.name else ""))), limit=120)
        looked = backup_current(newest, place, table.backup_max_age, self._max_age_s)
        answers = reading(self.session.incident, "database.answers") if not looked.ok and table.keep else None
        if answers is None or answers.ok:
            return looked
        return replace(looked, seen=f"{looked.seen}; {IF_DOWN}")

    @property
    def _max_age_s(self) -> int:
        table = self.session.settings.database
        assert table is not None  # as above
        return seconds_of("backup_max_age", table.backup_max_age)

    def _newest(self) -> Listed | None:
        table = self.session.settings.database
        assert table is not None  # as above
        if self._whole is not None:
            self._file = self._whole.find()
            one = self._file
            return Listed(one.path, one.size, one.mtime) if one is not None else None
        files = listed(self.session.world().host, table.backups)
        return max(files, key=lambda one: (one.mtime, one.path), default=None)


def _name(found: Listed) -> str:
    return sanitise(os.path.basename(found.path), limit=120)


def read_whole(host: Host, path: str) -> _Verdict:
    """Whether the file can be read from its beginning to its end, by the program that made it."""
    if path.endswith(".gz"):
        return _try(host, ("gzip", "-t", path), "gzip -t")
    head = host.run(("head", "-c", str(len(DUMP_MAGIC)), path), env={"LC_ALL": "C"}, timeout_s=ASK_S)
    _check(host, head, "reading its beginning")
    if head.stdout != DUMP_MAGIC:
        return _Verdict(False, "not checked: neither .gz nor a custom dump of PostgreSQL")
    contents = _try(host, ("pg_restore", "--list", path), "pg_restore --list")
    if not contents.whole:
        return contents
    # The list stands at the beginning: a file that was cut off still has it. Only restoring reads all of it.
    return _try(host, ("pg_restore", "--file=/dev/null", path), "pg_restore reads it whole", "pg_restore")


def _try(host: Host, argv: tuple[str, ...], name: str, short: str = "") -> _Verdict:
    short = short or name
    try:
        result = host.run(argv, env={"LC_ALL": "C"}, timeout_s=READ_S)
    except CommandFailed as error:
        return _Verdict(False, f"not checked: {error.title}", final=False)
    if result.timed_out:
        return _Verdict(False, f"not checked: {short} took longer than {READ_S / 3600:.0f} h")
    if result.exit_status == 0:
        return _Verdict(True, name if short != name else f"{name} passes")
    if result.exit_status in (126, 127):
        return _Verdict(False, f"not checked: {argv[0]} cannot be started on {host.name}", final=False)
    return _Verdict(False, f"{short} fails: {last_words(result) or f'exit status {result.exit_status}'}")


def _check(host: Host, result: CommandResult, doing: str) -> None:
    if result.timed_out:
        raise GoaroundError(f"{doing} on {host.name} took longer than {ASK_S:.0f} s")
    if result.exit_status != 0:
        raise GoaroundError(f"{doing} on {host.name} failed", last_words(result) or f"exit status {result.exit_status}")
