"""Reads what a stranger answered as JSON: no depth, number or twin key in it can do harm or mislead.

Answers may hold floats and are never hashed, so the strict reader of our own records does not fit them.
"""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 64
"""Levels of nesting; a health answer has three."""
LONGEST_INTEGER = 100
"""Digits; Python's own limit speaks to programmers."""


def parse_answer(data: bytes) -> Any:
    """The JSON value in a body. Raises ValueError with the reason in a few words, whatever the bytes are."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    _check_depth(text)
    try:
        return json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant, parse_int=_bounded_integer)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("JSON nested too deep") from None


def dotted(value: Any, path: str) -> Any:
    """The value at ``a.b.0.c``; a number is a place in a list. Raises KeyError naming the missing part."""
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part[:9]) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(part)
    return value


def same(seen: Any, wanted: str | int | bool | None) -> bool:
    """Equal in value and in kind: ``1`` is not ``true``, and ``"1"`` is not ``1``."""
    return type(seen) is type(wanted) and bool(seen == wanted)


def _check_depth(text: str) -> None:
    """Nesting is bounded before the parser sees it, as its own limit depends on the stack it runs on."""
    depth = 0
    in_string = escaped = False
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    for char in text:
        if escaped:
            escaped = False
        elif in_string:
            escaped = char == "\\"
            in_string = char != '"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError("JSON nested too deep")
        elif char in "]}":
            depth -= 1


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("JSON with a key that stands twice")
        found[key] = value
    return found


def _bounded_integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise ValueError("JSON with a number of too many digits")
    return int(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"not JSON, it holds {name}")
