"""Builds small real journals and plans for tests: no world, no worker."""

from __future__ import annotations

from pathlib import Path

from actions.gateways.journal import SqliteJournal
from actions.model import events as ev
from actions.model.clock import ManualClock
from actions.model.effect import RunCommand
from actions.model.fold import fold
from actions.model.incident import Incident
from actions.model.plan import Plan, PlannedStep
from actions.model.release import Release
from actions.model.step import Risk

TARGET = Release(name="2025-10-01", commit="a" * 40, source="git tag")


def planned(code: str, *, phase: str = "carry out", risk: Risk = Risk.REVERSIBLE, **more: object) -> PlannedStep:
    """A planned step that would run ``true``."""
    values: dict[str, object] = {
        "code": code,
        "phase": phase,
        "step": "git.deploy",
        "params": {},
        "title": f"title of {code}",
        "expected": "done",
        "risk": risk,
        "effects": (RunCommand("local", ("true", code)),),
        "undo": (RunCommand("local", ("true", "undo", code)),) if risk is Risk.REVERSIBLE else (),
    }
    return PlannedStep(**{**values, **more})  # type: ignore[arg-type]  # keyword by keyword as the tests say


def plan(*steps: PlannedStep) -> Plan:
    """A plan of these steps; by default evidence, a switch and a proof."""
    return Plan(
        option="git",
        system="shop",
        target=TARGET,
        running="b" * 40,
        drawn={"time": "20261122-1004"},
        steps=steps
        or (
            planned("B1", phase="before", risk=Risk.READ, gate=True),
            planned("X1", needs=("B1",)),
            planned("X2", risk=Risk.READ, needs=("X1",), proves=True),
        ),
    )


def declared(mode: str = "drill", system: str = "shop") -> ev.Declared:
    """The first event."""
    path = "/etc/goaround.toml"
    return ev.Declared(system, "drill", mode, "pages fail", "local", "git", path, "0" * 64, "0", "jump-1")


class Book:
    """An incident in a real journal, with its fold at hand."""

    def __init__(self, folder: Path, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.journal = SqliteJournal(folder, self.clock)
        self.id = self.journal.declare("ops1", declared()).incident

    def add(self, *bodies: ev.Body, actor: str = "ops1") -> Incident:
        """Append, then fold everything anew."""
        for body in bodies:
            self.clock.advance(1)
            self.journal.append(self.id, actor, body)
        return self.incident()

    def incident(self) -> Incident:
        return fold(self.id, self.journal.events(self.id))

    def decide(self) -> Incident:
        """Decided to roll back."""
        decided = ev.Decided("roll back", "roll back", "High", "severity", "x")
        return self.add(ev.InputsSet("High", 60, 80, "Low"), decided)

    def draw(self, drawn: Plan) -> Incident:
        return self.add(ev.PlanDrawn(drawn.digest, drawn.to_json()))

    def start(self, code: str, *, undo: bool = False) -> Incident:
        incident = self.incident()
        run = len(incident.runs) + 1
        step = incident.plan.step(code) if incident.plan else None
        return self.add(
            ev.StepStarted(
                run,
                code,
                step.step if step else "git.deploy",
                code,
                incident.plan_digest,
                undo,
                "enter",
                99999999,
                1,
                "s",
            )
        )

    def finish(self, outcome: str = "done") -> Incident:
        number = len(self.incident().runs)
        return self.add(ev.StepFinished(number, outcome, "as expected", 1200, "", {"running": TARGET.identity}))

    def run(self, code: str, outcome: str = "done", *, undo: bool = False) -> Incident:
        self.start(code, undo=undo)
        return self.finish(outcome)
