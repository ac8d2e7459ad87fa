"""A plan: the frozen steps of an option with every value drawn once, and the hash that names it."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from actions.model.canonical import content_hash
from actions.model.codec import from_json, later, to_json
from actions.model.effect import Effect
from actions.model.note import Note, note_fields
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release
from actions.model.step import Risk

PREPARES, KEEPS_FILES, SWAPS = "prepare", "files", "swap"
"""Stages of a way back that takes two plans (``facts["stage"]``): the first one makes something beside what runs, or
copies the files of a server that is down, and leaves what runs as it is; the last one swaps.
"""


@dataclass(frozen=True)
class PlannedStep:
    """A step as it stands in a plan: what the checklist shows and what the worker rebuilds it from."""

    code: str
    """The item's code, on screen and on paper: ``B1``, ``X2``."""
    phase: str
    """``before``, ``carry out`` or ``after``."""
    step: str
    """Id in the catalog."""
    params: dict[str, Any]
    """The step's fields as JSON."""
    title: str
    expected: str
    risk: Risk
    effects: tuple[Effect, ...]
    undo: tuple[Effect, ...]
    needs: tuple[str, ...] = ()
    """Codes that must be done (or overridden) first."""
    gate: bool = False
    """Needed by every later step that changes something; overriding it is loud."""
    proves: bool = False
    """Its success is what "back" means."""
    optional: bool = False
    """Never proposed by NEXT: done only when the operator asks for it."""
    about_s: int = 10
    """Seconds it usually takes."""
    silent_s: int = 60
    """Seconds without output after which it is flagged as silent."""
    leaves: str = ""
    pays: str = later("")
    """The step of this code bends something that this one straightens: asked for only while that debt is open."""
    takes: tuple[str, ...] = later(())
    """Ids of steps whose effect this one takes along when it runs, and so does its undo: those come first, both
    times."""

    @property
    def family(self) -> str:
        """``coolify`` of ``coolify.set``: what it bends is straightened by a step of the same one."""
        return family(self.step)


@dataclass(frozen=True)
class Plan:
    """The whole way back, frozen."""

    option: str
    system: str
    target: Release
    running: str
    """Identity of what ran when the plan was drawn."""
    drawn: dict[str, str]
    """Every name and time that was drawn, once: ``time``, ``branch``, ``override`` …"""
    steps: tuple[PlannedStep, ...]
    notes: tuple[Note, ...] = ()
    """What the operator must know of this plan (``not pulled: the image is here``)."""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 over the canonical form: the plan's name in approvals and in the journal."""
        return content_hash(self.to_json())

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = to_json(self)
        data["notes"] = [note.to_json() for note in self.notes]
        return data

    @staticmethod
    def from_json(data: Any) -> Plan:
        """The plan that ``to_json`` wrote, also before notes had codes. Raises ValueError naming what does not fit."""
        if isinstance(data, dict) and isinstance(data.get("notes"), list | tuple):
            data = {**data, "notes": [note_fields(note) for note in data["notes"]]}
        return from_json(Plan, data, "plan")

    def step(self, code: str) -> PlannedStep | None:
        """The step with this code, or None."""
        return next((step for step in self.steps if step.code == code), None)

    def straightens(self, code: str) -> PlannedStep | None:
        """The step that straightens what the step of this code bends, or None."""
        bends = self.step(code)
        rows = (step for step in self.steps if step.pays == code)
        return next((step for step in rows if bends is None or bends.family == step.family), None)

    def beside(self, step: PlannedStep) -> bool:
        """Whether a step is no part of going back: it is straightened by another one before the end, or is that one.

        The approvals of the plan are for going back: nothing beside it waits for them.
        """
        return bool(step.pays) or self.straightens(step.code) is not None

    def keeps_way(self, step: PlannedStep) -> bool:
        """Whether a step only keeps the target from a clean-up: optional, before going back, straightened by another.

        It alters nothing that runs and is owed until it is taken back, so it may come before anything is decided: a
        clean-up does not wait for a decision.
        """
        return step.optional and step.phase == "before" and self.straightens(step.code) is not None


def family(step: str) -> str:
    """``coolify`` of the id ``coolify.set``."""
    return step.partition(".")[0]
