"""What runs on the fake Coolify's server when no engine is behind it: images and containers as values in memory.

``Runtime`` is what the deployment job needs; ``fake_coolify_engine`` does the same with real containers.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from fake_coolify_state import App, FakeClock


@dataclass(frozen=True)
class RunImage:
    """``code`` is the commit (or tag) whose code is in it, whatever its tag says."""

    repository: str
    tag: str
    id: str
    created: datetime
    code: str


@dataclass(frozen=True)
class RunContainer:
    id: str
    name: str
    service: str
    image: str
    """``repository:tag``"""
    image_id: str
    code: str
    health: str
    """starting, healthy, unhealthy, or empty: nothing checks it."""
    port: int = 0
    """On 127.0.0.1, where the engine publishes it."""


class Runtime(Protocol):
    """Images and containers of applications. Raises nothing of its own; a build that fails is the job's decision."""

    uuid_prefix: str
    """Of applications and repositories, so that their images are told from others on a real engine."""

    def images(self, app: App) -> list[RunImage]:
        """Newest first; of compose applications, those of every service."""

    def build(self, app: App, repository: str, tag: str, code: str) -> RunImage:
        """Makes an image; a tag that is there moves to it."""

    def remove_image(self, app: App, repository: str, tag: str) -> None:
        """Silent when it is in use or not there, as ``docker rmi 2>/dev/null`` is."""

    def containers(self, app: App) -> list[RunContainer]:
        """Those that run, oldest first."""

    def start(self, app: App, image: RunImage, name: str, service: str, *, version: str) -> RunContainer:
        """Begins one; its health is looked at later."""

    def settle(self, app: App, container: RunContainer) -> RunContainer:
        """The same container when its health is known."""

    def stop(self, app: App, name: str) -> None:
        """Stopped and removed."""

    def close(self) -> None:
        """Leaves nothing behind."""


def labels_of(app: App, service: str, version: str) -> dict[str, str]:
    """The labels that Coolify puts on an application's container, and those of the compose file it writes for it."""
    return {
        "coolify.managed": "true",
        "coolify.version": version,
        "coolify.applicationId": str(app.number),
        "coolify.type": "application",
        "coolify.name": app.name,
        "coolify.resourceName": app.name,
        "coolify.projectName": "shop",
        "coolify.serviceName": service or app.name,
        "coolify.environmentName": "production",
        "coolify.pullRequestId": "0",
        "com.docker.compose.project": app.uuid,
        "com.docker.compose.service": service,
    }


@dataclass
class MemoryRuntime:
    """Ids look like the engine's; a rebuilt image has another id than the one before it."""

    clock: FakeClock
    uuid_prefix: str = ""
    _images: dict[str, list[RunImage]] = field(default_factory=dict)
    _containers: dict[str, list[RunContainer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def images(self, app: App) -> list[RunImage]:
        return list(reversed(self._images.get(app.uuid, [])))

    def build(self, app: App, repository: str, tag: str, code: str) -> RunImage:
        image = RunImage(repository, tag, f"sha256:{self._id(repository, tag, code)}", self.clock.now(), code)
        kept = [one for one in self._images.get(app.uuid, []) if (one.repository, one.tag) != (repository, tag)]
        self._images[app.uuid] = [*kept, image]
        return image

    def remove_image(self, app: App, repository: str, tag: str) -> None:
        used = {one.image for one in self.containers(app)}
        self._images[app.uuid] = [
            one
            for one in self._images.get(app.uuid, [])
            if (one.repository, one.tag) != (repository, tag) or f"{repository}:{tag}" in used
        ]

    def containers(self, app: App) -> list[RunContainer]:
        return list(self._containers.get(app.uuid, []))

    def start(self, app: App, image: RunImage, name: str, service: str, *, version: str) -> RunContainer:
        health = "starting" if app.checks_health else ""
        reference = f"{image.repository}:{image.tag}"
        container = RunContainer(self._id(name, image.id), name, service, reference, image.id, image.code, health)
        kept = [one for one in self._containers.get(app.uuid, []) if one.name != name]
        self._containers[app.uuid] = [*kept, container]
        return container

    def settle(self, app: App, container: RunContainer) -> RunContainer:
        sick = container.code in app.broken
        health = ("unhealthy" if sick else "healthy") if container.health else ""
        settled = replace(container, health=health)
        self._containers[app.uuid] = [settled if one.id == container.id else one for one in self.containers(app)]
        return settled

    def stop(self, app: App, name: str) -> None:
        self._containers[app.uuid] = [one for one in self.containers(app) if one.name != name]

    def close(self) -> None:
        """Nothing is left behind by values."""

    def _id(self, *of: str) -> str:
        return hashlib.sha256(":".join((*of, str(next(self._numbers)))).encode()).hexdigest()
