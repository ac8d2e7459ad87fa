"""A real Compose project in a folder of its own, and a world over it; what is tried with it is the tests' matter."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from actions.gateways.compose import ComposeCli
from actions.gateways.containers import EngineContainers
from actions.gateways.evidence import FileEvidence
from actions.gateways.host import connect
from actions.gateways.probes import HttpxProber
from actions.gateways.yaml_pin import YamlPin
from actions.model.clock import SystemClock
from actions.model.events import Body, EvidenceKept, Observed
from actions.model.ports import ComposeTool, Host, World
from actions.model.system import ComposeTable, ProveTable, Settings, SystemTable

TOOLS = {"v2": ("docker", "compose"), "v1": ("docker-compose",)}
PROJECT = "com.docker.compose.project"
DEADLINE = 110
REMOVED_S = 60


@dataclass
class Recorder:
    """A reporter that remembers."""

    lines: list[str] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def record(self, body: Body) -> None:
        self.bodies.append(body)

    def stopping(self) -> bool:
        return False

    @property
    def evidence(self) -> list[EvidenceKept]:
        return [body for body in self.bodies if isinstance(body, EvidenceKept)]

    @property
    def observed(self) -> list[Observed]:
        return [body for body in self.bodies if isinstance(body, Observed)]


class AskedOnce(ComposeCli):
    """Compose on this machine, asked once for what it is: generation 1 takes most of a second to tell its version,
    and a session has one world where a test makes many. `tests/gateways/test_compose.py` asks each time.
    """

    _told: ClassVar[dict[tuple[str | None, ...], tuple[ComposeTool, ...]]] = {}

    def tools(self) -> tuple[ComposeTool, ...]:
        found_by = tuple(map(os.environ.get, ("PATH", "HOME", "DOCKER_CONFIG")))
        if found_by not in self._told:
            self._told[found_by] = super().tools()
        return self._told[found_by]


@dataclass(frozen=True)
class Stack:
    """A project that runs."""

    name: str
    folder: Path
    tool: str
    file: str = "docker-compose.prod.yml"

    def compose(self, *words: str, files: tuple[str, ...] = ()) -> str:
        """Run the tool that the stack is of."""
        named = [word for name in (files or (self.file,)) for word in ("-f", name)]
        return run(*TOOLS[self.tool], "-p", self.name, *named, *words, cwd=self.folder)

    def write(self, text: str) -> None:
        (self.folder / self.file).write_text(text)

    def settings(self, **compose: object) -> Settings:
        table = {"files": (self.file,), "project": self.name, "health_deadline": 90, "steady": 1, **compose}
        return Settings(
            system=SystemTable(name=self.name, environment="drill", option="compose"),
            compose=ComposeTable(directory=str(self.folder), **table),  # type: ignore[arg-type]
            prove=ProveTable(passes=1, seconds=0),
        )

    def world(self, on: Host | None = None) -> World:
        """Over the engine of this machine; commands run and files lie on ``on``, which is this machine, too."""
        clock, host = SystemClock(), on or connect("local")
        return World(
            clock=clock,
            host=host,
            prober=HttpxProber(clock),
            evidence=FileEvidence(self.folder / "evidence"),
            containers=EngineContainers(),
            compose=ComposeCli(host) if on else AskedOnce(host),
            editor=YamlPin(),
        )

    def running(self) -> dict[str, str]:
        """Container name -> image id, of those that are up."""
        found: dict[str, str] = {}
        for one in run("docker", "ps", "-q", "--filter", f"label={PROJECT}={self.name}").split():
            asked = ("docker", "inspect", "--format", "{{.Name}} {{.Image}}", one)
            done = subprocess.run(asked, capture_output=True, text=True, timeout=DEADLINE)
            if done.returncode == 0:  # else it was replaced since it was listed
                name, image = done.stdout.lstrip("/").split()
                found[name] = image
        return found

    def container(self, service: str) -> str:
        """The id of the only container of a service, running or not."""
        label = f"label=com.docker.compose.service={service}"
        found = run("docker", "ps", "-aq", "--no-trunc", "--filter", f"label={PROJECT}={self.name}", "--filter", label)
        (one,) = found.split()
        return one

    def sha256s(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}


def run(*argv: str, cwd: Path | None = None) -> str:
    # The builder that every engine has; BuildKit would need a plugin.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}
    try:
        answer = subprocess.run(
            argv, cwd=cwd, capture_output=True, text=True, check=True, timeout=DEADLINE, env=environment
        )
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
    return answer.stdout


def inspect(name: str, template: str) -> str:
    return run("docker", "inspect", "--format", template, name).strip()


@contextmanager
def removed_afterwards(name: str) -> Iterator[None]:
    """Takes the containers and networks of a project away, whatever happened; nothing else."""
    try:
        yield
    finally:
        remove_all(f"label={PROJECT}={name}")


def remove_all(*wanted: str) -> None:
    """Take away the containers that one of these filters finds, and then the networks: again, as long as some are left:
    one that ends just then, or that a killed command still makes, is no fault of the test.
    """
    for kind, listed, words in (("container", "-aq", ("rm", "-f", "-v")), ("network", "-q", ("rm",))):
        end = time.monotonic() + REMOVED_S
        refused = ""
        while ids := {one for each in wanted for one in run("docker", kind, "ls", listed, "--filter", each).split()}:
            assert time.monotonic() < end, refused
            argv = ("docker", kind, *words, *sorted(ids))
            done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE)
            if refused := done.stderr:
                time.sleep(0.2)  # the engine does not tell when it is done with what it is doing
