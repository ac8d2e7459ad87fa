"""Reads a Compose project once: tool, files, configuration, containers, images, and what is odd about them.

Every drawer and list of this option stands on these facts; what follows from them is left to the other files.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from actions.model.canonical import sha256_hex
from actions.model.compose_command import default_files
from actions.model.errors import BadInput, CommandFailed, Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.outside_text import sanitise
from actions.model.ports import (
    Compose,
    ComposeProject,
    ComposeTool,
    Container,
    Containers,
    Image,
    World,
)
from actions.model.system import ComposeTable
from actions.steps.compose_names import OVERRIDE_NAME, reference_problem
from actions.steps.compose_profiles import UP, with_profiles_in_use
from actions.steps.compose_services import ServiceSet, service_set
from actions.steps.compose_sources import warnings

LISTING_S = 20
"""Deadline for listing a folder of the host."""


@dataclass(frozen=True)
class ComposeFacts:
    """What was read of a project, once."""

    tool: ComposeTool
    directory: str
    files: tuple[str, ...]
    """The Compose files, named one by one, as they go after ``-f``."""
    project: ComposeProject
    containers: tuple[Container, ...]
    """All but those of ``compose run`` and those a recreation left behind, of all services."""
    images: dict[str, Image]
    """Image id -> image."""
    members: ServiceSet
    notes: tuple[Note, ...] = ()
    drawn_in: tuple[str, ...] = ()
    """Paths of ``.env`` and of what the files draw in; looked for only when a plan is drawn."""
    leftovers: tuple[Container, ...] = ()
    """One-off containers and what an interrupted recreation left: they do not run, but their logs count."""

    @property
    def services(self) -> tuple[str, ...]:
        """The services that go back together."""
        return self.members.services

    def of(self, service: str) -> tuple[Container, ...]:
        """The containers of a service."""
        return tuple(c for c in self.containers if c.service == service)

    @property
    def running(self) -> dict[str, str]:
        """Service -> image id of its containers; with several, that of the newest; no entry: no container."""
        return running_images(self.containers, self.services)


def engine(world: World) -> Containers:
    """The container engine. Raises Refused when the system has none."""
    if world.containers is None:
        raise Refused("no container engine is configured", "", "add a [compose] table to the configuration")
    return world.containers


def compose(world: World) -> Compose:
    """Compose on the host. Raises Refused when the system has none."""
    if world.compose is None:
        raise Refused("no Compose is configured", "", "add a [compose] table to the configuration")
    return world.compose


def running_images(containers: tuple[Container, ...], services: tuple[str, ...]) -> dict[str, str]:
    """Service -> image id of its newest container that is up, else of its newest one."""
    images: dict[str, str] = {}
    for service in services:
        own = [c for c in containers if c.service == service]
        if own:
            images[service] = max(own, key=lambda c: (c.state in ("running", "restarting"), c.created_at)).image_id
    return images


def without_leftovers(containers: tuple[Container, ...]) -> tuple[Container, ...]:
    """The containers that make up the services: no one-off ones, none left by an interrupted recreation.

    Compose renames one of the two aside while it recreates: ``1f2e3d4c5b6a_obcms-web-1``. When it is killed
    there, the one that is down is left over, unless it is the only one of its service and number.
    """
    proper = {(c.service, c.number) for c in containers if not c.one_off and not _set_aside(c)}
    return tuple(c for c in containers if not c.one_off and not (_set_aside(c) and (c.service, c.number) in proper))


def _set_aside(container: Container) -> bool:
    up = container.state in ("running", "restarting", "paused")
    return not up and bool(re.match(r"[0-9a-f]{12}_", container.name))


def read_facts(table: ComposeTable, world: World) -> ComposeFacts:
    """Read everything about the project once. Raises GoaroundError with the operator's next move."""
    tools = compose(world).tools()
    tool = _first_tool(table, tools)
    files = explicit_files(table, tool, world)
    project = compose(world).config(tool, table.directory, files, table.project)
    everything = engine(world).containers(project.name)
    better, notes = _fitting_tool(table, tools, tool, everything)
    if better != tool:
        tool = better
        files = explicit_files(table, tool, world)
        project = compose(world).config(tool, table.directory, files, project.name)
    place = (table.directory, files)
    tool, project, profiles = with_profiles_in_use(compose(world), tool, place, project, everything)
    containers = without_leftovers(everything)
    members = service_set(table, project, containers)
    told = warnings(tuple(line for line in project.warnings if "is obsolete" not in line), *place, world)
    return ComposeFacts(
        tool=tool,
        directory=table.directory,
        files=files,
        project=project,
        containers=containers,
        images={image.id: image for image in engine(world).images()},
        members=members,
        notes=(*notes, *profiles, *told, *_oddities(project, containers, members, files)),
        leftovers=tuple(c for c in everything if c not in containers),
    )


def _first_tool(table: ComposeTable, tools: tuple[ComposeTool, ...]) -> ComposeTool:
    wanted = {"v2": 2, "v1": 1}.get(table.tool)
    fitting = [tool for tool in tools if wanted in (None, tool.generation)]
    if not fitting:
        there = ", ".join(f"{' '.join(tool.argv)} {tool.version}" for tool in tools) or "no Compose at all"
        raise Refused(
            f"Compose {table.tool if wanted else ''} is not on the host".replace("  ", " "),
            f"there is {there}",
            "install Compose v2, or set compose.tool to what is there",
            code="compose-missing",
        )
    return max(fitting, key=lambda tool: tool.generation)


def _fitting_tool(
    table: ComposeTable, tools: tuple[ComposeTool, ...], tool: ComposeTool, containers: tuple[Container, ...]
) -> tuple[ComposeTool, tuple[Note, ...]]:
    """The generation that made the containers, when there is a choice: another one would rename them all."""
    made_by = {made for c in containers if (made := generation_of(c))}
    if not made_by or made_by == {tool.generation}:
        return tool, ()
    if len(made_by) > 1:
        note = f"containers of Compose v1 and v2 are mixed; {' '.join(tool.argv)} renames those it recreates"
        return tool, (NoteKind.COMPOSE_MIXED.note(note),)
    (generation,) = made_by
    other = next((t for t in tools if t.generation == generation), None)
    if table.tool == "auto" and other is not None:
        note = f"Compose v{generation} made these containers and is used: {' '.join(other.argv)} {other.version}"
        return other, (NoteKind.COMPOSE_MATCHED.note(note),)
    note = (
        f"Compose v{generation} made these containers; {' '.join(tool.argv)} renames those it recreates "
        "(host names that hold '_' and '-' change)"
    )
    return tool, (NoteKind.COMPOSE_RENAMES.note(note),)


def generation_of(container: Container) -> int:
    """Which generation of Compose made a container, by the form of its name; 0: its name was chosen."""
    for generation, mark in ((1, "_"), (2, "-")):
        if container.name == mark.join((container.project, container.service, str(container.number))):
            return generation
    return 0


def explicit_files(table: ComposeTable, tool: ComposeTool, world: World) -> tuple[str, ...]:
    """The Compose files one by one: as configured, else as COMPOSE_FILE says, else the defaults.

    They must be named as soon as an override is added. Raises BadInput when there is none, or one is missing.
    """
    files = table.files or _from_environment(table, world) or default_files(_listing(table, world), tool.generation)
    if not files:
        raise BadInput(
            f"no Compose file in {table.directory}",
            "",
            "set compose.directory or compose.files in the configuration",
        )
    for name in files:
        if world.host.read_file(path_in(table.directory, name)) is None:
            raise BadInput(
                f"the Compose file {path_in(table.directory, name)} is missing on {world.host.name}",
                "",
                "correct compose.directory or compose.files in the configuration",
            )
    return files


def path_in(directory: str, name: str) -> str:
    """A file's path on the host."""
    return posixpath.join(directory, name)


def _from_environment(table: ComposeTable, world: World) -> tuple[str, ...]:
    """COMPOSE_FILE of the host's environment, else of the project's ``.env``, taken apart as Compose does."""
    content = world.host.read_file(path_in(table.directory, ".env")) or b""
    values = dict(
        re.findall(
            r"^\s*(?:export\s+)?(COMPOSE_FILE|COMPOSE_PATH_SEPARATOR)\s*=\s*[\"']?([^\"'\r\n#]*)",
            content.decode("utf-8", "replace"),
            re.MULTILINE,
        )
    )
    for name in ("COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"):
        told = world.host.run(("printenv", name), timeout_s=LISTING_S)
        if told.exit_status == 0:
            values[name] = told.stdout.decode("utf-8", "replace").removesuffix("\n")
    separator = values.get("COMPOSE_PATH_SEPARATOR", "").strip() or ":"
    return tuple(name.strip() for name in values.get("COMPOSE_FILE", "").split(separator) if name.strip())


def _listing(table: ComposeTable, world: World) -> tuple[str, ...]:
    result = world.host.run(("ls", "-A", "--", table.directory), timeout_s=LISTING_S)
    if result.exit_status != 0:
        raise CommandFailed(
            f"{table.directory} cannot be listed on {world.host.name}",
            sanitise(result.stderr),
            "correct compose.directory in the configuration",
            result.exit_status,
        )
    return tuple(result.stdout.decode("utf-8", "replace").splitlines())


def file_hashes(facts: ComposeFacts, world: World) -> dict[str, str]:
    """Path -> sha256 of the Compose files, ``.env`` and what they draw in; empty where there is no file."""
    hashes = {}
    for path in (*(path_in(facts.directory, name) for name in facts.files), *facts.drawn_in):
        content = world.host.read_file(path)
        hashes[path] = "" if content is None else sha256_hex(content)
    return hashes


def _oddities(
    project: ComposeProject, containers: tuple[Container, ...], members: ServiceSet, files: tuple[str, ...]
) -> tuple[Note, ...]:
    notes = []
    strangers = sorted({c.service for c in containers} - set(project.services))
    if strangers:
        alone = f"{', '.join(strangers)} has containers but no active service of the Compose files: left alone"
        notes.append(NoteKind.SERVICE_LEFT_ALONE.note(alone))
    left = set(running_images(containers, members.services).values())
    still = sorted(c.name for c in containers if c.service in strangers and c.state in UP and c.image_id in left)
    if still:
        goes_on = f"{', '.join(still)} runs the release that is left, and will go on to: stop it by hand"
        notes.append(NoteKind.GOES_ON_RUNNING.note(goes_on))
    for service in members.services:
        image = project.services[service].image
        problem = reference_problem(image) if image else ""
        if problem:
            bad = f"{service}: the Compose file names the image {sanitise(image)!r}, but {problem}"
            notes.append(NoteKind.IMAGE_NAME_BAD.note(bad))
    made_from = {
        tuple(
            posixpath.basename(name)
            for name in c.config_files.split(",")
            if not OVERRIDE_NAME.fullmatch(posixpath.basename(name))
        )
        for c in containers
        if c.service in members.services and c.config_files
    }
    ours = tuple(posixpath.basename(name) for name in files)
    notes += [
        NoteKind.OTHER_FILES.note(
            f"the containers were made from {', '.join(names)}; the configuration names {', '.join(ours)}"
        )
        for names in sorted(made_from)
        if names != ours
    ]
    return tuple(notes)
