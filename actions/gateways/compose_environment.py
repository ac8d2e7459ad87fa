"""The variables that a resolved Compose configuration gives to its services. Values are secrets: for marks only."""

from __future__ import annotations

from typing import Any

from actions.gateways.compose_config import parsed
from actions.model.outside_text import sanitise


def variables_of(text: str, directory: str = "") -> dict[str, str | None]:
    """``service.NAME`` -> value; None: passed on from a shell that is not known. Raises CommandFailed."""
    table = parsed(text.encode(), "json" if text.lstrip().startswith("{") else "yaml", directory)
    services = table.get("services")
    found: dict[str, str | None] = {}
    for service, entry in services.items() if isinstance(services, dict) else ():
        given = entry.get("environment") if isinstance(entry, dict) else None
        for name, value in _pairs(given):
            found[sanitise(f"{service}.{name}", limit=200)] = value
    return found


def variables_in(content: bytes) -> dict[str, str | None]:
    """Of what was kept as evidence. Raises CommandFailed."""
    return variables_of(content.decode("utf-8", "replace"))


def _pairs(given: Any) -> list[tuple[str, str | None]]:
    if isinstance(given, dict):
        return [(str(name), None if value is None else _text(value)) for name, value in given.items()]
    if isinstance(given, list):
        parts = [str(one).partition("=") for one in given]
        return [(name, value if mark else None) for name, mark, value in parts]
    return []


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
