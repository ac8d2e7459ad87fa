"""Plain JSON and back: records, plans and orders survive the way, and what does not fit is named."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import plan

from actions.model import effect
from actions.model import events as ev
from actions.model.codec import from_json, later, to_json
from actions.model.effect import Effect, RunCommand, WriteFile
from actions.model.events import BODIES
from actions.model.plan import Plan
from actions.model.step import Outcome, Risk

MODEL = Path(effect.__file__).parent


@dataclass(frozen=True)
class Inner:
    kind: ClassVar[str] = "inner"
    number: int
    word: str = "w"


@dataclass(frozen=True)
class Other:
    kind: ClassVar[str] = "other"
    flag: bool


@dataclass(frozen=True)
class Outer:
    name: str
    risk: Risk = Risk.READ
    many: tuple[Inner | Other, ...] = ()
    pair: tuple[int, str] = (1, "a")
    maybe: Inner | None = None
    table: dict[str, int] = field(default_factory=dict)
    anything: Any = None


def test_a_tree_of_values_goes_there_and_back() -> None:
    """What was recorded is what is read again, types included, also after a JSON text in between."""
    value = Outer("x", Risk.IRREVERSIBLE, (Inner(1), Other(True)), (2, "b"), Inner(3, "z"), {"k": 4}, [1, {"a": None}])
    assert from_json(Outer, json.loads(json.dumps(to_json(value)))) == value


def test_defaults_fill_what_an_older_record_does_not_have() -> None:
    """Older records are read: a field that came later has its default."""
    assert from_json(Outer, {"name": "x"}) == Outer("x")


@dataclass(frozen=True)
class Grown:
    name: str
    added: tuple[str, ...] = later(())


def test_a_field_that_came_later_leaves_older_records_as_they_were() -> None:
    """The record tells the truth: an older value written again is the same to the byte, so its hash is."""
    assert to_json(from_json(Grown, {"name": "x"})) == {"name": "x"}
    assert to_json(Grown("x", ("a",))) == {"name": "x", "added": ["a"]}
    assert from_json(Grown, {"name": "x", "added": ["a"]}) == Grown("x", ("a",))


def test_what_a_newer_record_has_more_is_passed_over() -> None:
    """Newer records are read: an unknown field is no error."""
    assert from_json(Inner, {"kind": "inner", "number": 1, "later": [1]}) == Inner(1)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({}, r"x\.name: is missing"),
        ({"name": 3}, r"x\.name: str expected, got int"),
        ({"name": None}, r"x\.name"),
        ({"name": "n", "risk": "huge"}, r"x\.risk: 'huge' is none of read, reversible"),
        ({"name": "n", "many": [{"kind": "alien"}]}, r"x\.many\[0\]: unknown kind 'alien'"),
        ({"name": "n", "many": [{"kind": "inner", "number": True}]}, r"x\.many\[0\]\.number: int expected, got bool"),
        ({"name": "n", "many": {"a": 1}}, r"x\.many: a list"),
        ({"name": "n", "pair": [1]}, r"x\.pair: 2 values are needed, got 1"),
        ({"name": "n", "table": [1]}, r"x\.table: a table"),
        ({"name": "n", "table": {"a": "b"}}, r"x\.table\.a: int expected"),
        ({"name": "n", "maybe": 3}, r"x\.maybe: a table"),
        ([], "x: a table"),
        (None, "x: a table"),
    ],
)
def test_what_does_not_fit_is_named(data: Any, where: str) -> None:
    """A damaged or foreign value is refused with its place, never guessed."""
    with pytest.raises(ValueError, match=where):
        from_json(Outer, data, "x")


def test_what_has_no_place_in_a_record_is_refused() -> None:
    """A float, bytes or an open file never slip into a record."""
    for value in (object(), b"x", {1, 2}):
        with pytest.raises(TypeError, match="no place in a record"):
            to_json({"a": value})


def test_a_union_of_effects_is_told_apart_by_its_kind() -> None:
    """The worker rebuilds the very effect that was shown."""
    effects: tuple[Effect, ...] = (RunCommand("local", ("true",)), WriteFile("local", "/x", "text", ""))
    for one in effects:
        again: Any = from_json(type(one), json.loads(json.dumps(to_json(one))))
        assert again == one


def test_every_effect_is_read_back_as_the_class_that_wrote_it() -> None:
    """A plan never names an effect that the worker does not know; what is loaded late is no exception."""
    family: Any = effect.Effect
    there = [effect, *(importlib.import_module(f"actions.model.{one.stem}") for one in MODEL.glob("effect_*.py"))]
    classes = {
        str(cls.__dict__["kind"]): cls
        for module in there
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__ and "kind" in cls.__dict__
    }
    assert family.kinds == set(classes)
    for kind, cls in classes.items():
        assert family.of(kind) is cls
    for wrong in ("no such kind", None, 3, ["sql"]):
        assert family.of(wrong) is None


def test_a_plan_keeps_its_name() -> None:
    """The hash of a plan is that of what is read back: an approval stays with what was approved."""
    one = plan()
    again = Plan.from_json(json.loads(json.dumps(one.to_json())))
    assert again == one
    assert again.digest == one.digest


TABLES = "tuple[dict[str, Any], ...]"


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_every_kind_of_event_is_read_as_what_was_written(kind: str) -> None:
    """No kind of fact changes on its way through the journal."""
    cls = BODIES[kind]
    values: dict[str, Any] = {}
    for name, hint in cls.__annotations__.items():
        if str(hint).startswith("ClassVar"):
            continue
        values[name] = {"str": "words", "int": 7, "bool": True, "tuple[str, ...]": ("a",), TABLES: ({"a": 1},)}.get(
            str(hint), {}
        )
    body = cls(**values)
    data = json.loads(json.dumps(ev.body_data(body)))
    assert "kind" not in data
    assert from_json(cls, data) == body


def test_an_event_of_another_shape_is_kept_and_not_guessed() -> None:
    """A known kind with fields that do not fit is unknown, with its data."""
    event = ev.Event("INC", 1, "", 0, "", "a", "note", {"text": 3}, ev.GENESIS, "")
    assert event.body == ev.Unknown("note", {"text": 3})
    assert ev.body_data(event.body) == {"text": 3}
    assert ev.body_kind(event.body) == "note"


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_plain_values_are_left_as_they_are(value: Any) -> None:
    """What is plain already comes out equal."""
    assert to_json(value) == value


@given(plain)
def test_nothing_that_is_read_crashes_the_reader(value: Any) -> None:
    """Whatever stands in a record: a value, or a ValueError."""
    for cls in (Outer, Plan, ev.StepStarted, ev.Declared):
        try:
            from_json(cls, value)
        except ValueError:
            continue


def test_outcomes_are_words_in_the_record() -> None:
    """The words of the record are those of the design, not numbers of this version."""
    assert to_json(Outcome.TERMINATED) == "terminated"
    assert {one.value for one in Outcome} == {"done", "failed", "moved", "terminated", "unknown"}
