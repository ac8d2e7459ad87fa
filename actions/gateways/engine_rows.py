"""Tells which containers of the engine's list are meant; what is asked of each is left to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROJECT = "com.docker.compose.project"


def is_called(row: Mapping[str, Any], text: str) -> bool:
    """Whether this text stands in one of its names, or its Compose project is called so."""
    named = any(text in str(name) for name in row.get("Names") or ())
    return named or (row.get("Labels") or {}).get(PROJECT) == text
