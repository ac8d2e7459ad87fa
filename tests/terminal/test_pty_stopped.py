"""A cockpit that somebody stops and lets go on, as an overloaded machine's keeper or a debugger does."""

from __future__ import annotations

import os
import signal
import time

import pytest
from process_looks import status_of
from terminals import GOAROUND, Terminal, terminal
from tiny_system import Tiny, environment
from waiting import until

ENTERS = b"\x1b[?1049h"
"""The terminal's other screen."""


def painted_anew(line: Terminal, before: int) -> bool:
    """The terminal's other screen is entered, and everything is drawn on it."""
    return b"Enter declare" in line.output[before:].rpartition(ENTERS)[2] and ENTERS in line.output[before:]


@pytest.mark.parametrize(("last", "status"), [(b"q", 0), (b"", 143)])
def test_a_cockpit_that_was_stopped_goes_on_and_leaves(tiny: Tiny, last: bytes, status: int) -> None:
    """It comes back to the terminal each time, hears its keys, and ends when it is told to: by `q`, and by SIGTERM."""
    with terminal(
        80, 24, environment(tiny), *GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store)
    ) as line:
        line.sees("Enter declare")
        for _ in range(3):
            pid, seen = line.program.pid, len(line.output)
            os.kill(pid, signal.SIGSTOP)
            until(lambda pid=pid: status_of(pid) == "T", "it does not stop")  # type: ignore[misc]  # bound
            os.kill(pid, signal.SIGCONT)
            until(lambda seen=seen: painted_anew(line, seen), "it does not come back")  # type: ignore[misc]
        if last:
            line.write(last)
        else:
            line.program.send_signal(signal.SIGTERM)
        assert line.wait() == status


@pytest.mark.parametrize("stops", [signal.SIGSTOP, signal.SIGTSTP])
def test_stopped_in_the_middle_of_coming_back(tiny: Tiny, stops: signal.Signals) -> None:
    """At whatever moment it is stopped, it comes back and hears its keys, where the terminal was written too."""
    with terminal(
        80, 24, environment(tiny), *GOAROUND, "--config", str(tiny.config), "--store", str(tiny.store)
    ) as line:
        line.sees("Enter declare")
        for turn in range(60):
            os.kill(line.program.pid, stops)
            os.kill(line.program.pid, signal.SIGCONT)
            time.sleep(turn % 12 / 1000)

        def left() -> bool:  # what is typed while it leaves the terminal is thrown away
            if status_of(line.program.pid) == "T":  # SIGTSTP is heard after the SIGCONT that came with it
                os.kill(line.program.pid, signal.SIGCONT)
            else:
                line.write(b"q")
            return line.program.poll() is not None

        until(left, "it hears no key")
        assert line.wait() == 0
