"""Which services of a Compose project go back together, and why; jobs that run once are never among them.

How the project was read is left to ``compose_facts``. Pure: configuration and containers in, reasons out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from actions.model.errors import BadInput, Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import ComposeProject, ComposeService, Container
from actions.model.system import ComposeTable
from actions.steps.compose_names import familiar, split_reference


@dataclass(frozen=True)
class ServiceSet:
    """The services that go back together, in name order."""

    services: tuple[str, ...]
    why: str
    """Why these, in one line."""
    jobs: tuple[str, ...] = ()
    """Jobs of the same image that run once: never started by us."""
    notes: tuple[Note, ...] = ()


def service_set(table: ComposeTable, project: ComposeProject, containers: tuple[Container, ...] = ()) -> ServiceSet:
    """The services that go back together.

    The configured ones; else those of the configured image; else those with ``build:``; else those that share
    an image. A job that others await, or that ``restart: "no"`` and its own good end show to be one, is left
    out; so is one that has ended and that nothing restarts, while others of the set run. Raises ``BadInput`` or
    ``Refused``.
    """
    if table.services:
        return _configured(table, project)
    members, why = _members(table, project)
    awaited = frozenset(name for name in members if is_job(name, project, containers))
    ended = frozenset(members) - awaited
    ended = frozenset(name for name in ended if _looks_like_a_job(name, ended, project, containers))
    kept = tuple(sorted(set(members) - awaited - ended))
    left = tuple(sorted(awaited | ended))
    if not kept:
        raise Refused("no service to go back with", f"{why}, but all of them are jobs", _set_key())
    job, looks = NoteKind.JOB_NOT_STARTED, NoteKind.TAKEN_FOR_JOB
    notes = [job.note(f"{name} is a job that runs once: it is not started") for name in sorted(awaited)]
    notes += [
        looks.note(
            f"{name} has ended, nothing is to restart it, and others run: it is taken for a job and not started; "
            "if it is a service, name all that go back in compose.services"
        )
        for name in sorted(ended)
    ]
    return ServiceSet(kept, f"{', '.join(kept)}: {why}", left, tuple(notes))


def is_job(name: str, project: ComposeProject, containers: tuple[Container, ...]) -> bool:
    """Whether a service runs once and ends: awaited by others, or told never to restart and ended well."""
    if name in project.awaited_jobs:
        return True
    own = _own(name, containers)
    ended_well = bool(own) and all(c.state == "exited" and c.exit_code == 0 for c in own)
    return project.services[name].restart == "no" and ended_well


def _looks_like_a_job(
    name: str, members: frozenset[str], project: ComposeProject, containers: tuple[Container, ...]
) -> bool:
    """A migration that nobody declared to be one: it ended while its like run, and nothing is to restart it.

    Told never to restart, it may have failed, too: a broken migration is why many go back, and must not run again.
    """
    restart, own = project.services[name].restart, _own(name, containers)
    if restart not in ("", "no") or not own or any(c.state != "exited" for c in own):
        return False
    others = members - {name}
    if not any(c.state in ("running", "restarting") for c in containers if c.service in others):
        return False  # all is down: nothing tells a job from a service that was stopped
    return restart == "no" or all(c.exit_code == 0 for c in own)


def _own(name: str, containers: tuple[Container, ...]) -> list[Container]:
    return [c for c in containers if c.service == name and not c.one_off]


def _configured(table: ComposeTable, project: ComposeProject) -> ServiceSet:
    unknown = [name for name in table.services if name not in project.services]
    if unknown:
        raise BadInput(
            f"compose.services: no service {unknown[0]!r} in the Compose files",
            f"there are {', '.join(sorted(project.services))}",
            "correct the name in the configuration",
        )
    awaited = [name for name in table.services if name in project.awaited_jobs]
    if awaited:
        raise BadInput(
            f"compose.services: {awaited[0]!r} is a job that others wait for",
            "going back must not run it again",
            "take it out of the list",
        )
    names = tuple(sorted(table.services))
    jobs = tuple(sorted(set(project.awaited_jobs) - set(names)))
    return ServiceSet(names, f"{', '.join(names)}: as configured", jobs)


def _members(table: ComposeTable, project: ComposeProject) -> tuple[list[str], str]:
    services = project.services
    if table.image:
        wanted = familiar(table.image)
        members = [name for name, service in services.items() if _repository(service) == wanted]
        if members:
            return members, f"they share the image {table.image}"
        raise BadInput(
            f"compose.image: no service has the image {table.image!r}",
            f"the images are {', '.join(_repositories(services)) or 'all built without a name'}",
            "correct it, or leave it out for services that are built",
        )
    built = [name for name, service in services.items() if service.build]
    if built:
        images = {_repository(services[name]) for name in built} - {""}
        same = [name for name, service in services.items() if _repository(service) in images]
        return sorted({*built, *same}), "they are built by this project"
    groups: dict[str, list[str]] = defaultdict(list)
    for name, service in services.items():
        groups[_repository(service) or service.image].append(name)
    shared = {image: names for image, names in groups.items() if len(names) > 1}
    if len(shared) == 1:
        ((image, names),) = shared.items()
        return names, f"they share the image {image}"
    if not shared and len(groups) == 1:
        ((image, names),) = groups.items()
        return names, f"the only image is {image}"
    raise Refused(
        "it is not clear which services go back",
        f"the images are {', '.join(sorted(groups))}",
        _set_key(),
        code="services-unclear",
    )


def _repository(service: ComposeService) -> str:
    return split_reference(service.image)[0] if service.image else ""


def _repositories(services: dict[str, ComposeService]) -> list[str]:
    return sorted({_repository(service) for service in services.values()} - {""})


def _set_key() -> str:
    return "set compose.image or compose.services in the configuration"
