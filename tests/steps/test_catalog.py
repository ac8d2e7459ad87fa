"""The catalog: every step there is goes through a plan unchanged, and a new one is tested without a line here."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import types
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from performing import Told, local_world

import actions.steps
from actions.model.codec import to_json
from actions.model.effect import CollectOutput, shown
from actions.model.errors import BadInput
from actions.model.step import Risk, Step
from actions.steps.catalog import CATALOG, build
from actions.steps.evidence import KeepEvidence
from actions.steps.planned import params_of, planned

STEPS = Path(actions.steps.__file__).parent
BESIDE = {"database.restore", "database.adopt"}
"""Change nothing that runs, and yet leave something beside it that can be taken away or given back."""


def example(kind: Any, name: str, full: bool) -> Any:
    """A value of that type: with everything that may be given (``full``), or with as little as allowed."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return example(options[0], name, full) if full or type(None) not in get_args(kind) else None
    if origin is tuple:
        return (example(get_args(kind)[0], name, full),)
    if origin is dict:
        return {"web": example(get_args(kind)[1], name, full)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return filled(kind, full)
    text = f"/{name}" if name in ("path", "directory") else f"a {name}"
    # Values of a field of Coolify's are JSON.
    simple: dict[Any, Any] = {str: f'"{text}"' if name in ("before", "after") else text, int: 3, bool: True, Any: text}
    return simple[kind]


def filled(kind: type, full: bool) -> Any:
    hints = get_type_hints(kind)
    given = {
        field.name: example(hints[field.name], field.name, full)
        for field in dataclasses.fields(kind)
        if full or (field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING)
    }
    return kind(**given)


CASES = [pytest.param(kind, full, id=f"{name}-{full}") for name, kind in CATALOG.items() for full in (True, False)]


@pytest.mark.parametrize(("kind", "full"), CASES)
def test_a_step_goes_through_a_plan_unchanged(kind: type, full: bool) -> None:
    """What the worker rebuilds is what was shown: the same step, with the same effects, also as JSON text."""
    step: Step = filled(kind, full)
    row = planned(step, code="X1", phase="carry out")
    again = build(row.step, json.loads(json.dumps(row.params)))
    assert again == step
    assert again.effects() == step.effects() == row.effects
    assert again.undo_effects() == step.undo_effects() == row.undo
    assert params_of(again) == row.params


@pytest.mark.parametrize(("kind", "full"), CASES)
def test_a_steps_row_says_everything(kind: type, full: bool) -> None:
    """The checklist shows each step in words, on one line each, and its effects can be shown."""
    step: Step = filled(kind, full)
    for text in (step.title(), step.expected(), step.leaves()):
        assert text.strip()
        assert "\n" not in text
    assert isinstance(step.risk, Risk)
    assert shown(step.effects()) or not full
    assert all(isinstance(line, str) for line in shown(step.undo_effects()))
    if step.risk is Risk.READ and kind.step_id not in BESIDE:  # type: ignore[attr-defined]
        assert step.undo_effects() == ()


@pytest.mark.parametrize(("kind", "full"), CASES)
def test_a_step_without_undo_effects_undoes_nothing(kind: type, full: bool, tmp_path: Path) -> None:
    """Undo is exactly what is declared: with nothing declared, no effect is begun. (Asking for it is blocked.)"""
    step: Step = filled(kind, full)
    if step.undo_effects():
        return
    told = Told()
    assert step.undo(local_world(tmp_path), told).summary
    assert told.bodies == []


@pytest.mark.parametrize("kind", CATALOG.values(), ids=CATALOG.keys())
def test_a_steps_fields_are_frozen_and_plain(kind: type) -> None:
    """All a step knows stands in the plan, and nothing changes it after it was shown."""
    assert dataclasses.is_dataclass(kind)
    step = filled(kind, True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(step, dataclasses.fields(kind)[0].name, None)
    to_json(step)
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", kind.step_id)  # type: ignore[attr-defined]


def test_every_step_there_is_stands_in_the_catalog() -> None:
    """A step that the worker cannot rebuild would fail in the middle of an incident."""
    found = set()
    for path in STEPS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "step_id" and node.value is not None:
                found.add(ast.literal_eval(node.value))
    assert found == set(CATALOG)


@pytest.mark.parametrize(
    ("step_id", "params", "words"),
    [
        ("no.such", {}, "there is no step named no.such"),
        ("\x1b[2J", {}, "there is no step named"),
        ("evidence.keep", {}, "evidence.keep.title_text: is missing"),
        ("evidence.keep", {"title_text": 1}, "str expected, got int"),
        (
            "evidence.keep",
            {"title_text": "", "expected_text": "", "collects": [{"kind": "bomb"}]},
            "unknown kind 'bomb'",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(step_id: str, params: dict[str, Any], words: str) -> None:
    """One line with the field, and the next move; nothing runs."""
    with pytest.raises(BadInput) as caught:
        build(step_id, params)
    assert words in caught.value.line()
    assert "draw the plan again" in caught.value.line()
    assert caught.value.line().isprintable()


def test_a_field_of_a_newer_version_is_left_out() -> None:
    """A plan in the record is read by the versions that follow and by the one before."""
    step = KeepEvidence("t", "e", (CollectOutput("local", ("true",), "a.log"),))
    assert build("evidence.keep", params_of(step) | {"news": 1}) == step
