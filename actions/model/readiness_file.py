"""The file in which CI and people say what was done before a release was deployed: its name, and what it says. Pure.

``{"items": {"V1": {"ok": true, "seen": "99.4 %", "by": "ci", "at": "2026-10-02T09:00:00Z"}}}``: an item is named by its
code or its text. Reading the file, and making its texts safe, is left to others.
"""

from __future__ import annotations

import json
import re
from typing import Any

from actions.model.errors import BadInput
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release

MOST_BYTES = 256 * 1024
MOST_ITEMS = 500
_SHAPE = '{"items": {"V1": {"ok": true, "seen": "99.4 %", "by": "ci", "at": "2026-10-02T09:00:00Z"}}}'


@dataclass(frozen=True)
class Said:
    """What the file says of one item. Texts as they stand there: not safe for a terminal yet."""

    ok: bool
    seen: str = ""
    by: str = ""
    at: str = ""


def file_of(template: str, release: Release | None) -> tuple[str, str]:
    """The path for a release, or empty and why there is none. What goes in may hold no way to another folder."""
    path = template
    for word in dict.fromkeys(re.findall(r"\{(\w+)\}", template)):
        if release is None:
            return "", "not known which release it is for"
        value = release.commit if word == "sha" else release.name
        value = value.replace("/", "-")
        if not value:
            return "", f"{release.name} has no {word}"
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", value):
            return "", f"the name of {release.name} cannot stand in a path"
        path = path.replace(f"{{{word}}}", value)
    return path, ""


def of_release(template: str) -> bool:
    """Whether each release has a file of its own."""
    return "{" in template


def parse(content: bytes, path: str) -> dict[str, Said]:
    """What it says, by code or text as written. Raises BadInput, one clear line that names file and place."""
    try:
        data = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once_each)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8, at byte {error.start}", "", "write it anew") from error
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno}:{error.colno}: no JSON: {error.msg}", "", f"as in {_SHAPE}") from error
    except RecursionError as error:
        raise BadInput(f"{path}: nested too deeply", "", f"as in {_SHAPE}") from error
    except _Twice as error:  # of two that wrote to it the second would take back what the first left out
        raise BadInput(
            f"{path}: {sanitise(str(error), limit=60)!r} stands twice in one object", "", "keep one"
        ) from None
    except ValueError as error:  # a number that Python does not take
        raise BadInput(f"{path}: a number of too many digits", "", f"as in {_SHAPE}") from error
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, dict):
        raise BadInput(f'{path}: "items" is missing or no object', "", f"as in {_SHAPE}")
    if len(items) > MOST_ITEMS:
        raise BadInput(f"{path}: {len(items)} items; {MOST_ITEMS} at most", "", "leave out what the document lacks")
    return {name: _said(value, f"{path}: items.{sanitise(name, limit=60)}") for name, value in items.items()}


class _Twice(ValueError):
    """A key that stands twice."""


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _said(value: Any, where: str) -> Said:
    if not isinstance(value, dict) or not isinstance(value.get("ok"), bool):
        raise BadInput(f'{where}: "ok" must be true or false', "", f"as in {_SHAPE}")
    for field in ("seen", "by", "at"):
        if not isinstance(value.get(field, ""), str):
            raise BadInput(f'{where}: "{field}" must be a text', "", f"as in {_SHAPE}")
    return Said(value["ok"], value.get("seen", ""), value.get("by", ""), value.get("at", ""))
