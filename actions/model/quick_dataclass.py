"""``dataclass(frozen=True)`` as it is read and checked, made in a quarter of the time.

The standard one compiles six methods for every class; for the hundred values of this package that took a tenth of the
time to the first screen. Here the ``__init__`` of what is made often is compiled, and the rest is shared. What differs:
``frozen=True`` is the only option. ``fields``, ``replace``, defaults, factories, ``__post_init__`` and ``match`` stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # to every reader and checker it is the standard one
    from dataclasses import replace as replace
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(*, frozen):
        """A decorator that makes a class a frozen dataclass."""
        if not frozen:
            raise TypeError("values are frozen")
        return _made

    def replace(value, **changes):
        """A copy with other values in some fields, for classes made here that have no ``__post_init__``.

        The standard one makes it by way of ``__init__``: that took most of the time of reading a long journal.
        """
        copy = object.__new__(value.__class__)
        old = value.__dict__
        fields = {name: old[name] for name in value.__dataclass_fields__ if name in old}  # and nothing cached
        known = len(fields)
        fields.update(changes)
        if len(fields) != known or hasattr(copy, "__post_init__"):
            return dataclasses.replace(value, **changes)  # which says what is wrong
        copy.__dict__.update(fields)
        return copy

    def _made(cls):
        cls = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        fields = dataclasses.fields(cls)
        names = [one.name for one in fields]
        own = cls.__dict__
        cls._of_fields = staticmethod(attrgetter(*names) if names else _nothing)
        cls.__init__ = _init_later(cls, fields)
        for name, method in _SHARED.items():
            if own.get(name) is None:  # __hash__ is None where only __eq__ is defined
                setattr(cls, name, method)
        return cls

    OFTEN = 64
    """After so many values of a class its ``__init__`` is compiled: before, that costs more than it saves."""

    def _init_later(cls, fields):
        names = [one.name for one in fields]
        known = frozenset(names)
        given = [
            (one.name, one.default, one.default_factory)
            for one in fields
            if one.default is not dataclasses.MISSING or one.default_factory is not dataclasses.MISSING
        ]
        checked = hasattr(cls, "__post_init__")
        calls = 0

        def __init__(self, *args, **kwargs):
            nonlocal calls
            calls += 1
            to = self.__dict__
            to.update(zip(names, args, strict=False))
            placed = len(to)
            to.update(kwargs)
            fits = placed == len(args) and len(to) == placed + len(kwargs) and to.keys() <= known
            if fits and len(to) < len(names):
                for name, default, make in given:
                    if name not in to:
                        to[name] = make() if default is dataclasses.MISSING else default
            if calls > OFTEN or not fits or len(to) < len(names):
                if cls.__init__ is __init__:
                    cls.__init__ = _init(cls, fields)
                to.clear()
                cls.__init__(self, *args, **kwargs)  # which also says what is wrong
            elif checked:
                self.__post_init__()

        __init__.__qualname__ = f"{cls.__qualname__}.__init__"
        return __init__

    def _init(cls, fields):
        known = {"_missing": dataclasses.MISSING}
        takes, lines = [], []
        for one in fields:
            name, value = one.name, one.name
            if one.default is not dataclasses.MISSING:
                known[f"_default_{name}"] = one.default
                takes.append(f"{name}=_default_{name}")
            elif one.default_factory is not dataclasses.MISSING:
                known[f"_make_{name}"] = one.default_factory
                takes.append(f"{name}=_missing")
                value = f"_make_{name}() if {name} is _missing else {name}"
            else:
                takes.append(name)
            lines.append(f" _to[{name!r}] = {value}\n")
        if hasattr(cls, "__post_init__"):
            lines.append(" self.__post_init__()\n")
        source = f"def __init__({', '.join(['self', *takes])}):\n _to = self.__dict__\n{''.join(lines)}"
        made = {}
        exec(source, known, made)
        init = made["__init__"]
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        return init

    def _nothing(_self):
        return ()

    def _set(self, name, _value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _delete(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _equal(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._of_fields(self) == self._of_fields(other)

    def _hash(self):
        return hash(self._of_fields(self))

    def _repr(self):
        told = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self))
        return f"{type(self).__qualname__}({told})"

    _SHARED = {"__setattr__": _set, "__delattr__": _delete, "__eq__": _equal, "__hash__": _hash, "__repr__": _repr}
