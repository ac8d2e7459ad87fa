"""The cockpit's side of running: one worker process per cockpit, in a session of its own, that outlives the cockpit.

The worker is started early and stays, so that a step begins at once. The intent is committed here, with the worker's
process id, before the worker is told. Its journal entries are what counts; the pipe only wakes and is woken.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from actions.engine.processes import alive, at_work, end_session, reused, start_time
from actions.model.errors import GoaroundError, Refused
from actions.model.points import point


class Worker:
    """A worker process that waits for orders on its standard input."""

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        log_descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_descriptor,
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            raise GoaroundError(
                "the worker process cannot be started",
                str(error),
                "free processes or memory of this machine, run it again",
            ) from error
        finally:
            os.close(log_descriptor)
        self.pid = self._process.pid
        self.started = start_time(self.pid)

    def usable(self) -> bool:
        """Whether it still takes orders."""
        # A dying process with several threads is a zombie for a moment before it can be waited for.
        return self._process.poll() is None and alive(self.pid, self.started)

    def order(self, **order: str | int) -> None:
        """Send one order. Raises GoaroundError when the worker is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise GoaroundError("the worker process is gone", str(error), "its step is looked into") from error

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until it has said something (it says a line when it is ready and after every order)."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        return bool(ready) and bool(os.read(self._process.stdout.fileno(), 4096))

    def let_go(self) -> None:
        """Close the pipe: it ends when its present order is done."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # it is gone already
        # Not waited for: a running step outlives the cockpit. Reaped here when it ends while we live.
        threading.Thread(target=self._process.wait, daemon=True).start()


class Runner:
    """Starts runs in the worker, ends them, and says what became of them."""

    def __init__(self, worker_argv: Sequence[str], log: Path) -> None:
        self._argv = tuple(worker_argv)
        self._log = log
        self._worker: Worker | None = None
        self._asked: tuple[int, Worker] | None = None
        self._lock = threading.Lock()

    def warm(self) -> Worker:
        """The worker, started when there is none that takes orders."""
        with self._lock:
            if self._worker is not None and not self._worker.usable():
                self._worker.let_go()
                self._worker = None
            if self._worker is None:
                self._worker = Worker(self._argv, self._log)
            return self._worker

    def start(self, commit_intent: Callable[[int, int], int]) -> int:
        """Commit the intent (given the worker's pid and start time, giving the run's number), then tell the worker."""
        worker = self.warm()
        point("engine.before_intent")
        try:
            number = commit_intent(worker.pid, worker.started)
            point("engine.after_intent")
            worker.order(do="run", run=number)
        except Refused:
            raise
        except BaseException:
            # The intent may be on record: a worker that was told nothing must not look as if it were at work.
            self.close()
            raise
        return number

    def resolve(self, number: int, actor: str) -> None:
        """Have the worker ask the world about a run whose end was lost."""
        worker = self.warm()
        self._asked = (number, worker)
        worker.order(do="resolve", run=number, actor=actor)

    def asking(self, number: int) -> bool:
        """Whether a worker that lives has been told to ask about this run."""
        return self._asked is not None and self._asked[0] == number and self._asked[1].usable()

    def wait_answer(self, timeout_s: float) -> bool:
        """Wait for a sign of life from the worker; True when there was one."""
        worker = self._worker
        return worker is not None and worker.wait_ready(timeout_s)

    def close(self) -> None:
        """Let the worker go; a running step ends by itself."""
        with self._lock:
            if self._worker is not None:
                self._worker.let_go()
                self._worker = None


def run_lives(pid: int, started: int) -> bool:
    """Whether the worker of a run is still there."""
    return alive(pid, started)


def orphans(pid: int, started: int, since_ms: int = 0) -> tuple[int, ...]:
    """Commands of a dead worker's run that are still at work: they must end before the world is asked.

    ``since_ms``: when the run began, in monotonic milliseconds of this boot.
    """
    if alive(pid, started) or reused(pid, started):
        return ()
    return tuple(at_work(pid, since_ms))


def terminate(pid: int, started: int, since_ms: int = 0, grace_s: float = 8.0) -> None:
    """End a running step: its worker is asked (TERM) and cleans up; what is left after the grace is killed."""
    if alive(pid, started):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)  # a stopped worker would not hear it
        deadline = time.monotonic() + grace_s
        while alive(pid, started) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not alive(pid, started) and not orphans(pid, started, since_ms):
            return
    if not reused(pid, started):
        end_session(pid, leader=alive(pid, started), since_ms=since_ms)
