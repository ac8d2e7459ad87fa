"""``dataclass(frozen=True)`` as it is read and checked, made in a tenth of the time.

The standard one looks at every field and compiles six methods for every class; for the hundreds of values of this
package that took a tenth of the time to the first screen. Here a class is looked at when its first value is made, the
``__init__`` of what is made often is compiled, and the rest is shared; the standard one works a class out when somebody
asks for what only it knows. What differs: ``frozen=True`` is the only option, and a class that the standard one refuses
is refused then. ``fields``, ``replace``, defaults, factories, ``__post_init__`` and ``match`` stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import dataclass as dataclass  # to every reader and checker it is the standard one
    from dataclasses import replace as replace

    def fields_of(cls: object) -> dict[str, tuple[Any, Any, Mapping[str, Any] | None]] | None:
        """Each field of a dataclass, in order: its default, its factory (or MISSING), its metadata. Else None."""
else:
    import dataclasses
    import inspect
    from operator import attrgetter

    MISSING = dataclasses.MISSING

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
        fields = {name: old[name] for name in value.__match_args__ if name in old}  # and nothing cached
        known = len(fields)
        fields.update(changes)
        if len(fields) != known or hasattr(copy, "__post_init__"):
            return dataclasses.replace(value, **changes)  # which says what is wrong
        copy.__dict__.update(fields)
        return copy

    def fields_of(cls):
        """Each field of a dataclass, in order: its default, its factory (or MISSING), its metadata. Else None."""
        if isinstance(cls, type) and "_given" in cls.__dict__:
            return cls._given
        if not dataclasses.is_dataclass(cls):
            return None
        return {one.name: (one.default, one.default_factory, one.metadata) for one in dataclasses.fields(cls)}

    def _made(cls):
        for name, shared in _ALWAYS:
            setattr(cls, name, shared)
        own = cls.__dict__
        for name, method in _UNLESS_OWN:
            if own.get(name) is None:  # __hash__ is None where only __eq__ is defined
                setattr(cls, name, method)
        told = [name for name, one in own.items() if isinstance(one, dataclasses.Field)]
        if told:
            cls._given = given = _read(cls)
            for name in told:  # in the class stands the default, if there is one
                if given[name][0] is MISSING:
                    delattr(cls, name)
                else:
                    setattr(cls, name, given[name][0])
        return cls

    class _Later:
        """What takes the place of this in a class, when it is asked for: of most classes it never is."""

        def __init__(self, name, make):
            self._name, self._make = name, make

        def __get__(self, value, cls):
            name = self._name
            for owner in cls.__mro__:
                if owner.__dict__.get(name) is self:
                    setattr(owner, name, self._make(owner))  # in two threads at once: the same twice
                    break
            return getattr(cls if value is None else value, name)

    def _read(cls):
        """Field -> its default, what makes one, its metadata; those of the bases first."""
        given = {}
        for base in cls.__mro__[:0:-1]:
            if "_given" in base.__dict__:
                given.update(base._given)
        own = cls.__dict__
        for name, written in inspect.get_annotations(cls).items():
            if not str(written).startswith(("ClassVar", "typing.ClassVar")):
                told = own.get(name, MISSING)
                field = isinstance(told, dataclasses.Field)
                given[name] = (told.default, told.default_factory, told.metadata) if field else (told, MISSING, None)
        return given

    def _worked_out(cls):
        types = {}
        for base in reversed(cls.__mro__):
            types.update(inspect.get_annotations(base))
        fields = [
            (name, types[name], dataclasses.field(default=default, default_factory=make, metadata=metadata))
            for name, (default, make, metadata) in cls._given.items()
        ]
        named = {"__doc__": cls.__name__}  # else the standard one works out a signature
        alike = dataclasses.make_dataclass(cls.__name__, fields, namespace=named, init=False, repr=False, eq=False)
        return alike.__dataclass_fields__

    def _getter(cls):
        return staticmethod(attrgetter(*cls._given) if cls._given else _nothing)

    OFTEN = 64
    """After so many values of a class its ``__init__`` is compiled: before, that costs more than it saves."""

    def _init_later(cls):
        names = tuple(cls._given)
        known = frozenset(names)
        optional = [(name, one[0], one[1]) for name, one in cls._given.items() if not one[0] is one[1] is MISSING]
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
                for name, default, make in optional:
                    if name not in to:
                        to[name] = make() if default is MISSING else default
            if calls > OFTEN or not fits or len(to) < len(names):
                if cls.__init__ is __init__:
                    cls.__init__ = _init(cls)
                to.clear()
                cls.__init__(self, *args, **kwargs)  # which also says what is wrong
            elif checked:
                self.__post_init__()

        __init__.__qualname__ = f"{cls.__qualname__}.__init__"
        return __init__

    def _init(cls):
        known = {"_missing": MISSING}
        takes, lines = [], []
        for name, (default, make, _) in cls._given.items():
            value = name
            if default is not MISSING:
                known[f"_default_{name}"] = default
                takes.append(f"{name}=_default_{name}")
            elif make is not MISSING:
                known[f"_make_{name}"] = make
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
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._given)
        return f"{type(self).__qualname__}({told})"

    _ALWAYS = (
        ("_given", _Later("_given", _read)),
        ("_of_fields", _Later("_of_fields", _getter)),
        ("__init__", _Later("__init__", _init_later)),
        ("__match_args__", _Later("__match_args__", lambda cls: tuple(cls._given))),
        ("__dataclass_fields__", _Later("__dataclass_fields__", _worked_out)),
    )
    _UNLESS_OWN = (
        ("__setattr__", _set),
        ("__delattr__", _delete),
        ("__eq__", _equal),
        ("__hash__", _hash),
        ("__repr__", _repr),
    )
