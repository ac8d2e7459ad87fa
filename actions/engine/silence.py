"""How long a running step has said nothing, by the growth of its output file, on the monotonic clock.

What is done about silence (flagging it, never ending the step) is left to the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actions.model.clock import Clock, elapsed_ms, parse_stamp
from actions.model.incident import Run

_JUMP_MS = 2000
"""Wall and monotonic clock may differ by this much over a run before the wall clock counts as having jumped."""


@dataclass(eq=False, repr=False)
class Heard:
    """What was last heard of one run. Made anew by whoever attaches."""

    run: int = 0
    size: int = -1
    at_ms: int = 0
    flagged_at_ms: int = -1
    """The last sound after which silence was flagged."""
    flagged_s: int = 0

    def silence_s(self, run: Run, spool: Path, clock: Clock) -> int:
        """Whole seconds since its output file last grew; since its start when nothing was ever written."""
        now = clock.monotonic_ms()
        try:
            info = spool.stat()
            size, written = info.st_size, info.st_mtime
        except OSError:
            size, written = 0, 0.0
        if self.run != run.number:
            self.run, self.size = run.number, size
            self.at_ms = now - _so_far(run, size, written, clock)
            self.flagged_at_ms = -1
        elif size != self.size:
            self.size, self.at_ms = size, now
        return max(0, now - self.at_ms) // 1000

    def due(self, quiet_s: int, limit_s: int, recorded_s: int) -> bool:
        """Whether this silence is to be recorded: once when it passes the limit, then each time it grows by that."""
        if self.flagged_at_ms == self.at_ms:
            due = quiet_s >= self.flagged_s + max(1, limit_s)
        elif self.flagged_at_ms == -1 and recorded_s:
            # Flagged before we attached, maybe this same silence.
            due = not recorded_s <= quiet_s < recorded_s + max(1, limit_s)
        else:
            due = True
        if due:
            self.flagged_at_ms, self.flagged_s = self.at_ms, quiet_s
        return due


def _so_far(run: Run, size: int, written: float, clock: Clock) -> int:
    """Milliseconds of silence when it is first looked at: the file's time counts only if the wall clock was steady."""
    since_start = elapsed_ms(clock, run.started, run.started_mono, run.boot)
    if not size:
        return since_start
    by_wall = (clock.now() - parse_stamp(run.started)).total_seconds() * 1000
    if abs(by_wall - since_start) > _JUMP_MS:
        return 0
    return max(0, min(since_start, round((clock.now().timestamp() - written) * 1000)))
