"""What runs on the fake Coolify's server when the real Docker engine is behind it: real images, real containers.

    with FakeCoolify(runtime=on_engine(build_image)) as coolify: …

Images are a static busybox that serves ``/health`` with the commit it was built of; containers have Coolify's labels
and a health check, and publish their port on 127.0.0.1, which Coolify leaves to its proxy. Nothing is left behind.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound
from engine_images import PREFIX, ImageBuilder
from fake_coolify_runtime import RunContainer, RunImage, Runtime, labels_of
from fake_coolify_state import App, FakeClock

CODE = "goaround.test-code"
FAKE = "goaround.test-fake"
PORT = 8080
SERVE = ("sh", "-c", f'test -z "$BROKEN" || rm /www/health; exec httpd -f -p {PORT} -h /www')
HEALTH_DEADLINE_S = 90
SECOND = 1_000_000_000  # the engine counts nanoseconds


def on_engine(builder: ImageBuilder) -> Callable[[FakeClock], Runtime]:
    """For ``FakeCoolify(runtime=…)``; ``builder`` is the fixture ``build_image``, which removes the images later."""
    return lambda _clock: EngineRuntime(builder)


class EngineRuntime:
    """The engine is asked each time, so what somebody else removes is gone here, too."""

    def __init__(self, builder: ImageBuilder) -> None:
        self._builder = builder
        self._mine = secrets.token_hex(4)
        self._client = APIClient(version="auto")
        self.uuid_prefix = f"{PREFIX}-{self._mine}-"

    def images(self, app: App) -> list[RunImage]:
        names = [app.repository, *(f"{app.repository}_{service}" for service in app.services)]
        found = [
            RunImage(
                repository=name,
                tag=reference.rsplit(":", 1)[1],
                id=one["Id"],
                created=datetime.fromtimestamp(one["Created"], UTC),
                code=(one["Labels"] or {}).get(CODE, ""),
            )
            for name in names
            for one in self._client.images(name=name)
            for reference in one["RepoTags"] or ()
            if reference.rsplit(":", 1)[0] == name
        ]
        return sorted(found, key=lambda image: image.created, reverse=True)

    def build(self, app: App, repository: str, tag: str, code: str) -> RunImage:
        files = {"/www/health": json.dumps({"status": "ok", "commit": code}), "/www/index.html": f"shop {code}\n"}
        self._builder(f"{repository}:{tag}", files, SERVE, {CODE: code})
        return next(one for one in self.images(app) if (one.repository, one.tag) == (repository, tag))

    def remove_image(self, app: App, repository: str, tag: str) -> None:
        with suppress(APIError):
            self._client.remove_image(f"{repository}:{tag}")

    def containers(self, app: App) -> list[RunContainer]:
        found = self._client.containers(
            filters={
                "label": [f"{FAKE}={self._mine}", f"coolify.applicationId={app.number}", "coolify.pullRequestId=0"]
            }
        )
        return [_container(one) for one in sorted(found, key=lambda one: (one["Created"], one["Names"]))]

    def start(self, app: App, image: RunImage, name: str, service: str, *, version: str) -> RunContainer:
        settings = self._client.create_host_config(port_bindings={PORT: ("127.0.0.1",)})
        check = {
            "test": ["CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{PORT}/health"],
            "interval": SECOND // 5,
            "timeout": 30 * SECOND,
            "retries": 3,
            # One that will become well is not called ill because it takes its time to listen.
            "start_period": 0 if image.code in app.broken else HEALTH_DEADLINE_S * SECOND,
        }
        made = self._client.create_container(
            f"{image.repository}:{image.tag}",
            name=name,
            labels={**labels_of(app, service, version), FAKE: self._mine},
            environment={"BROKEN": "1"} if image.code in app.broken else {},
            ports=[PORT],
            host_config=settings,
            healthcheck=check if app.checks_health else None,
        )
        self._client.start(made["Id"])
        return next(one for one in self.containers(app) if one.id == made["Id"])

    def start_preview(self, app: App, tag: str, number: int, *, version: str) -> None:
        """The preview of a pull request, as Coolify runs it beside the application."""
        labels = labels_of(app, "", version) | {"coolify.pullRequestId": str(number), FAKE: self._mine}
        made = self._client.create_container(f"{app.repository}:{tag}", name=f"{app.uuid}-pr-{number}", labels=labels)
        self._client.start(made["Id"])

    def settle(self, app: App, container: RunContainer) -> RunContainer:
        end = time.monotonic() + HEALTH_DEADLINE_S
        while True:
            now = next((one for one in self.containers(app) if one.id == container.id), None)
            if now is None or now.health != "starting":
                return now or container
            assert time.monotonic() < end, f"{container.name}: no health within {HEALTH_DEADLINE_S} s"
            time.sleep(0.05)

    def stop(self, app: App, name: str) -> None:
        self._client.remove_container(name, force=True, v=True)

    def close(self) -> None:
        for one in self._client.containers(all=True, filters={"label": f"{FAKE}={self._mine}"}):
            with suppress(NotFound):  # the test, or the product, took it away meanwhile
                self._client.remove_container(one["Id"], force=True, v=True)
        self._client.close()


def _container(one: dict[str, Any]) -> RunContainer:
    labels, status = one["Labels"], one["Status"]
    health = next((word for word in ("unhealthy", "healthy", "starting") if word in status), "")
    ports = [port["PublicPort"] for port in one["Ports"] if port.get("PublicPort")]
    return RunContainer(
        id=one["Id"],
        name=one["Names"][0].lstrip("/"),
        service=labels.get("com.docker.compose.service", ""),
        image=one["Image"],
        image_id=one["ImageID"],
        code=labels.get(CODE, ""),
        health=health,
        port=ports[0] if ports else 0,
    )
