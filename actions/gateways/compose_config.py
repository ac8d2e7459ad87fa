"""Understands what ``compose config`` prints, of either generation; asking Compose is left to ``compose``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from actions.model.errors import CommandFailed
from actions.model.outside_text import sanitise
from actions.model.ports import ComposeService

_LOGRUS = re.compile(r'\blevel=(?P<level>\w+)\s+msg=(?P<msg>"(?:[^"\\]|\\.)*"|\S+)')
_TERMINAL = re.compile(r"^(?:WARN\[\d+\]|WARNING:)\s*")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
_DEPLOY_RESTART = {"none": "no", "no": "no", "": "always", "any": "always"}


def parsed(output: bytes, form: Literal["json", "yaml"], directory: str) -> dict[str, Any]:
    """The table that Compose printed. Raises ``CommandFailed`` when it is none: a Compose that we do not
    understand."""
    problem = "it is no table"
    table: Any = None
    if form == "json":
        try:
            table = json.loads(output)
        except ValueError as error:
            problem = str(error)
    else:
        from ruamel.yaml import YAML  # only generation 1 needs it, and it is slow to load
        from ruamel.yaml.error import YAMLError

        try:
            table = YAML(typ="safe", pure=True).load(output)
        except (YAMLError, ValueError) as error:  # ValueError: a number or date that is none
            problem = str(error)
    if not isinstance(table, dict):
        raise CommandFailed(
            f"What Compose prints for {sanitise(directory)} cannot be understood",
            sanitise(problem, limit=300),
            "compare with docker compose config by hand, and report the version",
        )
    return table


def read_services(table: Mapping[str, Any], generation: int) -> dict[str, ComposeService]:
    """The services of a resolved configuration, by name, in order of name."""
    services = table.get("services") or {}
    if not isinstance(services, dict):
        return {}
    return {
        (clean := sanitise(str(name))): _service(clean, entry if isinstance(entry, dict) else {}, generation)
        for name, entry in sorted(services.items(), key=lambda item: str(item[0]))
    }


def _service(name: str, entry: Mapping[str, Any], generation: int) -> ComposeService:
    return ComposeService(
        name=name,
        image=sanitise(str(entry.get("image") or "")),
        build=bool(entry.get("build")),
        restart=_restart(entry, generation),
        has_healthcheck=_has_healthcheck(entry.get("healthcheck")),
        depends_on={**_implied(entry), **_depends_on(entry.get("depends_on"))},
        profiles=tuple(sanitise(str(one)) for one in entry.get("profiles") or ()),
        scale=_scale(entry),
    )


def _restart(entry: Mapping[str, Any], generation: int) -> str:
    """What Docker is told: generation 2 lets ``deploy.restart_policy`` win, generation 1 does not look at
    it."""
    policy = _inner(entry, "deploy").get("restart_policy")
    if generation >= 2 and isinstance(policy, dict):
        condition = sanitise(str(policy.get("condition") or ""))
        attempts = policy.get("max_attempts")
        told = _DEPLOY_RESTART.get(condition, condition)
        return f"{told}:{attempts}" if attempts and told == "on-failure" else told
    restart = entry.get("restart")
    if restart is False:  # YAML 1.1 takes an unquoted no for false
        return "no"
    return sanitise(str(restart or ""))


def _has_healthcheck(check: object) -> bool:
    if not isinstance(check, dict) or check.get("disable") is True:
        return False
    test = check.get("test")
    first = test[0] if isinstance(test, list) and test else test
    return first != "NONE"


def _depends_on(given: object) -> dict[str, str]:
    if isinstance(given, dict):
        return {
            sanitise(str(name)): sanitise(
                str((how if isinstance(how, dict) else {}).get("condition") or "service_started")
            )
            for name, how in sorted(given.items())
        }
    if isinstance(given, list):
        return {sanitise(str(name)): "service_started" for name in sorted(given, key=str)}
    return {}


def _implied(entry: Mapping[str, Any]) -> dict[str, str]:
    """What a service depends on without saying so; generation 2 writes it out, generation 1 only obeys it."""
    links = [str(link).partition(":")[0] for link in entry.get("links") or ()]
    volumes = [str(one) for one in entry.get("volumes_from") or ()]
    links += [one.removeprefix("service:").partition(":")[0] for one in volumes if not one.startswith("container:")]
    shared = [str(entry.get(key) or "") for key in ("network_mode", "ipc", "pid")]
    links += [one.removeprefix("service:") for one in shared if one.startswith("service:")]
    return {sanitise(name): "service_started" for name in links}


def _scale(entry: Mapping[str, Any]) -> int:
    deploy = _inner(entry, "deploy")
    # Generation 2 prints both when both are given, and they must agree.
    for told in (entry.get("scale"), deploy.get("replicas")):
        if isinstance(told, int) and not isinstance(told, bool):
            most = _inner(deploy, "placement").get("max_replicas_per_node")
            return min(told, most) if isinstance(most, int) and most > 0 else told
    return 1


def _inner(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def warnings_of(stderr: bytes, *, everything: bool = False) -> tuple[str, ...]:
    """What Compose warned of, each once; with ``everything``, errors and plain words too.

    Without a terminal generation 2 writes ``level=warning msg="…"`` and generation 1 bare lines: when a
    command went well, each of those is a warning.
    """
    found: list[str] = []
    for raw in sanitise(stderr, keep_newlines=True).splitlines():
        line = raw.strip()
        told = _LOGRUS.search(line)
        if told:
            if everything or told["level"] in ("warning", "error"):
                found.append(_unquoted(told["msg"]))
        elif line:
            found.append(_TERMINAL.sub("", line))
    return tuple(dict.fromkeys(line for line in found if line))


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        told = json.loads(text)
    except ValueError:
        told = text[1:-1]
    return sanitise(str(told))


def left_out(everything: Mapping[str, ComposeService], active: Mapping[str, ComposeService]) -> tuple[str, ...]:
    """The profiles whose services are not part of the project now."""
    idle = {profile for name, service in everything.items() if name not in active for profile in service.profiles}
    return tuple(sorted(idle))


def dotenv(text: str) -> dict[str, str]:
    """Assignments of a ``.env`` file, as far as COMPOSE_… settings need it: quotes go, nothing is
    interpolated."""
    settings: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").splitlines():
        told = _ASSIGNMENT.fullmatch(line)
        if not told or line.lstrip().startswith("#"):
            continue
        value = told["value"].strip()
        if value[:1] in ("'", '"'):
            value = value[1:].partition(value[0])[0]
        else:
            value = re.split(r"\s+#", value)[0].strip()
        settings[told["name"]] = value
    return settings


def active_profiles(settings: Mapping[str, str]) -> set[str]:
    """The profiles that COMPOSE_PROFILES names."""
    return {name.strip() for name in settings.get("COMPOSE_PROFILES", "").split(",")} - {""}


def project_name(generation: int, given: str, settings: Mapping[str, str], folder: str) -> str:
    """The name Compose gives a project: given, from the settings, or from its folder; may come out empty."""
    name = given or settings.get("COMPOSE_PROJECT_NAME", "") or PurePosixPath(folder).name
    clean = re.sub(r"[^-_a-z0-9]", "", name.lower())
    if generation >= 2:
        return clean.lstrip("_-")
    return clean or ("" if name else "default")
