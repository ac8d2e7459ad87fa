"""A cockpit that somebody stops and lets go on, as an overloaded machine's keeper or a debugger does."""

from __future__ import annotations

import os
import signal

from process_looks import status_of
from terminals import GOAROUND, terminal
from tiny_system import Tiny, environment
from waiting import until

ENTERS = b"\x1b[?1049h"
"""The terminal's other screen."""


def test_a_cockpit_that_was_stopped_goes_on_and_leaves(tiny: Tiny) -> None:
    """It comes back to the terminal each time, hears its keys, and ends when it is told to: by `q`, and by SIGTERM."""
    for last, status in ((b"q", 0), (b"", 143)):
        command = (*GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store))
        with terminal(80, 24, environment(tiny), *command) as line:
            line.sees("Enter declare")
            for _ in range(3):
                pid, seen = line.program.pid, len(line.output)
                os.kill(pid, signal.SIGSTOP)
                until(lambda pid=pid: status_of(pid) == "T", "it does not stop")  # type: ignore[misc]  # bound
                os.kill(pid, signal.SIGCONT)
                until(lambda seen=seen: ENTERS in line.output[seen:], "it does not come back")  # type: ignore[misc]
            if last:
                line.write(last)
            else:
                line.program.send_signal(signal.SIGTERM)
            assert line.wait() == status
