"""Named points at which a test may kill the process, to prove that nothing is lost there. Silent otherwise.

``GOAROUND_KILL_AT=journal.after_commit:3`` kills (SIGKILL) at the third passage of that point.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "journal.before_commit",
    "journal.after_commit",
    "engine.before_intent",
    "engine.after_intent",
    "step.before_effects",
    "effect.before",
    "effect.after",
    "step.after_effects",
    "engine.before_result",
    "engine.after_result",
)
"""Every point there is; a sweep goes over all of them."""

_passed: dict[str, int] = {}


def point(name: str) -> None:
    """Pass a named point; the process ends here when a test asked for it."""
    wanted = os.environ.get("GOAROUND_KILL_AT", "")
    if not wanted:
        return
    wanted_name, _, number = wanted.partition(":")
    if wanted_name != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] == int(number or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
