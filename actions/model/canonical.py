"""The one byte form of a value, for hashes and signatures (RFC 8785), and a JSON reader that accepts nothing
else.

Only what every program reads alike is let in: str, bool, None, int within ±(2^53-1), list, tuple, dict with
str keys. Floats are refused, because their shortest form is where canonical forms usually break; use a string
or whole units. Leaves what the values mean, and where hashes stand, to ``events`` and the journal.
"""

from __future__ import annotations

import hashlib
import json
import re
from json.encoder import encode_basestring
from typing import Any, NoReturn

from actions.model.outside_text import sanitise

LARGEST_INT = 2**53 - 1
DEEPEST = 100
"""Levels of list and dict that may stand in each other."""


def canonical_json(value: object) -> bytes:
    """RFC 8785 form of the value, UTF-8.

    Tuples become arrays; subclasses of str and int count as what they extend. Raises ValueError, naming the
    path (``$.a[3]``), for a float, an int beyond ±(2^53-1), a lone surrogate and nesting deeper than 100
    levels (so also for a value that holds itself); TypeError for any other type and for a key that is no str.
    """
    if _is_plain(value, DEEPEST):
        try:
            return _ENCODER.encode(value).encode("utf-8")
        except UnicodeEncodeError:
            pass  # the careful way says where
    parts: list[str] = []
    _write(value, "$", DEEPEST, parts)
    return "".join(parts).encode("utf-8")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
"""Writes what ``_is_plain`` lets through as ``_write`` does, several times faster: every event is hashed and stored."""


def _is_plain(value: object, levels_left: int) -> bool:
    """Whether the value is of the allowed types exactly, with keys whose order is the same in UTF-16."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -LARGEST_INT <= value <= LARGEST_INT  # type: ignore[operator]  # an int, as its type says
    if levels_left == 0:
        return False
    if kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]  # a dict, as its type says
            if type(key) is not str or not key.isascii() or not _is_plain(item, levels_left - 1):
                return False
        return True
    if kind is list or kind is tuple:
        return all(_is_plain(item, levels_left - 1) for item in value)  # type: ignore[attr-defined]  # a sequence
    return False


def sha256_hex(data: bytes) -> str:
    """Lower-case hexadecimal sha256, 64 characters."""
    return hashlib.sha256(data).hexdigest()


def content_hash(value: object) -> str:
    """``sha256_hex`` of ``canonical_json(value)``, with its errors."""
    return sha256_hex(canonical_json(value))


def _write(value: object, path: str, levels_left: int, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_string(value, path))
    elif value is None:
        parts.append("null")
    elif isinstance(value, bool):  # before int, of which bool is one
        parts.append("true" if value else "false")
    elif isinstance(value, int):
        if abs(value) > LARGEST_INT:
            raise ValueError(f"{path}: an int beyond ±(2^53-1) cannot be written exactly; use a string")
        parts.append(int.__repr__(value))
    elif isinstance(value, float):
        raise ValueError(f"{path}: a float has no place here; use a string or whole units")
    elif isinstance(value, (list, tuple, dict)):
        if levels_left == 0:
            raise ValueError(f"{_short(path)}: nested deeper than {DEEPEST} levels")
        if isinstance(value, dict):
            _write_object(value, path, levels_left - 1, parts)
        else:
            _write_array(value, path, levels_left - 1, parts)
    else:
        raise TypeError(f"{path}: {type(value).__name__} cannot be written as canonical JSON")


def _write_array(items: list[Any] | tuple[Any, ...], path: str, levels_left: int, parts: list[str]) -> None:
    parts.append("[")
    for index, item in enumerate(items):
        if index:
            parts.append(",")
        _write(item, f"{path}[{index}]", levels_left, parts)
    parts.append("]")


def _write_object(members: dict[Any, Any], path: str, levels_left: int, parts: list[str]) -> None:
    keyed: list[tuple[bytes, str, Any]] = []
    for key, item in members.items():
        if not isinstance(key, str):
            raise TypeError(f"{path}: a key is {type(key).__name__}, not str")
        _refuse_surrogates(key, f"{path}: a key")
        keyed.append((key.encode("utf-16-be"), key, item))
    keyed.sort(key=lambda entry: entry[0])  # RFC 8785 orders by UTF-16 code units, not by code points
    parts.append("{")
    for index, (_, key, item) in enumerate(keyed):
        if index:
            parts.append(",")
        parts.append(encode_basestring(key))
        parts.append(":")
        _write(item, f"{path}.{sanitise(key, limit=40)}", levels_left, parts)
    parts.append("}")


def _string(text: str, path: str) -> str:
    _refuse_surrogates(text, path)
    return encode_basestring(text)


def _refuse_surrogates(text: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        raise ValueError(f"{what} holds a lone surrogate at character {problem.start + 1}") from None


def _short(path: str) -> str:
    return path if len(path) <= 120 else path[:60] + "…" + path[-50:]


def loads_strict(text: str | bytes) -> Any:
    """The value of a JSON text, if ``canonical_json`` accepts that value; the text itself need not be
        canonical.

    Raises ValueError, saying what is wrong, for what is no JSON or no UTF-8 and for a duplicate key, NaN,
    Infinity, a number with fraction or exponent, an int beyond ±(2^53-1), a lone surrogate, or nesting deeper
    than 100 levels.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise ValueError(f"not UTF-8 at byte {problem.start + 1}") from None
    _refuse_deep(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_refuse_number,
            parse_int=_int,
            parse_constant=_refuse_number,
        )
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON at line {problem.lineno}, column {problem.colno}: {problem.msg}") from None
    # A surrogate can only come from the text itself or from an escape; most texts have neither.
    _refuse_surrogates(text, "the text")
    if _SURROGATE_ESCAPE.search(text):
        canonical_json(value)
    return value


_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_BRACKET_OR_STRING = re.compile(r'[\[{\]}]|"(?:[^"\\]|\\.)*+', re.DOTALL)


def _refuse_deep(text: str) -> None:
    """Counted before parsing, because the parser recurses and would end in a RecursionError."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    level = 0
    position = 0
    while found := _BRACKET_OR_STRING.search(text, position):
        position = found.end()
        sign = text[found.start()]
        if sign == '"':
            position += 1  # past the closing quote, which the pattern leaves so that it cannot fail
        elif sign in "[{":
            level += 1
            if level > DEEPEST:
                raise ValueError(f"nested deeper than {DEEPEST} levels at character {found.start() + 1}")
        else:
            level -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f'the key "{sanitise(key, limit=60)}" stands twice in one object')
            seen.add(key)
    return members


def _refuse_number(literal: str) -> NoReturn:
    raise ValueError(f"the number {sanitise(literal, limit=40)} is not a whole number written plainly")


def _int(literal: str) -> int:
    # By length first: turning a million digits into an int is slow, and Python refuses it in words of its
    # own.
    if len(literal) > 20 or abs(number := int(literal)) > LARGEST_INT:
        raise ValueError(f"the number {literal[:40]} is beyond ±(2^53-1)")
    return number
