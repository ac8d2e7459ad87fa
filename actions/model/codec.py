"""Frozen dataclasses to plain JSON values and back; the one place that knows how a value is written down.

Understands str, int, bool, None, enums, ``X | None``, ``tuple[X, ...]``, ``dict[str, X]``, nested dataclasses, and
families: dataclasses that carry a ``kind`` class variable and are registered by it. Floats are refused: they have no
one canonical form. Fields that a newer version added and this one does not know are ignored on reading.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from actions.model.quick_dataclass import fields_of

T = TypeVar("T")
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def later(default: T) -> T:
    """The default of a field that was added after its class had been written into records.

    While it has this value it is not written: what was recorded without it is written again, and hashed, as it was.
    """
    field: T = dataclasses.field(default=default, metadata={"later": True})
    return field


class Family:
    """Dataclasses told apart by their ``kind``, as a type alias at run time; some are loaded when the first is read."""

    def __init__(self, here: tuple[type, ...], elsewhere: Mapping[str, str]) -> None:
        """``elsewhere``: kind -> ``module:class``."""
        self._known: dict[object, type] = {getattr(cls, "kind", None): cls for cls in here}
        self._elsewhere = elsewhere

    def of(self, kind: object) -> type | None:
        """The class of this kind; None: there is none."""
        place = self._elsewhere.get(kind) if isinstance(kind, str) else None
        if place is not None and kind not in self._known:
            module, _, name = place.partition(":")
            self._known[kind] = getattr(importlib.import_module(module), name)
        return self._known.get(kind) if isinstance(kind, str) else None

    @property
    def kinds(self) -> frozenset[str]:
        """Of all of them."""
        return frozenset(map(str, self._known)) | frozenset(self._elsewhere)


def to_json(value: Any) -> Any:
    """A value as plain JSON; a dataclass with a ``kind`` writes it as its first key."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    fields = fields_of(type(value))
    if fields is not None:
        out: dict[str, Any] = {}
        kind = getattr(type(value), "kind", None)
        if isinstance(kind, str):
            out["kind"] = kind
        for name, (default, _, metadata) in fields.items():
            item = getattr(value, name)
            if not (metadata and metadata.get("later") and item == default):
                out[name] = to_json(item)
        return out
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no place in a record: {value!r}")


@functools.cache
def hints(cls: type) -> dict[str, Any]:
    """As ``typing.get_type_hints``, which takes ten times as long for what is written here."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        names = sys.modules[base.__module__].__dict__
        for name, written in inspect.get_annotations(base).items():
            hint = _OFTEN.get(written) if isinstance(written, str) else written
            found[name] = eval(written, names) if hint is None else hint  # our own source
    return found


_OFTEN = {
    "str": str,
    "int": int,
    "bool": bool,
    "tuple[str, ...]": tuple[str, ...],
    "dict[str, str]": dict[str, str],
    "int | None": int | None,
    "str | None": str | None,
}
"""Annotations that need no evaluating: most of them are these."""


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
    if isinstance(kind, Family):
        return _of_family(kind)
    if origin is Literal:
        return _one_of(get_args(kind))
    if origin is tuple:
        return _tuple(get_args(kind))
    if origin is not None and issubclass(origin, Mapping):
        return _table(get_args(kind)[1])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind)
    known = fields_of(kind)
    if known is not None:
        return _value(kind, known)

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


def _of_family(family: Family) -> Reader:
    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit("a table is needed")
        cls = family.of(data.get("kind"))
        if cls is None:
            raise _Misfit(f"unknown kind {data.get('kind')!r}")
        return _reader(cls)(data)

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


def _value(cls: Any, known: dict[str, Any]) -> Reader:
    fields: list[tuple[str, Reader, bool]] = []

    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit("a table is needed")
        if not fields:  # not earlier: a class may hold itself
            types = hints(cls)
            for name, (default, make, _) in known.items():
                fields.append((name, _reader(types[name]), default is make is dataclasses.MISSING))
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
