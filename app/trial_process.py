"""Which process makes a trial, and whether the one that a comment names is still at it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from actions.engine.processes import alive, start_time
from actions.model.clock import Clock
from actions.model.trial import Trial


def this_trial(clock: Clock) -> Trial:
    """The trial of this process."""
    pid = os.getpid()
    node = re.sub(r"[^A-Za-z0-9._-]", "_", os.uname().nodename)[:64] or "unknown"
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        space = 0
    return Trial(f"{clock.now():%m%d%H%M%S}_{pid}", node, space, clock.boot(), pid, start_time(pid))


def lives(trial: Trial, here: Trial) -> bool | None:
    """Whether its process still runs; None: that cannot be told from ``here`` (another machine or container)."""
    if trial.node != here.node:
        return None
    if trial.boot != here.boot:
        return False  # of this machine, before it was started anew
    if trial.space != here.space:
        return None
    return alive(trial.pid, trial.started)
