"""Checks of single values of the configuration; each raises ``ValueError`` whose text names the key."""

from __future__ import annotations

import re


def within(key: str, value: int, low: int, high: int) -> None:
    """A number between two others, inclusive."""
    if not low <= value <= high:
        raise ValueError(f"{key}: must be between {low} and {high}, not {value}")


def plain(key: str, text: str, *, empty: bool = False, dash: bool = False) -> None:
    """A word that goes into an argv or a path: no control characters, no leading dash."""
    if not text and not empty:
        raise ValueError(f"{key}: must not be empty")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError(f"{key}: holds a control character")
    if text.startswith("-") and not dash:
        raise ValueError(f"{key}: must not begin with '-'")


def absolute(key: str, path: str, *, empty: bool = False) -> None:
    """A path that means the same everywhere: the worker's folder is not the operator's, and no shell reads it."""
    plain(key, path, empty=empty)
    if path and not path.startswith("/"):
        raise ValueError(f"{key}: an absolute path is needed (no '~', no variables), not {path!r}")


def check_url(key: str, url: str) -> None:
    """An http or https URL without a password in it."""
    plain(key, url)
    match = re.fullmatch(r"https?://([^/\s?#]+)(?:[/?#]\S*)?", url)
    if not match:
        raise ValueError(f"{key}: an http:// or https:// URL is needed, not {url!r}")
    place = match.group(1)
    if "@" in place:
        raise ValueError(f"{key}: must not hold a user or password; send a header with a value of ${{env:NAME}}")
    if not re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[^\[\]:]+)(?::[^:]*)?", place):
        raise ValueError(f"{key}: {place!r} is no host, or host:port")
    port = place.rpartition(":")[2] if ":" in place.rpartition("]")[2] else ""
    if port:
        if not port.isdigit():
            raise ValueError(f"{key}: the port must be a number, not {port!r}")
        within(key, int(port), 1, 65535)


def seconds_of(name: str, text: str) -> int:
    """A time such as ``90s``, ``15m``, ``24h`` or ``7d`` in seconds. Raises ValueError naming the field."""
    if not re.fullmatch(r"\d{1,6}[smhd]", text):
        raise ValueError(f'{name}: a time such as "90s", "15m", "24h" or "7d"')
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]]
