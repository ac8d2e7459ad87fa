"""Writes the answer of a command to whoever reads it, and notices while it waits that nobody does any more."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections.abc import Callable

from actions.model.errors import GoaroundError

LONGEST_S = 24 * 3600.0
"""Waited at once: the system counts milliseconds in few bits."""


def put(text: str) -> None:
    """Lines, at once. Raises BrokenPipeError where the reader is gone, GoaroundError where they cannot be written."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written(error) from error


def not_written(error: OSError) -> GoaroundError:
    """What is told where a write to the standard output failed; nothing more is written there."""
    # What waits to be written would be tried again at the end, and fail once more.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return GoaroundError(
        "the answer cannot be written",
        error.strerror or str(error),
        "look at the disk, or the terminal, that it goes to",
        code="answer-not-written",
    )


def wait_while_read(seconds: float, sleep: Callable[[float], None]) -> None:
    """So long; through a pipe no longer than somebody reads it: then BrokenPipeError. ``sleep``: where there is none.

    Whoever writes is told by the write; whoever has nothing to tell for days would stay for ever.
    """
    try:
        number = sys.stdout.fileno()
        mode = os.fstat(number).st_mode
    except (OSError, ValueError):
        sleep(seconds)
        return
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        sleep(seconds)
        return
    reader = select.poll()
    reader.register(number, 0)  # that it is gone is told unasked
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if reader.poll(min(left, LONGEST_S) * 1000):
            raise BrokenPipeError
