"""Frozen dataclasses to plain JSON values and back; the one place that knows how a value is written down.

Understands str, int, bool, None, enums, ``X | None``, ``tuple[X, ...]``, ``dict[str, X]``, nested dataclasses, and
families: dataclasses that carry a ``kind`` class variable and are registered by it. Floats are refused: they have no
one canonical form. Fields that a newer version added and this one does not know are ignored on reading.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def to_json(value: Any) -> Any:
    """A value as plain JSON; a dataclass with a ``kind`` writes it as its first key."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {}
        kind = getattr(type(value), "kind", None)
        if isinstance(kind, str):
            out["kind"] = kind
        for field in dataclasses.fields(value):
            out[field.name] = to_json(getattr(value, field.name))
        return out
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no place in a record: {value!r}")


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def from_json(cls: type[T], data: Any, where: str = "value") -> T:
    """Build ``cls`` from plain JSON. Raises ValueError naming the field that does not fit."""
    return _decode(cls, data, where)  # type: ignore[no-any-return]  # the annotation decides the type at run time


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return data
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(kind), data, where)
    if origin is tuple:
        return _decode_tuple(get_args(kind), data, where)
    if origin in (dict, Mapping) or (origin is not None and issubclass(origin, Mapping)):
        if not isinstance(data, dict):
            raise ValueError(f"{where}: a table is needed")
        value_kind = get_args(kind)[1]
        return {str(key): _decode(value_kind, item, f"{where}.{key}") for key, item in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError:
            raise ValueError(f"{where}: {data!r} is none of {', '.join(str(m.value) for m in kind)}") from None
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, data, where)
    if kind is type(None):
        if data is not None:
            raise ValueError(f"{where}: nothing is expected here")
        return None
    if kind is bool and isinstance(data, bool):
        return data
    if kind is int and isinstance(data, int) and not isinstance(data, bool):
        return data
    if kind is str and isinstance(data, str):
        return data
    if kind is object:
        return data
    raise ValueError(f"{where}: {getattr(kind, '__name__', kind)} expected, got {type(data).__name__}")


def _decode_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    if isinstance(data, dict) and "kind" in data:
        for kind in rest:
            if getattr(kind, "kind", None) == data["kind"]:
                return _decode(kind, data, where)
        raise ValueError(f"{where}: unknown kind {data['kind']!r}")
    problem: ValueError | None = None
    for kind in rest:
        try:
            return _decode(kind, data, where)
        except ValueError as error:
            problem = problem or error
    raise problem or ValueError(f"{where}: no value fits")


def _decode_tuple(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    if not isinstance(data, list | tuple):
        raise ValueError(f"{where}: a list is needed")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_decode(kinds[0], item, f"{where}[{index}]") for index, item in enumerate(data))
    if len(data) != len(kinds):
        raise ValueError(f"{where}: {len(kinds)} values are needed, got {len(data)}")
    return tuple(
        _decode(kind, item, f"{where}[{index}]") for index, (kind, item) in enumerate(zip(kinds, data, strict=True))
    )


def _decode_dataclass(cls: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: a table is needed")
    hints = _hints(cls)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.name in data:
            given[field.name] = _decode(hints[field.name], data[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{where}.{field.name}: is missing")
    return cls(**given)
