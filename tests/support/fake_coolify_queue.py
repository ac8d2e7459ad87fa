"""The fake Coolify's queue: what is taken in, skipped, full, begun, cancelled. What a deployment does is the job's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fake_coolify_quirks import Quirks
from fake_coolify_state import CANCELLED, IN_PROGRESS, QUEUED, App, DeploymentRow, State

Job = Iterator[None]
SKIPPED = "Deployment already queued for this commit."
FULL = "Deployment queue is full. Please wait for existing deployments to complete."


@dataclass(frozen=True)
class Wanted:
    """What is asked to be deployed. An empty commit: what the application is pinned to, or HEAD."""

    commit: str = ""
    rollback: bool = False
    restart_only: bool = False
    force_rebuild: bool = False
    is_webhook: bool = False
    is_api: bool = True
    at_once: bool = False
    """``instant_deploy``: past the queue."""


@dataclass(frozen=True)
class Taken:
    """``status``: queued, skipped, queue_full. ``uuid`` is drawn in any case; a row has it only when queued."""

    status: str
    message: str
    uuid: str


@dataclass
class Queue:
    """One deployment of an application at a time, ``concurrent_builds`` of a server."""

    state: State
    quirks: Quirks
    begin: Callable[[DeploymentRow], Job]
    jobs: dict[int, Job] = field(default_factory=dict)

    def take(self, app: App, wanted: Wanted) -> Taken:
        """Queue, or say why not."""
        uuid = self.state.public_id()
        commit = wanted.commit or app.git_commit_sha or "HEAD"
        waiting = [row for row in self.state.deployments if row.status == QUEUED and row.app.server is app.server]
        if self.quirks.queue_full or len(waiting) >= app.server.queue_limit:
            return Taken("queue_full", FULL, uuid)
        same = [row for row in self.state.of_app(app) if row.at_work and row.commit == commit]
        if same and not (wanted.force_rebuild or wanted.rollback or wanted.at_once):
            return Taken("skipped", SKIPPED, uuid)
        now = self.state.clock.now()
        row = DeploymentRow(
            number=self.state.number(),
            uuid=uuid,
            app=app,
            commit=commit,
            created=now,
            updated=now,
            rollback=wanted.rollback,
            restart_only=wanted.restart_only,
            force_rebuild=wanted.force_rebuild,
            is_webhook=wanted.is_webhook,
            is_api=wanted.is_api,
        )
        self.state.deployments.append(row)
        if wanted.at_once or self._may_begin(row):
            self._start(row)
        return Taken("queued", "Deployment queued.", uuid)

    def step(self) -> bool:
        """One phase of every deployment that is at work, then the next ones begin. False: nothing moves any more."""
        moved = False
        for number, job in list(self.jobs.items()):
            row = next(one for one in self.state.deployments if one.number == number)
            if row.stuck and row.status == IN_PROGRESS and row.log:
                continue  # it has begun, and does not go on
            moved = True
            row.updated = self.state.clock.now()
            if next(job, "over") == "over":
                del self.jobs[number]
        return self.begin_next() or moved

    def begin_next(self) -> bool:
        """Queued ones whose turn it is."""
        begun = False
        for row in self.state.deployments:
            if row.status == QUEUED and self._may_begin(row):
                self._start(row)
                begun = True
        return begun

    def cancel(self, row: DeploymentRow) -> bool:
        """False: it was over already."""
        if self.quirks.cancel_too_late and row.status == IN_PROGRESS:
            self._to_the_end(row)
        if not row.at_work:
            return False
        row.status = CANCELLED
        row.updated = self.state.clock.now()
        if self.quirks.cancel_has_no_effect:
            row.stuck = False
        else:
            self.jobs.pop(row.number, None)
        self.begin_next()
        return True

    def _to_the_end(self, row: DeploymentRow) -> None:
        for _ in self.jobs.pop(row.number, iter(())):
            row.updated = self.state.clock.now()

    def _start(self, row: DeploymentRow) -> None:
        row.status = IN_PROGRESS
        row.stuck = self.quirks.deployments_stick
        self.jobs[row.number] = self.begin(row)

    def _may_begin(self, row: DeploymentRow) -> bool:
        busy = [one for one in self.state.deployments if one.status == IN_PROGRESS]
        if any(one.app is row.app and one.pull_request == row.pull_request for one in busy):
            return False
        return sum(one.app.server is row.app.server for one in busy) < row.app.server.concurrent_builds
