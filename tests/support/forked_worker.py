"""Runs a step in a process of its own, as a worker does: it can be killed, and so can what it has started.

It is forked from the test, so that it costs milliseconds; what was killed is waited for as the cockpit does, until
nothing of the dead worker is at work any more.
"""

from __future__ import annotations

import os
import pickle
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

from actions.engine.processes import session_members

DEADLINE_S = 60


class ForkedWorker:
    """A call that runs in a process of its own; `GOAROUND_KILL_AT` and the like go into its environment alone."""

    def __init__(self, call: Callable[[], Any], **environment: str) -> None:
        self._read, write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(write)
            return
        try:
            os.setsid()
            os.environ.update({**environment, "GA_WORKER": str(os.getpid())})
            told = pickle.dumps((call(), ""))
        except BaseException:  # noqa: BLE001 - told to the test, where it is raised
            told = pickle.dumps((None, traceback.format_exc()))
        os.write(write, told)
        os._exit(0)

    def kill(self) -> None:
        """Now."""
        os.kill(self.pid, signal.SIGKILL)

    def alive(self) -> bool:
        """Whether it has not ended."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def end(self, *, others: bool = True) -> Any:
        """What the call gave, or None where the worker was killed. `others`: what it started has ended, too."""
        told = b""
        while chunk := os.read(self._read, 65536):
            told += chunk
        os.close(self._read)
        _, status = os.waitpid(self.pid, 0)
        deadline = time.monotonic() + DEADLINE_S
        while others and session_members(self.pid):
            assert time.monotonic() < deadline, "what a dead worker started stays at work"
            time.sleep(0.01)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return None
        result, problem = pickle.loads(told)
        assert not problem, problem
        return result
