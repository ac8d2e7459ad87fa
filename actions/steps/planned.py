"""Turns a drawn step into its row of a plan; shared by every drawer, so that plans are written in one way.

Which steps there are, and in which order, is left to the options.
"""

from __future__ import annotations

from typing import Any

from actions.model.codec import to_json
from actions.model.plan import PlannedStep
from actions.model.step import Step


def params_of(step: Step) -> dict[str, Any]:
    """The fields of a step as plain JSON, from which the worker rebuilds it."""
    data: dict[str, Any] = to_json(step)
    data.pop("kind", None)
    return data


def planned(
    step: Step,
    *,
    code: str,
    phase: str,
    needs: tuple[str, ...] = (),
    gate: bool = False,
    proves: bool = False,
    optional: bool = False,
    about_s: int = 10,
    silent_s: int = 60,
) -> PlannedStep:
    """A step with its code, phase (``before``, ``carry out``, ``after``) and the codes it needs first."""
    return PlannedStep(
        code=code,
        phase=phase,
        step=step.step_id,
        params=params_of(step),
        title=step.title(),
        expected=step.expected(),
        risk=step.risk,
        effects=step.effects(),
        undo=step.undo_effects(),
        needs=needs,
        gate=gate,
        proves=proves,
        optional=optional,
        about_s=about_s,
        silent_s=silent_s,
        leaves=step.leaves(),
    )
