"""What Textual must know before it is imported: no animations, and fewer frames where every frame crosses a network."""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """Set Textual's environment for a calm screen. Values that are set already stay."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    for stale in ("COLUMNS", "LINES"):
        # Exported by a shell or a wrapper they would be believed before the terminal itself, for good.
        os.environ.pop(stale, None)
    if os.environ.get("TMUX") or os.environ.get("SSH_TTY"):
        os.environ.setdefault("TEXTUAL_FPS", "20")


def ascii_only() -> bool:
    """Whether the terminal's encoding cannot show our glyphs."""
    return "utf" not in (sys.stdout.encoding or "").lower()
