"""Tells which containers of the engine's list are meant; what is asked of each is left to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROJECT = "com.docker.compose.project"
PREVIEW = "coolify.pullRequestId"
"""Coolify's label of a container; 0: it is the application itself, else the preview of a pull request."""


def is_called(row: Mapping[str, Any], text: str) -> bool:
    """Whether this text stands in one of its names, or its Compose project is called so.

    Previews of a Coolify application bear its name, too, and are another system: they are never meant.
    """
    labels = row.get("Labels") or {}
    if str(labels.get(PREVIEW) or "0") != "0":
        return False
    named = any(text in str(name) for name in row.get("Names") or ())
    return named or labels.get(PROJECT) == text
