"""Frozen dataclasses to plain JSON values and back; the one place that knows how a value is written down.

Understands str, int, bool, None, enums, ``X | None``, ``tuple[X, ...]``, ``dict[str, X]``, nested dataclasses, and
families: dataclasses that carry a ``kind`` class variable and are registered by it. Floats are refused: they have no
one canonical form. Fields that a newer version added and this one does not know are ignored on reading.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

T = TypeVar("T")
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def later(default: T) -> T:
    """The default of a field that was added after its class had been written into records.

    While it has this value it is not written: what was recorded without it is written again, and hashed, as it was.
    """
    field: T = dataclasses.field(default=default, metadata={"later": True})
    return field


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
            item = getattr(value, field.name)
            if not (field.metadata and field.metadata.get("later") and item == field.default):
                out[field.name] = to_json(item)
        return out
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no place in a record: {value!r}")


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """As ``typing.get_type_hints``, which takes ten times as long for what is written here."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        names = sys.modules[base.__module__].__dict__
        for name, written in inspect.get_annotations(base).items():
            hints[name] = eval(written, names) if isinstance(written, str) else written  # our own source
    return hints


class _Misfit(ValueError):
    """A value that does not fit, and its place from the innermost outward."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.place: list[str] = []


Reader = Callable[[Any], Any]
"""Plain JSON to a value; made once for each annotation, because journals are long."""


def from_json(cls: type[T], data: Any, where: str = "value") -> T:
    """Build ``cls`` from plain JSON. Raises ValueError naming the field that does not fit."""
    try:
        return _reader(cls)(data)  # type: ignore[no-any-return,arg-type]  # the annotation decides at run time
    except _Misfit as misfit:
        raise ValueError(f"{where}{''.join(reversed(misfit.place))}: {misfit}") from None


@functools.cache
def _reader(kind: Any) -> Reader:
    origin = get_origin(kind)
    if kind is Any or kind is object:
        return lambda data: data
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin in (Union, types.UnionType):
        return _union(get_args(kind))
    if origin is Literal:
        return _one_of(get_args(kind))
    if origin is tuple:
        return _tuple(get_args(kind))
    if origin is not None and issubclass(origin, Mapping):
        return _table(get_args(kind)[1])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind)
    if dataclasses.is_dataclass(kind):
        return _value(kind)

    def nothing(data: Any) -> Any:
        raise _unexpected(kind, data)

    return nothing


def _unexpected(kind: Any, data: Any) -> _Misfit:
    return _Misfit(f"{getattr(kind, '__name__', kind)} expected, got {type(data).__name__}")


def _text(data: Any) -> Any:
    if isinstance(data, str):
        return data
    raise _unexpected(str, data)


def _whole(data: Any) -> Any:
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    raise _unexpected(int, data)


def _truth(data: Any) -> Any:
    if isinstance(data, bool):
        return data
    raise _unexpected(bool, data)


def _none(data: Any) -> Any:
    if data is None:
        return None
    raise _Misfit("nothing is expected here")


_PLAIN: dict[Any, Reader] = {str: _text, int: _whole, bool: _truth, type(None): _none}


def _member(kind: type[Enum]) -> Reader:
    def read(data: Any) -> Any:
        try:
            return kind(data)
        except ValueError:
            raise _Misfit(f"{data!r} is none of {', '.join(str(m.value) for m in kind)}") from None

    return read


def _one_of(words: tuple[Any, ...]) -> Reader:
    def read(data: Any) -> Any:
        if isinstance(data, str) and data in words:
            return data
        raise _Misfit(f"{data!r} is none of {', '.join(map(str, words))}")

    return read


def _table(kind: Any) -> Reader:
    inner = _reader(kind)

    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit("a table is needed")
        out: dict[str, Any] = {}
        for key, item in data.items():
            try:
                out[str(key)] = inner(item)
            except _Misfit as misfit:
                misfit.place.append(f".{key}")
                raise
        return out

    return read


def _union(kinds: tuple[Any, ...]) -> Reader:
    optional = type(None) in kinds
    rest = [kind for kind in kinds if kind is not type(None)]

    def read(data: Any) -> Any:
        if data is None and optional:
            return None
        if isinstance(data, dict) and "kind" in data:
            for kind in rest:
                if getattr(kind, "kind", None) == data["kind"]:
                    return _reader(kind)(data)
            raise _Misfit(f"unknown kind {data['kind']!r}")
        problem: ValueError | None = None
        for kind in rest:
            try:
                return _reader(kind)(data)
            except ValueError as error:
                problem = problem or error
        raise problem or _Misfit("no value fits")

    return read


def _tuple(kinds: tuple[Any, ...]) -> Reader:
    endless = len(kinds) == 2 and kinds[1] is Ellipsis
    inner = [_reader(kind) for kind in (kinds[:1] if endless else kinds)]

    def read(data: Any) -> Any:
        if not isinstance(data, list | tuple):
            raise _Misfit("a list is needed")
        if not endless and len(data) != len(inner):
            raise _Misfit(f"{len(inner)} values are needed, got {len(data)}")
        out: list[Any] = []
        try:
            if endless:
                one = inner[0]
                for item in data:
                    out.append(one(item))
            else:
                for each, item in zip(inner, data, strict=True):
                    out.append(each(item))
        except _Misfit as misfit:
            misfit.place.append(f"[{len(out)}]")
            raise
        return tuple(out)

    return read


def _value(cls: Any) -> Reader:
    fields: list[tuple[str, Reader, bool]] = []

    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit("a table is needed")
        if not fields:  # not earlier: a class may hold itself
            hints = _hints(cls)
            for field in dataclasses.fields(cls):
                needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
                fields.append((field.name, _reader(hints[field.name]), needed))
        given: dict[str, Any] = {}
        for name, reader, needed in fields:
            if name in data:
                try:
                    given[name] = reader(data[name])
                except _Misfit as misfit:
                    misfit.place.append(f".{name}")
                    raise
            elif needed:
                missing = _Misfit("is missing")
                missing.place.append(f".{name}")
                raise missing
        return cls(**given)

    return read
