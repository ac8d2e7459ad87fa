"""The guided switch of a Compose service against `docker compose up -d` alone, and looking at states against `ps`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from compose_stack import TOOLS, Stack, inspect, removed_afterwards, run
from engine_images import ImageBuilder
from measuring import Ratio, judge, of_pairs, pairs

from actions.gateways.containers import EngineContainers
from actions.model.events import StepFinished
from actions.model.matrix import Decision, Inputs
from app.session import Session
from app.settings import load
from app.store import open_session

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

SWITCH_LIMIT, STATES_LIMIT = 1.05, 0.1
SWITCH_PAIRS, STATES_PAIRS = 15, 15
PATIENCE_S = 60.0
WEB = "#!/bin/sh\ntrap 'exit 0' TERM\nwhile :; do sleep 1000 & wait $!; done\n"
FILE = """\
services:
  web:
    image: {image}
    network_mode: none
"""
CONFIG = """\
[system]
name = "{name}"
environment = "drill"
option = "compose"

[compose]
directory = "{folder}"
files = ["docker-compose.yml"]
project = "{name}"

[prove]
passes = 1
seconds = 0

[people]
ops1 = {{ name = "First Operator", roles = ["devops-lead"] }}
"""


@dataclass(frozen=True)
class Web(Stack):
    """A stack of one service that ends at once on TERM; its images are the tags ``a`` and ``b``."""

    def deploy(self, tag: str) -> None:
        """Have this tag in the file and running."""
        self.write(FILE.format(image=f"{self.name}:{tag}"))
        self.compose("up", "-d")

    def image(self, tag: str) -> str:
        return inspect(f"{self.name}:{tag}", "{{.Id}}")


@pytest.fixture
def two(engine_name: str, build_image: ImageBuilder, tmp_path: Path) -> Iterator[tuple[Web, Web]]:
    """Two stacks of the same kind, both on tag ``a``: one is switched by hand, one is guided."""
    stacks = []
    for role in ("hand", "guided"):
        name = f"{engine_name}-{role}"
        (tmp_path / role).mkdir()
        for tag in ("a", "b"):
            build_image(f"{name}:{tag}", {"/web.sh": WEB, "/tag": f"{name} {tag}"}, ["/web.sh"])
        stacks.append(Web(name, tmp_path / role, "v2", "docker-compose.yml"))
    with removed_afterwards(stacks[0].name), removed_afterwards(stacks[1].name):
        for stack in stacks:
            stack.deploy("b")
        yield stacks[0], stacks[1]


class ByHand:
    """The plain command that makes the same change: the tag in the file is edited, then ``up -d``."""

    def __init__(self, stack: Web) -> None:
        self._stack = stack
        self._tag = "b"

    def seconds(self) -> float:
        self._tag = "b" if self._tag == "a" else "a"
        self._stack.write(FILE.format(image=f"{self._stack.name}:{self._tag}"))
        argv = (*TOOLS["v2"], "-p", self._stack.name, "-f", self._stack.file, "up", "-d")
        begun = time.perf_counter()
        subprocess.run(argv, cwd=self._stack.folder, check=True, capture_output=True, timeout=PATIENCE_S)
        return time.perf_counter() - begun


class Guided:
    """The switch step of one plan, run and undone by turns: the override goes to ``a`` and back to ``b``."""

    def __init__(self, stack: Web, session: Session) -> None:
        self._stack = stack
        self._session = session
        self._tag = "b"
        assert session.take_lease()
        session.declare("pages fail")
        session.set_inputs(Inputs("High", 60, 80, "Low"))
        session.decide(Decision.ROLL_BACK)
        self._release = next(one for one in session.releases() if stack.image("a") in one.images.values())
        assert session.runner().wait_answer(PATIENCE_S), "the worker is warm"
        self._draw()

    def _draw(self) -> None:
        plan = self._session.draw(self._release)
        for step in plan.steps:
            if step.phase == "before":
                self._step(step.code)
        self._code = next(step.code for step in plan.steps if step.step == "compose.switch")

    def seconds(self) -> float:
        """From the wish to the result on disk."""
        if self._tag == "a":
            self._back()
        self._tag = "a"
        seconds = self._step(self._code)
        assert inspect(self._stack.container("web"), "{{.Image}}") == self._stack.image("a")
        return seconds

    def _back(self) -> None:
        """The former state, and a plan drawn from it anew; not counted."""
        self._step(self._code, undo=True)
        self._tag = "b"
        self._draw()

    def _step(self, code: str, *, undo: bool = False) -> float:
        session = self._session
        begun = time.perf_counter()
        number = session.start(code, armed="typed", undo=undo)
        assert session.runner().wait_answer(PATIENCE_S), f"{code} did not end"
        ended = session.journal.events(session.incident.id, session.incident.head_seq)[-1]
        seconds = time.perf_counter() - begun
        assert ended.kind == StepFinished.kind
        session.sync()
        last = session.incident.runs[-1]
        assert last.number == number
        assert last.outcome is not None
        assert last.outcome.value == "done", (code, last.summary)
        return seconds


@pytest.fixture
def guided(two: tuple[Web, Web], tmp_path: Path) -> Iterator[Guided]:
    """A flown incident over the guided stack, its worker warm."""
    stack = two[1]
    config = tmp_path / "goaround.toml"
    config.write_text(CONFIG.format(name=stack.name, folder=stack.folder))
    session = open_session(load(config), store=str(tmp_path / "store"), acting_as="ops1")
    try:
        yield Guided(stack, session)
    finally:
        session.close()
        session.journal.close()


def test_guided_switch(two: tuple[Web, Web], guided: Guided) -> None:
    """Guided and recorded, a switch takes hardly longer than by hand: pre-check, intent, effects, look, result."""
    by_hand = ByHand(two[0])

    def measure() -> list[Ratio]:
        taken = pairs(guided.seconds, by_hand.seconds, SWITCH_PAIRS, warm_up=2)
        return [of_pairs("guided and recorded switch / docker compose up -d", taken, SWITCH_LIMIT)]

    judge(measure)


def test_container_states(two: tuple[Web, Web]) -> None:
    """A look at the containers is so cheap that the screen may look twice a second."""
    stack = two[0]
    engine = EngineContainers()
    assert [one.state for one in engine.states(stack.name)] == ["running"]

    def timed(what: Callable[[], object]) -> float:
        begun = time.perf_counter()
        what()
        return time.perf_counter() - begun

    def measure() -> list[Ratio]:
        taken = pairs(
            lambda: timed(lambda: engine.states(stack.name)),
            lambda: timed(lambda: run(*TOOLS["v2"], "-p", stack.name, "-f", stack.file, "ps", cwd=stack.folder)),
            STATES_PAIRS,
        )
        return [of_pairs("container states / docker compose ps", taken, STATES_LIMIT)]

    judge(measure)
    engine.close()
