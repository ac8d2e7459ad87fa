"""The quick dataclass against the standard one: whoever uses it must not be able to tell them apart."""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib
import pickle
import pkgutil
from functools import cached_property
from typing import Any, ClassVar

import pytest

import actions.model
import widgets
from actions.model.quick_dataclass import dataclass, fields_of, replace


@dataclass(frozen=True)
class Quick:
    """A value with everything that a value has here."""

    kind: ClassVar[str] = "kind"
    name: str
    count: int = 3
    rows: dict[str, int] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count")

    @functools.cached_property
    def twice(self) -> int:
        return 2 * self.count


@dataclasses.dataclass(frozen=True)
class Standard:
    """The same."""

    kind: ClassVar[str] = "kind"
    name: str
    count: int = 3
    rows: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Empty:
    """Nothing at all."""


@dataclass(frozen=True)
class Hashed:
    """Only what can be hashed."""

    name: str
    count: int = 0


def test_it_reads_as_the_standard_one() -> None:
    """Fields, order, defaults and text are those of the standard dataclass."""
    for arguments in (("a",), ("a", 4), ("a", 4, {"b": 1})):
        quick, standard = Quick(*arguments), Standard(*arguments)
        assert dataclasses.asdict(quick) == dataclasses.asdict(standard)
        assert repr(quick) == repr(standard).replace("Standard", "Quick")
    assert Quick.__match_args__ == Standard.__match_args__
    assert Quick("a").rows is not Quick("a").rows


def test_it_cannot_be_changed() -> None:
    """A value that was shown is the value that is run."""
    one = Quick("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    assert one == Quick("a")
    assert dataclasses.replace(one, count=4) == Quick("a", 4)


def test_equality_looks_at_the_fields_and_the_class_alone() -> None:
    """What was cached on a value does not make it another one."""
    one, other = Quick("a"), Quick("a")
    assert one.twice == 6
    standard: object = Standard("a")
    assert one == other
    assert one != Quick("b")
    assert one != standard
    assert hash(Hashed("a", 1)) == hash(Hashed("a", 1))
    assert len({Hashed("a"), Hashed("a"), Hashed("b")}) == 2
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert repr(Empty()) == "Empty()"
    with pytest.raises(TypeError):
        hash(Quick("a"))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_equal(again: Any) -> None:
    """Copying goes around ``__init__``, and still arrives."""
    assert again(Quick("a", 4, {"b": 1})) == Quick("a", 4, {"b": 1})


def test_wrong_arguments_are_refused() -> None:
    """As any function does; and what ``__post_init__`` refuses."""
    with pytest.raises(TypeError):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Quick("a", 1, {}, 2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Quick("a", other=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError):
        Quick("a", -1)


def test_replace_is_the_standard_one_only_quicker() -> None:
    """Changed fields are changed, the others and the original stay, nothing cached comes along, misspelling fails."""

    @dataclass(frozen=True)
    class Counted:
        one: int
        two: int = 2

        @cached_property
        def both(self) -> int:
            return self.one + self.two

    before = Counted(1)
    assert before.both == 3
    after = replace(before, two=5)
    assert (after, after.both, before) == (Counted(1, 5), 6, Counted(1, 2))
    with pytest.raises(TypeError, match="three"):
        replace(before, three=3)  # type: ignore[call-arg]


def test_replace_runs_what_follows_init() -> None:
    """A value that checks itself is checked again."""

    @dataclass(frozen=True)
    class Positive:
        one: int

        def __post_init__(self) -> None:
            if self.one < 0:
                raise ValueError("negative")

    with pytest.raises(ValueError, match="negative"):
        replace(Positive(1), one=-1)


def test_every_value_of_ours_is_one_that_the_standard_one_accepts() -> None:
    """A class is looked at late; what is wrong with it must not wait for the operator who makes the first value."""
    seen = 0
    for package in (actions.model, widgets):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(found.name)).values():
                if isinstance(value, type) and value.__module__ == found.name and dataclasses.is_dataclass(value):
                    fields = dataclasses.fields(value)  # refuses
                    given = {one.name: (one.default, one.default_factory, one.metadata or None) for one in fields}
                    there = {name: (*one[:2], one[2] or None) for name, one in (fields_of(value) or {}).items()}
                    assert list(there.items()) == list(given.items()), value
                    assert getattr(value, "__match_args__", ()) == tuple(one.name for one in fields if one.init), value
                    seen += 1
    assert seen > 200


def test_what_is_asked_for_first_makes_no_difference() -> None:
    """Fields, order of bases and defaults are the same whether a value was made before or not."""

    def made() -> tuple[type, type]:
        @dataclass(frozen=True)
        class Base:
            one: int
            many: dict[str, int] = dataclasses.field(default_factory=dict)

        @dataclass(frozen=True)
        class Further(Base):
            two: int = 2

        return Base, Further

    for first in (
        lambda base, further: further(1),
        lambda base, further: dataclasses.fields(further),
        lambda base, further: dataclasses.fields(base),
        lambda base, further: further.__match_args__,
        lambda base, further: fields_of(further),
    ):
        base, further = made()
        first(base, further)
        assert further(1) == further(1, {}, 2) != further(1, {}, 3)
        assert [one.name for one in dataclasses.fields(further)] == ["one", "many", "two"]
        assert dataclasses.asdict(further(1, {"a": 1})) == {"one": 1, "many": {"a": 1}, "two": 2}
        assert base(1).many is not base(1).many
        assert base(1) == dataclasses.replace(base(2), one=1) == replace(base(2), one=1)
