"""Follows a log file from its end, through rotation, truncation and absence; lines are made in ``logs``.

A local file is held open, so what is written to it after it was renamed is still read. A file of another host
is asked for its size once a second and read from where we are: a lost connection costs nothing, a rotation
between two looks may, and the pane says so.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from actions.gateways.logs import Batches, Emit, LineMaker, notice
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import Host, LogLine
from actions.model.secret import Redactor

FIRST_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1024
LOCAL_LOOK_S = 0.2
REMOTE_LOOK_S = 1.0
REMOTE_DEADLINE_S = 15.0
LOCAL_BACKLOG = 16 * 1024 * 1024
REMOTE_BACKLOG = 1024 * 1024
"""Bytes that may wait to be read; what is beyond is skipped, and the pane says how much."""


class FileView(Protocol):
    """A file by its path, whichever it is at the moment, and the one that is being read."""

    survives_rename: bool
    backlog: int
    look_s: float

    def look(self) -> tuple[str, int] | None:
        """Identity and size of what the path names now, or None. Raises ``OSError`` or ``GoaroundError``."""

    def open(self) -> None:
        """Read what the path names now from here on."""

    def read(self, offset: int, limit: int) -> bytes:
        """Bytes of the opened file from an offset; empty at its end."""

    def close(self) -> None: ...


class FileTail:
    """A log file of a host as ``logs.LogSource``: its last 256 KiB, then whatever is added."""

    def __init__(self, host: Host, path: str, name: str = "", redactor: Redactor | None = None) -> None:
        self._name = sanitise(name or os.path.basename(path) or path)  # a path of the host
        self._view: FileView = LocalView(path) if host.name == "local" else RemoteView(host, path)
        self._path = sanitise(path)
        self._redactor = redactor
        self._lines = LineMaker(self._name, redactor)
        self._identity = ""
        self._offset = 0
        self._trouble = ""
        self._skipping = False
        self._from_start = False
        self._old_cut = False
        self._old_until = 0
        """What stands before this offset was there when we came."""

    @property
    def name(self) -> str:
        """How the pane calls it."""
        return self._name

    @property
    def trouble(self) -> str:
        """See ``logs.LogSource.trouble``."""
        return self._trouble

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """See ``logs.LogSource.run``."""
        batches = Batches(emit)
        try:
            while not stop.is_set():
                more = self._turn(batches)
                batches.flush(all_of_it=not more)
                if not more:
                    stop.wait(self._view.look_s)
            batches.add(self._lines.finish())
            batches.flush(all_of_it=True)
        finally:
            self._view.close()

    def _turn(self, batches: Batches) -> bool:
        """Look once and read a chunk; whether there is more at once."""
        out: list[LogLine] = []
        try:
            return self._follow(self._view.look(), out)
        except (OSError, GoaroundError) as error:
            why = error.line() if isinstance(error, GoaroundError) else error.strerror or str(error)
            self._tell(f"{self._path} cannot be read: {why}; trying on", out)
            return False
        finally:
            batches.add(out)

    def _follow(self, seen: tuple[str, int] | None, out: list[LogLine]) -> bool:
        if seen is None:
            self._from_start = True  # whatever comes in its place is new, from its first byte
            self._finish_old(out)
            self._tell(f"{self._path} is not there; waiting for it", out)
            return False
        identity, size = seen
        if identity != self._identity:
            self._switch(identity, size, out)
        elif size < self._offset:
            out += self._lines.finish()
            out.append(notice(self._name, f"{self._path} was truncated; reading from its start"))
            self._view.open()
            self._offset = self._old_until = 0
        elif self._trouble:
            out.append(notice(self._name, f"{self._path} can be read again"))
        self._trouble = ""
        if size - self._offset > self._view.backlog:
            self._skip(size, out)
        known = self._old_until - self._offset
        limit = min(CHUNK_BYTES, known) if known > 0 else CHUNK_BYTES
        chunk = self._view.read(self._offset, limit) if self._offset < size else b""
        self._take(chunk, out)
        return bool(chunk) and self._offset < size

    def _take(self, chunk: bytes, out: list[LogLine]) -> None:
        self._offset += len(chunk)
        lines = self._lines.feed(self._whole(chunk))
        out += [replace(line, old=True) for line in lines] if self._offset <= self._old_until else lines

    def _switch(self, identity: str, size: int, out: list[LogLine]) -> None:
        """The path names another file than before (or one for the first time)."""
        was_followed = bool(self._identity)
        self._finish_old(out)
        self._view.open()
        if self._old_cut:
            text = f"{self._path} is a new file; up to {self._view.look_s:g} s of the old one may be missing here"
            out.append(notice(self._name, text))
        elif was_followed:
            out.append(notice(self._name, f"{self._path} was rotated; reading the new file"))
        elif self._trouble:
            out.append(notice(self._name, f"{self._path} is there now"))
        self._identity, self._old_cut = identity, False
        self._offset = 0 if self._from_start else max(0, size - FIRST_BYTES)
        self._old_until = 0 if self._from_start else size
        self._from_start = True
        self._skipping = self._offset > 0

    def _finish_old(self, out: list[LogLine]) -> None:
        """Read what can still be read of the file that the path no longer names."""
        if not self._identity:
            return
        if self._view.survives_rename:
            while chunk := self._view.read(self._offset, CHUNK_BYTES):
                self._take(chunk, out)
        else:
            # A file that is not held open may be gone, and its number be given to another one.
            self._identity, self._old_cut = "", True
        out += self._lines.finish()

    def _skip(self, size: int, out: list[LogLine]) -> None:
        begin = size - FIRST_BYTES
        text = f"{begin - self._offset} bytes skipped here: {self._path} grows faster than it can be shown"
        out += self._lines.finish()
        out.append(notice(self._name, text))
        self._offset, self._skipping = begin, True

    def _whole(self, chunk: bytes) -> bytes:
        """Without the end of a line whose beginning was not read."""
        if not self._skipping:
            return chunk
        _, newline, rest = chunk.partition(b"\n")
        self._skipping = not newline
        return rest

    def _tell(self, text: str, out: list[LogLine]) -> None:
        """A trouble, once until it is another one or over."""
        if text != self._trouble:
            self._trouble = text
            out.append(notice(self._name, text))


class LocalView:
    """A file of this machine, held open."""

    survives_rename = True
    backlog = LOCAL_BACKLOG
    look_s = LOCAL_LOOK_S

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle = -1

    def look(self) -> tuple[str, int] | None:
        """See ``FileView.look``."""
        try:
            found = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is no ordinary file")
        return f"{found.st_dev}:{found.st_ino}", found.st_size

    def open(self) -> None:
        """See ``FileView.open``."""
        # Without O_NONBLOCK, a pipe put in the file's place at this moment would hold us for ever.
        handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.close()
        self._handle = handle

    def read(self, offset: int, limit: int) -> bytes:
        """See ``FileView.read``."""
        return os.pread(self._handle, limit, offset)

    def close(self) -> None:
        """Let the file go."""
        if self._handle >= 0:
            with suppress(OSError):
                os.close(self._handle)
        self._handle = -1


class RemoteView:
    """A file of another host, asked by ``stat`` and read by ``tail``."""

    survives_rename = False
    backlog = REMOTE_BACKLOG
    look_s = REMOTE_LOOK_S

    def __init__(self, host: Host, path: str) -> None:
        self._host = host
        self._path = path
        self._chunk = (0, b"")

    def look(self) -> tuple[str, int] | None:
        """See ``FileView.look``."""
        argv = ("stat", "-L", "-c", "%d:%i %s %f", "--", self._path)
        result = self._host.run(argv, env={"LC_ALL": "C"}, timeout_s=REMOTE_DEADLINE_S)
        if result.timed_out:
            raise OSError(f"no answer within {REMOTE_DEADLINE_S:g} s")
        if result.exit_status != 0:
            words = sanitise(result.stderr)
            if "No such file" in words or "Not a directory" in words:
                return None
            raise OSError(words or f"stat ends with {result.exit_status}")
        identity, size, mode = result.stdout.decode("ascii", "replace").split()
        if not stat.S_ISREG(int(mode, 16)):
            raise OSError("it is no ordinary file")
        return identity, int(size)

    def open(self) -> None:
        """See ``FileView.open``: nothing is held open."""
        self._chunk = (0, b"")

    def read(self, offset: int, limit: int) -> bytes:
        """See ``FileView.read``. One command fetches all there is, since each costs a round trip."""
        start, data = self._chunk
        if not start <= offset < start + len(data):
            argv = ("tail", "-c", f"+{offset + 1}", "--", self._path)
            # Collected here: the result keeps the newest bytes of a long output, we need those at the offset.
            taken = bytearray()

            def take(stream: str, chunk: bytes) -> None:
                if stream == "stdout" and len(taken) < 2 * REMOTE_BACKLOG:
                    taken.extend(chunk)

            result = self._host.run(argv, timeout_s=REMOTE_DEADLINE_S, on_output=take)
            if result.timed_out or result.exit_status != 0:
                raise OSError(sanitise(result.stderr) or f"tail ends with {result.exit_status}")
            start, data = self._chunk = (offset, bytes(taken))
        return data[offset - start : offset - start + limit]

    def close(self) -> None:
        """See ``FileView.close``."""
