"""Loads the libraries that gateways import when they are first used; for a worker that wants to begin at once."""

from __future__ import annotations

import importlib


def load_libraries(*, engine: bool) -> None:
    """Import httpx, and docker where an engine is used, now instead of in the middle of a step."""
    for name in ("httpx", *(("docker",) if engine else ())):
        importlib.import_module(name)
