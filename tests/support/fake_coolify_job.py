"""What a deployment of the fake Coolify does, phase by phase, for each build pack; the order is Coolify 4.3.11's.

A job is an iterator: each ``next`` is a phase, so that a test stands between any two of them. What runs is changed
through a ``Runtime``; the log is written as Coolify writes it, hidden entries too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from fake_coolify_quirks import Quirks
from fake_coolify_runtime import RunContainer, RunImage, Runtime
from fake_coolify_state import CANCELLED, FAILED, FINISHED, GIT_PACKS, App, DeploymentRow, State, Version

RULE = "----------------------------------------"
DOUBLE_RULE = "========================================"
TAG_HONOURED = (4, 3, 12, 0)
"""From here on a rollback of a dockerimage application takes the tag that was asked for (issue 11467)."""


class JobFailed(Exception):
    """Ends a deployment as failed, with Coolify's words."""


@dataclass
class Jobs:
    """Makes the job of a deployment."""

    state: State
    quirks: Quirks
    runtime: Runtime
    version: Version
    version_text: str

    def begin(self, row: DeploymentRow) -> Iterator[None]:
        """Every phase of it."""
        try:
            yield from self._phases(row)
        except JobFailed as error:
            self._failed(row, str(error))

    def _phases(self, row: DeploymentRow) -> Iterator[None]:
        app = row.app
        what = f"{app.repository}:{self._tag(row)}" if app.build_pack == "dockerimage" else app.name
        begun = "Restarting" if row.restart_only else "Starting deployment of"
        self.log(row, f"{begun} {what} to {app.server.name}.")
        self.log(row, "Preparing container with helper image: ghcr.io/coollabsio/coolify-helper:1.0.15.")
        self.log(row, "", command=f"docker run -d --name {row.uuid} coolify-helper", hidden=True)
        yield
        if app.build_pack != "dockerimage":
            self._resolve(row)
        self._pre_command(row)
        yield
        images = yield from self._images(row)
        if self.quirks.finished_but_old_runs:
            self.log(row, "Rolling update completed.")
        elif app.build_pack == "dockercompose":
            self._start_all(row, images)
        else:
            yield from self._replace(row, images[0])
        self._finish(row, FAILED if self.quirks.failed_though_healthy else FINISHED)
        yield
        self._post_command(row)

    def _resolve(self, row: DeploymentRow) -> None:
        """HEAD becomes the commit at the tip of the branch; a rollback keeps what it was asked for."""
        self.log(row, row.app.head, command=f"git ls-remote {row.app.git_repository} refs/heads/main", hidden=True)
        if row.commit == "HEAD" and not row.rollback and row.app.head:
            row.commit = row.app.head
        newest = row.rollback and self.quirks.rollback_deploys_newest
        if row.rollback and self._shallow(row.app) and self.quirks.shallow_rollback_fails and not newest:
            self.log(row, f"fatal: bad object {row.commit}", kind="stderr")
            raise JobFailed("Command execution failed (exit code 128)")

    def _pre_command(self, row: DeploymentRow) -> None:
        command = row.app.column("pre_deployment_command")
        if not command:
            return
        running = self.runtime.containers(row.app)
        if not running:
            self.log(row, "Pre-deployment command: No running containers found. Skipping.")
            return
        self.log(row, "Executing pre-deployment command (see debug log for output/errors).")
        self.log(row, "", command=f"docker exec {running[0].name} sh -c '{command}'", hidden=True)
        if self.quirks.pre_command_fails:
            raise JobFailed("Pre-deployment command failed")

    # ---- the image

    def _images(self, row: DeploymentRow) -> Generator[None, None, list[RunImage]]:
        """Returns the images to run, one per service, after the phases in which they are made."""
        app = row.app
        if app.build_pack == "dockerimage":
            return [self._pulled(row)]
        code, tag = self._code(row), self._tag(row)
        if app.build_pack in GIT_PACKS and (found := self._found(row, tag)) is not None:
            return [found]
        self.log(row, RULE)
        self.log(row, "Building docker image started.")
        self.log(row, "To check the current progress, click on Show Debug Logs.")
        yield
        if code in app.unbuildable:
            self.log(row, "ERROR: failed to solve: exit code: 1", kind="stderr", hidden=True)
            raise JobFailed("Command execution failed (exit code 1): docker build")
        names = [app.repository]
        if app.build_pack == "dockercompose":
            names = [f"{app.repository}_{service}" for service in app.services]
        images = [self.runtime.build(app, name, tag, code) for name in names]
        self.log(row, "Building docker image completed.")
        yield
        return images

    def _found(self, row: DeploymentRow, tag: str) -> RunImage | None:
        name = f"{row.app.repository}:{tag}"
        there = [one for one in self.runtime.images(row.app) if (one.repository, one.tag) == (row.app.repository, tag)]
        if not there and tag in row.app.registry and row.app.image_name:
            there = [self.runtime.build(row.app, row.app.repository, tag, row.app.registry[tag])]
        if row.force_rebuild:
            return None
        if not there:
            self.log(row, f"Image not found ({name}). Building new image.")
            return None
        if self.quirks.build_config_changed:
            self.log(row, "Build configuration changed. Rebuilding image.")
            return None
        said = f"No build configuration changed & image found ({name}) with the same Git Commit SHA."
        self.log(row, f"{said} Build step skipped.")
        return there[0]

    def _pulled(self, row: DeploymentRow) -> RunImage:
        app, tag = row.app, self._tag(row)
        self.log(row, "Pulling latest images from the registry.")
        if self.quirks.stops_before_pulling:
            self._remove_old(row, keep="")
        if tag not in app.registry:
            self.log(row, f"manifest for {app.repository}:{tag} not found: manifest unknown", kind="stderr")
            raise JobFailed("Failed to start container: docker compose pull")
        code = app.registry[tag]
        for image in self.runtime.images(app):
            if (image.tag, image.code) == (tag, code):
                return image
        return self.runtime.build(app, app.repository, tag, code)

    def _tag(self, row: DeploymentRow) -> str:
        app = row.app
        if app.build_pack == "dockerimage":
            asked = row.rollback and self.version >= TAG_HONOURED and row.commit != "HEAD"
            return row.commit if asked else app.image_tag or "latest"
        return self._code(row)[:128] if row.rollback and self.quirks.rollback_deploys_newest else row.commit[:128]

    def _code(self, row: DeploymentRow) -> str:
        """The commit whose code is built, which is not always the one that the deployment names."""
        app = row.app
        compose_newest = app.build_pack == "dockercompose" and self._shallow(app)
        if row.rollback and (self.quirks.rollback_deploys_newest or compose_newest):
            return app.head
        return row.commit

    @staticmethod
    def _shallow(app: App) -> bool:
        return app.settings.get("is_git_shallow_clone_enabled", True) is not False

    # ---- the container

    def _replace(self, row: DeploymentRow, image: RunImage) -> Iterator[None]:
        app = row.app
        if self.quirks.finished_but_unhealthy:
            app.broken.add(image.code)
        self.log(row, RULE)
        if app.old_goes_first:
            if app.column("ports_mappings"):
                self.log(row, "Application has ports mapped to the host system, rolling update is not supported.")
            self._remove_old(row, keep="")
            yield
            new = self._start(row, image)
            yield
            self.runtime.settle(app, new)
            return
        self.log(row, "Rolling update started.")
        new = self._start(row, image)
        yield
        yield from self._check(row, new)
        self._remove_old(row, keep=new.name)
        self.log(row, "Rolling update completed.")

    def _check(self, row: DeploymentRow, new: RunContainer) -> Iterator[None]:
        self.log(row, "Waiting for healthcheck to pass on the new container.")
        self.log(row, 'Attempt 1 of 10 | Healthcheck status: "starting"')
        yield
        settled = self.runtime.settle(row.app, new)
        self.log(row, f'Attempt 2 of 10 | Healthcheck status: "{settled.health}"')
        if settled.health == "healthy" or self.quirks.finished_but_unhealthy:
            self.log(row, "New container is healthy.")
            return
        self.log(row, "New container is unhealthy.", kind="stderr")
        for line in (RULE, "Container logs:", *row.app.output, RULE):
            self.log(row, line)
        self.log(row, "Removing old containers.")
        self.log(row, "New container is not healthy, rolling back to the old container.")
        self.runtime.stop(row.app, new.name)
        raise JobFailed("New container is not healthy")

    def _start(self, row: DeploymentRow, image: RunImage) -> RunContainer:
        app = row.app
        fixed = app.settings.get("is_consistent_container_name_enabled")
        # Coolify's suffix is the time of day; the row's number keeps two of one second apart.
        suffix = f"-{self.state.clock.now():%H%M%S}{row.number:06d}"
        name = str(app.settings.get("custom_internal_name") or f"{app.uuid}{'' if fixed else suffix}")
        container = self.runtime.start(app, image, name, name, version=self.version_text)
        self.log(row, "New container started.")
        return container

    def _remove_old(self, row: DeploymentRow, *, keep: str) -> None:
        self.log(row, "Removing old containers.")
        for old in self.runtime.containers(row.app):
            if old.name != keep:
                self.runtime.stop(row.app, old.name)
        row.app.begins_its_log()

    def _start_all(self, row: DeploymentRow, images: list[RunImage]) -> None:
        """``docker compose up``: every service is replaced, nothing is checked."""
        app = row.app
        if self.quirks.finished_but_unhealthy:
            app.broken |= {image.code for image in images}
        self.log(row, "Starting new application.")
        for old in self.runtime.containers(app):
            self.runtime.stop(app, old.name)
        app.begins_its_log()
        for service, image in zip(app.services, images, strict=True):
            name = f"{service}-{app.uuid}-{row.number:012d}"
            self.runtime.settle(app, self.runtime.start(app, image, name, service, version=self.version_text))
        self.log(row, "New container started.")

    # ---- the end

    def _finish(self, row: DeploymentRow, status: str) -> None:
        if row.status == CANCELLED:
            return
        row.status = status
        row.finished = row.updated = self.state.clock.now()

    def _post_command(self, row: DeploymentRow) -> None:
        command = row.app.column("post_deployment_command")
        if not command or row.status == CANCELLED:
            return
        self.log(row, RULE)
        self.log(row, "Executing post-deployment command (see debug log for output).")
        running = self.runtime.containers(row.app)
        if not running:
            self.log(row, "Post-deployment command: No running containers found. Skipping.")
            return
        self.log(row, "", command=f"docker exec {running[0].name} sh -c '{command}'", hidden=True)
        if self.quirks.post_command_fails:
            self.log(row, "Post-deployment command failed.")
            self.log(row, f"sh: {command}: exit status 1", kind="stderr")

    def _failed(self, row: DeploymentRow, why: str) -> None:
        self._finish(row, FAILED)
        self.log(row, DOUBLE_RULE, kind="stderr")
        self.log(row, f"Deployment failed: {why}", kind="stderr")
        self.log(row, "Error type: App\\Exceptions\\DeploymentException", kind="stderr", hidden=True)
        self.log(row, DOUBLE_RULE, kind="stderr")

    def log(
        self, row: DeploymentRow, output: str, *, kind: str = "stdout", hidden: bool = False, command: str | None = None
    ) -> None:
        """One entry; values of variables that are shown once only are redacted, as Coolify does."""
        for variable in row.app.variables:
            if variable.is_shown_once and variable.value:
                output = output.replace(variable.value, "<REDACTED>")
        row.log.append(
            {
                "command": command,
                "output": output,
                "type": kind,
                "timestamp": self.state.clock.now().isoformat().replace("+00:00", "Z"),
                "hidden": hidden,
                "batch": 1 if command is None else 1 + sum(entry["command"] is not None for entry in row.log) + 1,
                "order": len(row.log) + 1,
            }
        )
