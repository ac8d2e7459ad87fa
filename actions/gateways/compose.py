"""Finds Compose on a host and reads what a project resolves to; what it changes is left to the steps.

Both generations are asked with ``config``; what they print is understood in ``compose_config``. Compose's own
rules decide everything (files, environment, project folder), so it runs in the project's folder and gets no
settings of ours.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from actions.gateways.compose_config import (
    active_profiles,
    dotenv,
    left_out,
    parsed,
    project_name,
    read_services,
    warnings_of,
)
from actions.model.compose_command import compose_argv
from actions.model.errors import BadInput, CommandFailed, Unreachable
from actions.model.outside_text import sanitise
from actions.model.ports import CommandResult, ComposeProject, ComposeService, ComposeTool, Host

_VERSION = re.compile(r"v?(\d+)\.(\d+)\S*")
_CANDIDATES = (("docker", "compose"), ("docker-compose",))
_NOT_FOUND = 127
_ENVIRONMENT = ("COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME")


class ComposeCli:
    """Compose on a host, as ``ports.Compose``. ``timeout_s`` bounds each command, which may fetch remote
    includes."""

    def __init__(self, host: Host, *, timeout_s: float = 60.0) -> None:
        self._host = host
        self._timeout_s = timeout_s

    def tools(self) -> tuple[ComposeTool, ...]:
        """Those that are there, newer generation first; empty when there is none.

        What counts is the version a program tells, not its name: ``docker-compose`` may be of generation 2.
        """
        with ThreadPoolExecutor(max_workers=len(_CANDIDATES)) as pool:
            found = [tool for tool in pool.map(self._tool, _CANDIDATES) if tool is not None]
        return tuple(sorted(found, key=lambda tool: -tool.generation))

    def config(self, tool: ComposeTool, directory: str, files: tuple[str, ...], project: str = "") -> ComposeProject:
        """The project that Compose makes of these files; services of profiles that are not active are left
        out.

        Raises ``CommandFailed`` with Compose's own words, ``Unreachable`` when it does not end in time.
        """
        if tool.generation >= 2:
            return self._config_v2(tool, directory, files, project)
        return self._config_v1(tool, directory, files, project)

    def _config_v2(self, tool: ComposeTool, directory: str, files: tuple[str, ...], project: str) -> ComposeProject:
        wanted = (("config", "--format", "json"), ("config",), ("config", "--profiles"))

        def ask(words: tuple[str, ...]) -> CommandResult:
            return self._run(compose_argv(tool, directory, files, project, *words), directory)

        with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
            values, text, profiles = pool.map(ask, wanted)
        for result in (values, text):
            _demand(result, directory)
        table = parsed(values.stdout, "json", directory)
        services = read_services(table, tool.generation)
        name = table.get("name")
        if not isinstance(name, str) or not name:  # versions before 2.3 do not tell
            name = project or self._name(tool, directory, files)
        known = profiles.stdout.decode("utf-8", "replace").split() if profiles.exit_status == 0 else []
        active = {profile for service in services.values() for profile in service.profiles}
        idle = tuple(sanitise(one) for one in known if one not in active)
        return _project(name, services, text, warnings_of(values.stderr), idle)

    def _config_v1(self, tool: ComposeTool, directory: str, files: tuple[str, ...], project: str) -> ComposeProject:
        result = self._run(compose_argv(tool, directory, files, project, "config"), directory)
        _demand(result, directory)
        everything = read_services(parsed(result.stdout, "yaml", directory), tool.generation)
        settings = self._settings(directory)
        active = active_profiles(settings) | _asked_for(tool)
        services = {
            name: service
            for name, service in everything.items()
            if not service.profiles or "*" in active or active & set(service.profiles)
        }
        folder = self._project_folder(directory, files, settings)
        name = project_name(tool.generation, project, settings, folder)
        return _project(name, services, result, warnings_of(result.stderr), left_out(everything, services))

    def _tool(self, argv: tuple[str, ...]) -> ComposeTool | None:
        try:
            result = self._run((*argv, "version", "--short"), "")
        except CommandFailed:
            return None  # the host tells a missing program so
        version = sanitise(result.stdout).strip()
        told = _VERSION.fullmatch(version)
        if result.exit_status != 0 or not told:
            return None
        return ComposeTool(argv, version, 2 if int(told.group(1)) >= 2 else 1)

    def _name(self, tool: ComposeTool, directory: str, files: tuple[str, ...]) -> str:
        settings = self._settings(directory)
        return project_name(tool.generation, "", settings, self._project_folder(directory, files, settings))

    def _settings(self, directory: str) -> dict[str, str]:
        """COMPOSE_… as Compose will see them: the host's environment over the folder's ``.env``."""
        content = self._host.read_file(posixpath.join(directory, ".env"))
        settings = dotenv(content.decode("utf-8", "replace")) if content else {}
        for name in _ENVIRONMENT:
            told = self._run(("printenv", name), "")
            if told.exit_status == 0:
                settings[name] = told.stdout.decode("utf-8", "replace").removesuffix("\n")
        return settings

    def _project_folder(self, directory: str, files: tuple[str, ...], settings: Mapping[str, str]) -> str:
        """The folder a project takes its name from: that of its first file. Links stay as they were named."""
        if not directory.startswith("/"):
            directory = self._run(("pwd",), directory).stdout.decode("utf-8", "replace").removesuffix("\n")
        first = files[0] if files else settings.get("COMPOSE_FILE", "").partition(":")[0]
        return posixpath.dirname(posixpath.normpath(posixpath.join(directory, first))) if first else directory

    def _run(self, argv: tuple[str, ...], directory: str) -> CommandResult:
        result = self._host.run(argv, cwd=directory, timeout_s=self._timeout_s)
        if result.timed_out:
            raise Unreachable(
                f"{' '.join(argv[:2])} does not end",
                f"no end within {self._timeout_s:g} s",
                "run it by hand in the project's folder; an include from the network may hang",
            )
        return result


def _demand(result: CommandResult, directory: str) -> None:
    """Raise what Compose said when it could not read the project."""
    if result.exit_status == 0:
        return
    said = warnings_of(result.stderr, everything=True)
    # Variables that are not set are warned of before the error, often by the dozen.
    words = [line for line in said if "variable is not set" not in line] or [*said] or ["it says nothing"]
    title = f"Compose cannot read the project in {sanitise(directory)}"
    move = "mend the file that it names; docker compose config shows the same"
    if result.exit_status == _NOT_FOUND:
        move = "install Compose on the host, or set compose.tool"
    raise CommandFailed(title, " / ".join(words[-6:]), move, result.exit_status)


def _asked_for(tool: ComposeTool) -> set[str]:
    """The profiles that stand in the tool's own words: generation 1 prints the services of all of them."""
    return {value for word, value in zip(tool.argv, tool.argv[1:], strict=False) if word == "--profile"}


def _project(
    name: str,
    services: dict[str, ComposeService],
    result: CommandResult,
    warnings: tuple[str, ...],
    idle: tuple[str, ...],
) -> ComposeProject:
    if not name:
        raise BadInput(
            "The Compose project has no name",
            "its folder's name holds no usable letter",
            "set compose.project",
        )
    awaited = sorted(
        {
            target
            for service in services.values()
            for target, condition in service.depends_on.items()
            if condition == "service_completed_successfully"
        }
    )
    text = sanitise(result.stdout, keep_newlines=True)
    project = ComposeProject(sanitise(name), services, text, tuple(awaited))
    told = (*warnings, *(f"profile {one} is not active; its services are left out" for one in idle))
    return replace(project, warnings=tuple(dict.fromkeys(told)), idle_profiles=idle)
