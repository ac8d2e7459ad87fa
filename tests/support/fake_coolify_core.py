"""The fake Coolify without its HTTP: state, oddities, queue and runtime put together, and what concerns them all."""

from __future__ import annotations

from dataclasses import dataclass, field

from fake_coolify_job import Jobs
from fake_coolify_queue import Queue
from fake_coolify_quirks import Quirks
from fake_coolify_runtime import Runtime
from fake_coolify_state import App, ExecutionRow, ServerRow, State, Version, version_of
from fake_coolify_telling import SETTINGS, stamp, status_of


@dataclass
class Core:
    """What the endpoints act on."""

    state: State
    quirks: Quirks
    runtime: Runtime
    version_text: str
    version: Version = field(init=False)
    queue: Queue = field(init=False)
    jobs: Jobs = field(init=False)

    def __post_init__(self) -> None:
        self.version = version_of(self.version_text)
        self.jobs = Jobs(self.state, self.quirks, self.runtime, self.version, self.version_text)
        self.queue = Queue(self.state, self.quirks, self.jobs.begin)

    def app(self, uuid: str, team: int) -> App | None:
        """Of that team alone."""
        found = self.state.apps.get(uuid)
        return found if found is not None and found.team == team else None

    def step(self) -> bool:
        """One phase of everything: deployments, backups, and Coolify's look at the containers."""
        moved = self.queue.step()
        moved = self._end_backups() or moved
        if not self.quirks.status_lags:
            self.look_at_containers()
        return moved

    def look_at_containers(self) -> None:
        """Coolify's scheduled look: only by it does ``status`` change."""
        for app in self.state.apps.values():
            app.status = status_of(self.runtime.containers(app))

    def stop(self, app: App, *, cleanup: bool) -> None:
        """Containers go at once; with the clean-up, images go too."""
        for container in self.runtime.containers(app):
            self.runtime.stop(app, container.name)
        app.status = "exited"
        if cleanup:
            self.clean_up(app.server)

    def clean_up(self, server: ServerRow) -> None:
        """Coolify's image clean-up: of each application the newest ``docker_images_to_keep`` that do not run stay."""
        for app in self.state.apps.values():
            if app.server is not server:
                continue
            keep = int({**SETTINGS, **app.settings}["docker_images_to_keep"])
            if server.cleanup["disable_application_image_retention"]:
                keep = 0
            running = {container.image for container in self.runtime.containers(app)}
            for repository in sorted({image.repository for image in self.runtime.images(app)}):
                of_it = [image for image in self.runtime.images(app) if image.repository == repository]
                idle = [image for image in of_it if f"{image.repository}:{image.tag}" not in running]
                for image in idle[keep:]:
                    self.runtime.remove_image(app, image.repository, image.tag)
        now = stamp(self.state.clock.now())
        row = {"uuid": self.state.public_id(), "status": "success", "message": "[]", "finished_at": now}
        server.cleanups.insert(0, {**row, "created_at": now, "updated_at": now})

    def _end_backups(self) -> bool:
        ended = False
        for schedule in self.state.backups:
            for execution in schedule.executions:
                if execution.status == "running":
                    self._end(execution)
                    ended = True
        return ended

    def _end(self, execution: ExecutionRow) -> None:
        execution.status = "failed" if self.quirks.backup_fails else "success"
        execution.size = 0 if self.quirks.backup_fails or self.quirks.backup_empty else 48_213
        execution.message = "pg_dump: error: connection to server failed" if self.quirks.backup_fails else ""
