"""Under which login somebody acts in the folder of a demo: its people are made up, and the first of them flies."""

from __future__ import annotations

from pathlib import Path

from app.places import DEMO_MARKER

DEMO_PILOT = "ops1"


def acting_as(folder: Path) -> str:
    """``ops1`` in a demo's folder, else empty: the login of the operating system counts."""
    if not (folder / DEMO_MARKER).exists():
        return ""  # what makes a demo is not loaded for a real system
    from app import demo_compose, demo_system

    return DEMO_PILOT if demo_system.is_demo_folder(folder) or demo_compose.is_stack_folder(folder) else ""
