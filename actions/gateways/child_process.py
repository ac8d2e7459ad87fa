"""Runs one local child without a terminal and moves its bytes; what the child means is left to the hosts.

The child stays in the caller's session, so that whoever observes or ends a worker's session finds it there,
but leads a process group of its own: a deadline can end it with all it started, and a Ctrl-C at a terminal
does not reach it.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO

from actions.gateways.process_family import family, signal_members

CHUNK_BYTES = 64 * 1024
GRACE_S = 5.0
"""How long a child may take to end after SIGTERM before it gets SIGKILL."""
DRAIN_S = 1.0
"""How long output may still come after the child has ended: a daemon that kept the pipe must not hold us
up."""
POLL_S = 0.02
"""How often the child is looked at where the kernel cannot tell of its end (no pidfd)."""

OnBytes = Callable[[str, bytes], None]


class Newest:
    """The newest ``limit`` bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = bytearray()

    def add(self, chunk: bytes) -> None:
        """Append; the oldest bytes go once twice the limit is reached, so that copying stays rare."""
        self._bytes += chunk
        if len(self._bytes) > 2 * self._limit:
            del self._bytes[: -self._limit]

    def value(self) -> bytes:
        """What is kept, at most ``limit`` bytes."""
        return bytes(self._bytes[-self._limit :])


class ChildProcess:
    """A running child. Leaving the block ends it and its family if they still run.

    Raises whatever ``subprocess.Popen`` raises: ``OSError`` for a missing program or folder.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        with_stdin: bool = False,
        merge_stderr: bool = False,
        drop_stderr: bool = False,
    ) -> None:
        errors = subprocess.STDOUT if merge_stderr else subprocess.DEVNULL if drop_stderr else subprocess.PIPE
        # No preexec_fn: the interpreter then starts children by vfork, whose cost does not grow with our
        # memory.
        self._popen = subprocess.Popen(
            list(argv),
            cwd=cwd or None,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE if with_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            process_group=0,
        )
        self.pid = self._popen.pid
        self._selector = selectors.DefaultSelector()
        self._outputs: dict[IO[bytes], str] = {}
        self._to_feed = memoryview(b"")
        self._feeding = False
        self._close_after_feed = False
        self._source: Iterator[bytes] | None = None
        self._pidfd = -1
        self._drain_until: float | None = None
        for stream, name in ((self._popen.stdout, "stdout"), (self._popen.stderr, "stderr")):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_READ, name)
                self._outputs[stream] = name
        if self._popen.stdin is not None:
            os.set_blocking(self._popen.stdin.fileno(), False)
        # Absent off Linux, ENOSYS on old kernels: then the child is polled.
        with suppress(AttributeError, OSError):
            self._pidfd = os.pidfd_open(self.pid)
            self._selector.register(self._pidfd, selectors.EVENT_READ, "end")

    @property
    def exit_status(self) -> int | None:
        """The status, 128 + n after signal n; None while it runs."""
        code = self._popen.returncode
        return None if code is None else 128 - code if code < 0 else code

    def feed(self, data: bytes, *, last: bool, source: Iterator[bytes] | None = None) -> None:
        """Send bytes to the child's stdin while pumping; after the last ones it is closed.

        ``source``: what follows them, pulled as the child takes it; an empty chunk means that there is none yet. What
        it raises goes up through ``pump``.
        """
        if self._popen.stdin is None or self._popen.stdin.closed:
            return
        self._source = source
        self._to_feed = memoryview(bytes(self._to_feed) + data)
        self._close_after_feed = last
        if not self._feeding:
            self._feeding = True
            self._selector.register(self._popen.stdin, selectors.EVENT_WRITE, "stdin")

    def pump(self, on_bytes: OnBytes, deadline: float | None, until: Callable[[], bool] = lambda: False) -> bool:
        """Move bytes until the child has ended and its output is read, or ``until()``; False at the deadline.

        ``deadline`` is a ``time.monotonic()`` reading; it counts while the child runs: one that has ended is
        in time, however late a busy machine lets us look. A child that ended but whose output is held open
        by a process it left behind counts as ended ``DRAIN_S`` later.
        """
        while True:
            now = time.monotonic()
            if self._popen.poll() is not None:
                if self._drain_until is None:
                    self._drain_until = now + DRAIN_S
                if not self._outputs:
                    return True
            if until():
                return True
            if self._drain_until is not None:
                if now >= self._drain_until:
                    return True
            elif deadline is not None and now >= deadline:
                return False
            for key, _ in self._selector.select(self._patience(now, deadline)):
                if key.data == "stdin":
                    self._write()
                elif key.data == "end":
                    self._selector.unregister(self._pidfd)
                else:
                    self._read(key.fileobj, on_bytes)

    def _patience(self, now: float, deadline: float | None) -> float | None:
        """Seconds to wait for an event at most."""
        limit = deadline if self._drain_until is None else self._drain_until
        limits = [] if limit is None else [limit - now]
        if self._pidfd < 0:
            limits.append(POLL_S)
        return max(0.0, min(limits)) if limits else None

    def _read(self, fileobj: object, on_bytes: OnBytes) -> None:
        stream = next(each for each in self._outputs if each is fileobj)
        try:
            chunk = os.read(stream.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return
        if chunk:
            on_bytes(self._outputs[stream], chunk)
            return
        self._selector.unregister(stream)
        del self._outputs[stream]
        stream.close()

    def _write(self) -> None:
        stdin = self._popen.stdin
        assert stdin is not None
        if not self._to_feed and self._source is not None:
            chunk = next(self._source, None)
            self._source = None if chunk is None else self._source
            self._to_feed = memoryview(chunk or b"")
            if chunk == b"":
                return
        try:
            sent = os.write(stdin.fileno(), self._to_feed[:CHUNK_BYTES]) if self._to_feed else 0
        except BlockingIOError:
            return
        except BrokenPipeError:
            # The child does not want the rest; its exit status says whether that was right.
            self._to_feed, sent, self._close_after_feed, self._source = memoryview(b""), 0, True, None
        self._to_feed = self._to_feed[sent:]
        if not self._to_feed and self._source is None:
            self._selector.unregister(stdin)
            self._feeding = False
            if self._close_after_feed:
                stdin.close()

    def end(self, on_bytes: OnBytes) -> None:
        """End the child and what it started in this session: SIGTERM, ``GRACE_S`` to obey, then SIGKILL.

        A process that made a session of its own has chosen to outlive its caller and is left alone.
        """
        known = family(self.pid)
        signal_members(self.pid, known, signal.SIGTERM, leader_waits=self._popen.returncode is None)
        # A stopped process receives SIGTERM only when it goes on.
        signal_members(self.pid, known, signal.SIGCONT, leader_waits=self._popen.returncode is None)
        give_up = time.monotonic() + GRACE_S
        while time.monotonic() < give_up:
            ended = self.pump(on_bytes, min(give_up, time.monotonic() + 0.05))
            known = family(self.pid, known)
            if ended and not known:
                return
            if ended:
                time.sleep(0.05)  # the child is gone, its children are not: nothing announces their end
        signal_members(self.pid, known, signal.SIGKILL, leader_waits=self._popen.poll() is None)
        self.pump(on_bytes, time.monotonic() + GRACE_S)

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._popen.poll() is None:
                self.end(lambda _stream, _chunk: None)
        finally:
            self._selector.close()
            if self._pidfd >= 0:
                os.close(self._pidfd)
            for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            if self._popen.returncode is None:
                with suppress(subprocess.TimeoutExpired):  # only a child stuck in the kernel survives SIGKILL
                    self._popen.wait(timeout=GRACE_S)
