"""A world for steps that stands on this machine, and a reporter that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from actions.gateways.evidence import FileEvidence
from actions.gateways.local_host import LocalHost
from actions.gateways.probes import HttpxProber
from actions.model.clock import Clock, ManualClock, SystemClock
from actions.model.effect import ProbeHttp
from actions.model.events import Body
from actions.model.ports import Container, Image, ProbeReading, World

CANARY = "canary-5f1d"


@dataclass
class Told:
    """A ``Reporter``; ``stop_when`` is asked each time the step asks whether it should end."""

    lines: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    stop_when: Callable[[], bool] = lambda: False

    def line(self, text: str) -> None:
        self.lines.append(text)

    def record(self, body: Body) -> None:
        self.bodies.append(body)

    def stopping(self) -> bool:
        return self.stop_when()

    def of(self, kind: type) -> list[Any]:
        return [body for body in self.bodies if isinstance(body, kind)]


def redact(text: str) -> str:
    return text.replace(CANARY, "[secret]")


def resolve(text: str) -> str:
    return text.replace("${env:TOKEN}", CANARY)


def local_world(folder: Path, clock: Clock | None = None, **ports: Any) -> World:
    """This machine, evidence in the folder, real HTTP; ``ports`` replaces what a test scripts."""
    clock = clock or SystemClock()
    world = World(
        clock=clock,
        host=LocalHost(),
        prober=HttpxProber(clock, resolve, redact),
        evidence=FileEvidence(folder / "evidence"),
        redact=redact,
        resolve=resolve,
    )
    return replace(world, **ports)


@dataclass
class ScriptedProber:
    """Answers in the given order, the last one again and again; each takes ``ms`` of the manual clock."""

    clock: ManualClock
    answers: str
    """``+`` for a pass, ``-`` for a failure."""
    ms: int = 10
    asked: list[tuple[int, ProbeHttp]] = field(default_factory=list)

    def read(self, probe: ProbeHttp) -> ProbeReading:
        self.asked.append((self.clock.ticks, probe))
        ok = self.answers[min(len(self.asked), len(self.answers)) - 1] == "+"
        self.clock.advance(self.ms / 1000)
        status = 200 if ok else 503
        return ProbeReading(probe.name, ok, status, self.ms, f"{status} in {self.ms} ms {CANARY}")


@dataclass
class ScriptedEngine:
    """Shows one scene per look, the last one again and again; a scene may be an error."""

    scenes: list[tuple[Container, ...] | Exception]
    looks: int = 0

    def version(self) -> str:
        return "scripted"

    def images(self) -> tuple[Image, ...]:
        return ()

    def image(self, reference: str) -> Image | None:
        return None

    def image_id(self, reference: str) -> str:
        return ""

    def containers(self, project: str) -> tuple[Container, ...]:
        self.looks += 1
        scene = self.scenes[min(self.looks, len(self.scenes)) - 1]
        if isinstance(scene, Exception):
            raise scene
        return scene

    def named(self, text: str) -> tuple[Container, ...]:
        return ()

    def states(self, project: str) -> tuple[Container, ...]:
        return self.containers(project)


def container(service: str = "web", number: int = 1, image: str = "sha256:new", **parts: Any) -> Container:
    """A container that runs well, but for the given parts."""
    given: dict[str, Any] = {
        "id": f"{service}{number}",
        "name": f"shop-{service}-{number}",
        "project": "shop",
        "service": service,
        "number": number,
        "image_id": image,
        "image_ref": "shop:latest",
        "state": "running",
        "health": "",
        "restarts": 0,
        "exit_code": 0,
        "started_at": "2026-11-22T10:00:00Z",
        "created_at": "2026-11-22T10:00:00Z",
    }
    return Container(**(given | parts))
