"""Ports that answer from memory, for drawing Compose plans without an engine; journeys try the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from actions.gateways.evidence import FileEvidence
from actions.gateways.yaml_pin import YamlPin
from actions.model.canonical import sha256_hex
from actions.model.clock import ManualClock
from actions.model.errors import CommandFailed, WorldMoved
from actions.model.ports import (
    CommandResult,
    ComposeProject,
    ComposeService,
    ComposeTool,
    Container,
    Image,
    LogLine,
    World,
)

V2 = ComposeTool(("docker", "compose"), "2.26.1", 2)
V1 = ComposeTool(("docker-compose",), "1.29.2", 1)
FOLDER = "/opt/obcms"
PROJECT = "obcms"


def image_id(text: str) -> str:
    """A full image id for a short name."""
    return f"sha256:{sha256_hex(text.encode())}"


@dataclass
class FakeHost:
    """Files in memory. Programs: ``ls`` and ``printenv`` only."""

    files: dict[str, bytes] = field(default_factory=dict)
    name: str = "local"
    written: list[str] = field(default_factory=list)

    def run(
        self,
        argv: tuple[str, ...],
        *,
        cwd: str = "",
        env: dict[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float | None = None,
        on_output: Callable[[str, bytes], None] | None = None,
        source: Iterator[bytes] | None = None,
    ) -> CommandResult:
        if argv[0] == "ls":
            names = [path.rpartition("/")[2] for path in self.files if path.startswith(argv[-1] + "/")]
            return CommandResult(0, "\n".join(names).encode(), b"", 1)
        if argv[0] == "printenv":
            return CommandResult(1, b"", b"", 1)
        raise CommandFailed(f"{argv[0]} is no program of this host")

    def read_file(self, path: str, limit_bytes: int = 0) -> bytes | None:
        return self.files.get(path)

    def write_file(self, path: str, content: bytes, *, mode: int, before: str) -> None:
        there = self.files.get(path)
        if (sha256_hex(there) if there is not None else "") != before:
            raise WorldMoved(f"{path} has changed")
        self.files[path] = content
        self.written.append(path)

    def remove_file(self, path: str, *, before: str) -> None:
        self.files.pop(path, None)

    def stream_to(self, argv: tuple[str, ...], sink: object, *, cwd: str = "", merge_stderr: bool = True) -> int:
        raise CommandFailed(f"{argv[0]} is no program of this host")


@dataclass
class FakeEngine:
    """Images and containers in memory."""

    there: list[Image] = field(default_factory=list)
    made: list[Container] = field(default_factory=list)

    def version(self) -> str:
        return "fake"

    def images(self) -> tuple[Image, ...]:
        used = {c.image_id for c in self.made}
        return tuple(replace(image, in_use=image.id in used) for image in self.there)

    def image(self, reference: str) -> Image | None:
        return next((i for i in self.images() if reference == i.id or reference in i.tags), None)

    def image_id(self, reference: str) -> str:
        found = self.image(reference)
        return found.id if found else ""

    def containers(self, project: str) -> tuple[Container, ...]:
        return tuple(c for c in self.made if c.project == project)

    def named(self, text: str) -> tuple[Container, ...]:
        return ()

    def states(self, project: str) -> tuple[Container, ...]:
        return self.containers(project)

    def newest_lines(self, container_id: str, count: int) -> tuple[LogLine, ...]:
        return ()


@dataclass
class FakeCompose:
    """One project. With more files than its own, services named in the last one get the image that stands there."""

    project: ComposeProject
    host: FakeHost
    present: tuple[ComposeTool, ...] = (V2,)
    asked: list[tuple[ComposeTool, tuple[str, ...]]] = field(default_factory=list)

    def tools(self) -> tuple[ComposeTool, ...]:
        return self.present

    def config(self, tool: ComposeTool, directory: str, files: tuple[str, ...], project: str = "") -> ComposeProject:
        self.asked.append((tool, files))
        named: dict[str, str] = {}
        if files and files[-1].startswith("/tmp/"):
            named = YamlPin().named(self.host.files[files[-1]])
        services = {
            name: replace(service, image=named.get(name) or service.image)
            for name, service in self.project.services.items()
        }
        return replace(self.project, services=services, text=_text(services, set(named)))


def _text(services: dict[str, ComposeService], pinned: set[str]) -> str:
    lines = [f"name: {PROJECT}", "services:"]
    for name, service in sorted(services.items()):
        lines += [f"  {name}:", "    environment:", "      SECRET_KEY: hunter2"]
        lines += [f"    image: {service.image}"] if service.image else ["    build: ."]
        lines += ["    pull_policy: never"] if name in pinned else []
    return "\n".join(lines) + "\n"


def service(name: str, image: str = "", **more: object) -> ComposeService:
    """A service; without an image it is built."""
    given: dict[str, object] = {"build": not image, "restart": "", "has_healthcheck": False, **more}
    return ComposeService(name=name, image=image, **given)  # type: ignore[arg-type]


def project(*services: ComposeService, jobs: tuple[str, ...] = ()) -> ComposeProject:
    """A project of these services."""
    return ComposeProject(PROJECT, {s.name: s for s in services}, "", awaited_jobs=jobs)


def image(name: str, *tags: str, created: str = "2025-10-01T08:00:00Z", **labels: str) -> Image:
    """An image whose id follows from ``name``; labels with ``__`` for ``.``."""
    told = {key.replace("__", "."): value for key, value in labels.items()}
    return Image(image_id(name), tags, (), created, 1, told)


def container(service_name: str, image_name: str, number: int = 1, **more: object) -> Container:
    """A container that runs, made by Compose v2."""
    given: dict[str, object] = {
        "id": sha256_hex(f"{service_name}{number}{image_name}".encode()),
        "name": f"{PROJECT}-{service_name}-{number}",
        "state": "running",
        "health": "",
        "restarts": 0,
        "exit_code": 0,
        "started_at": "2025-10-02T10:00:00Z",
        "created_at": "2025-10-02T10:00:00Z",
        **more,
    }
    return Container(
        project=PROJECT,
        service=service_name,
        number=number,
        image_id=image_id(image_name),
        image_ref=image_name,
        **given,  # type: ignore[arg-type]
    )


@dataclass
class Fakes:
    """A world and what stands behind it."""

    world: World
    host: FakeHost
    engine: FakeEngine
    compose: FakeCompose


def fakes(
    of: ComposeProject,
    images: list[Image],
    containers: list[Container],
    *,
    files: dict[str, str] | None = None,
    tools: tuple[ComposeTool, ...] = (V2,),
    encrypt_to: tuple[str, ...] = (),
) -> Fakes:
    """A world in which this project, these images and these containers are."""
    texts = {"docker-compose.yml": "services: {}\n"} if files is None else files
    host = FakeHost({f"{FOLDER}/{name}": text.encode() for name, text in texts.items()})
    engine, tool = FakeEngine(images, containers), FakeCompose(of, host, tools)
    world = World(
        clock=ManualClock(),
        host=host,
        prober=None,  # type: ignore[arg-type]  # nothing is probed while a plan is drawn
        evidence=FileEvidence(Path("/nowhere"), encrypt_to),  # nothing is kept while a plan is drawn
        containers=engine,
        compose=tool,
        editor=YamlPin(),
    )
    return Fakes(world, host, engine, tool)


@dataclass
class Profiled(FakeCompose):
    """A Compose that leaves services out unless their profile is told."""

    refuses: bool = False

    def config(self, tool: ComposeTool, directory: str, files: tuple[str, ...], name: str = "") -> ComposeProject:
        whole = super().config(tool, directory, files, name)
        told = {value for word, value in zip(tool.argv, tool.argv[1:], strict=False) if word == "--profile"}
        if told and self.refuses:
            raise CommandFailed("service worker depends on undefined service db")
        there = {n: s for n, s in whole.services.items() if not s.profiles or told & set(s.profiles)}
        idle = {profile for n, s in whole.services.items() if n not in there for profile in s.profiles}
        return replace(whole, services=there, idle_profiles=tuple(sorted(idle)))


def profiled(*containers: object, refuses: bool = False) -> Fakes:
    """Services of which all but `web` are hidden behind a profile."""
    of = project(
        service("web", "obcms:2"),
        service("worker", "obcms:2", profiles=("jobs",)),
        service("seed", "obcms:2", profiles=("once",)),
    )
    one = fakes(of, [image("two", "obcms:2"), image("one", "obcms:1")], [*containers])  # type: ignore[list-item]
    fake = Profiled(of, one.host, (V2,), refuses=refuses)
    return replace(one, compose=fake, world=replace(one.world, compose=fake))
