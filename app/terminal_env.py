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
    _load_event_loop()


def _load_event_loop() -> None:
    """Load the event loop without TLS, as it allows: ours carries keys only, and TLS loads when a probe needs it."""
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # how a module is marked as not there
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]


def ascii_only() -> bool:
    """Whether the terminal's encoding cannot show our glyphs."""
    return "utf" not in (sys.stdout.encoding or "").lower()
