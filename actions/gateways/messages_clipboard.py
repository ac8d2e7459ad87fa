"""Puts a text where it can be pasted from, and says which way that was. The terminal's own way is the screen's."""

from __future__ import annotations

import os

from actions.gateways.local_host import LocalHost
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise

ANSWER_S = 5.0
OSC52_LIMIT = 74_994
"""Characters of base64 that terminals take at most."""


def in_tmux() -> bool:
    """Whether we run inside tmux."""
    return bool(os.environ.get("TMUX"))


def copy_to_tmux(text: str) -> tuple[bool, str]:
    """Load tmux's newest buffer, and have tmux pass it on where it may: (done, what was done or why not)."""
    data = text.encode("utf-8")
    host = LocalHost()
    try:
        # -w also hands it to the outer terminal, where set-clipboard allows; tmux before 3.2 does not know it.
        with_outer = host.run(("tmux", "load-buffer", "-w", "-"), stdin=data, timeout_s=ANSWER_S)
        done = with_outer
        if done.exit_status:
            done = host.run(("tmux", "load-buffer", "-"), stdin=data, timeout_s=ANSWER_S)
        if done.exit_status or done.timed_out:
            return False, f"tmux did not take it: {sanitise(done.stderr, limit=200) or 'no answer'}"
        asked = host.run(("tmux", "show-options", "-s", "-v", "set-clipboard"), timeout_s=ANSWER_S)
    except GoaroundError as error:
        return False, error.line()
    outer = with_outer.exit_status == 0 and asked.exit_status == 0 and asked.stdout.strip() != b"off"
    passed = "; the terminal's clipboard was asked to take it, too" if outer else ""
    return True, f"in tmux's buffer (paste with the prefix and ]){passed}"


def fits_terminal(text: str) -> bool:
    """Whether a terminal's clipboard takes so much through OSC 52."""
    return -(-len(text.encode("utf-8")) // 3) * 4 <= OSC52_LIMIT
