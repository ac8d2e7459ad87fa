"""A Coolify server as the ``Coolify`` port: which question is asked for what, and how its versions differ.

Reads are repeated when the server says it is busy; what acts is sent once and never again from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from actions.gateways.coolify_http import TOO_LONG, CoolifyHttp
from actions.gateways.coolify_reading import Reader
from actions.gateways.coolify_refusals import Answer, parsed, refusal, words
from actions.gateways.coolify_values import no_answer
from actions.model.coolify import (
    Application,
    BackupExecution,
    Deployment,
    DeploymentState,
    PrunePolicy,
    RollbackImages,
    Variable,
    Version,
)
from actions.model.effect_coolify import CoolifyCall
from actions.model.errors import BadInput, GoaroundError, Refused, Unreachable
from actions.model.outside_text import sanitise
from actions.model.ports import CoolifyAnswer
from actions.model.system_coolify import CoolifyTable

SINCE_IMAGES = (4, 3, 0)
"""The first version that lists images to go back to, and goes back by itself."""
TRIES = 3
PENDING = 50
"""Rows that are looked through for those at work: 25 may wait behind the one that is stuck."""
PENDING_PAGE = 10
"""Rows of one answer: a token that may read them is sent the whole log of each."""
LONGEST_LINE = 4000
"""Characters of a line of the application's log."""
LONGEST_WAIT_S = 5
"""A read waits so long at most when it is told to come back later."""


class HttpCoolify:
    """The application of the configuration."""

    def __init__(
        self,
        table: CoolifyTable,
        resolve: Callable[[str], str],
        redact: Callable[[str], str],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._redact = redact
        self._http = CoolifyHttp(table, resolve, redact)
        self._reader = Reader(redact)
        self._pause = pause
        self._version: Version | None = None
        self._all_over = 0
        """Up to this number every deployment was over when it was looked last; none begins again."""

    def version(self) -> Version:
        """Asked once: a server that is replaced meanwhile is another matter."""
        if self._version is None:
            self._version = self._reader.version(self._get_raw("/version").body.decode("utf-8", "replace"))
        return self._version

    def application(self) -> Application:
        """As it is configured now. Raises BadInput for an answer on another one."""
        found = self._reader.application(self._get(f"/applications/{self._uuid}"))
        if found.uuid not in ("", self._table.application):
            raise no_answer("the application", f"it is on another one ({found.uuid})")
        return found

    def deployments(self, skip: int = 0, take: int = 10, *, logs: bool = False) -> tuple[tuple[Deployment, ...], int]:
        """A page, newest first.

        Rows may come with their logs, however long: where so many are too much, they are asked for in smaller pages.
        """
        page = {"skip": str(skip), "take": str(take)}
        try:
            return self._reader.deployments(self._get(f"/deployments/applications/{self._uuid}", page), logs=logs)
        except Unreachable as error:
            if error.code != TOO_LONG or take < 2:
                raise
        half = take // 2
        first, count = self.deployments(skip, half, logs=logs)
        second = self.deployments(skip + half, take - half, logs=logs)[0] if count > skip + half else ()
        return (*first, *second), count

    def deployment(self, uuid: str) -> Deployment:
        """One."""
        return self._reader.deployment(self._get(f"/deployments/{quote(uuid, safe='')}"))

    def pending(self) -> tuple[Deployment, ...]:
        """The application's newest rows tell them; the team-wide list does not name the application surely.

        What was over once stays so: only what is newer is read again, in small pages.
        """
        at_work = (DeploymentState.QUEUED, DeploymentState.IN_PROGRESS)
        rows: dict[str, Deployment] = {}  # one that comes meanwhile moves the others on: they are seen twice
        for skip in range(0, PENDING, PENDING_PAGE):
            page, count = self.deployments(skip, PENDING_PAGE)
            before = len(rows)
            rows |= {row.uuid: row for row in page}
            # A list without a count tells its own length; that it is the whole list shows when nothing new comes.
            whole = len(page) < PENDING_PAGE or len(rows) == before or len(page) < count <= skip + len(page)
            if whole or 0 < page[-1].number <= self._all_over:
                break
        working = tuple(row for row in rows.values() if row.state in at_work)
        open_ones = [row.number for row in rows.values() if not row.state.over]
        self._all_over = min(open_ones) - 1 if open_ones else max((row.number for row in rows.values()), default=0)
        return tuple(row for row in working if not row.pull_request)

    def rollback_images(self) -> RollbackImages:
        """What it says; before 4.3 there is no such question."""
        if not self.version().at_least(*SINCE_IMAGES):
            return RollbackImages(asked=False)
        current, images = self._reader.rollback_images(self._get(f"/applications/{self._uuid}/rollback-images"))
        return RollbackImages(True, current, images)

    def variables(self) -> tuple[Variable, ...]:
        """Its environment."""
        path = f"/applications/{self._uuid}/envs"
        try:
            return self._reader.variables(self._get(path))
        except BadInput as error:
            if error.code != "coolify-answer":
                raise
            # Its words quote how the answer begins: that may be a value.
            raise BadInput("Coolify's answer on the environment is none", path, code="coolify-answer") from error

    def log(self, lines: int = 100) -> str:
        """The newest lines, each redacted and harmless for a terminal."""
        data = self._get(f"/applications/{self._uuid}/logs", {"lines": str(lines), "show_timestamps": "true"})
        text = data.get("logs", "") if isinstance(data, dict) and "logs" in data else data
        if isinstance(text, list):
            text = "\n".join(line for line in text if isinstance(line, str))
        if text is None:
            text = ""  # nothing was written yet
        if not isinstance(text, str):
            raise BadInput(
                "Coolify's answer on the log is none", "it holds no text", "check coolify.url", code="coolify-answer"
            )
        return "\n".join(sanitise(self._redact(line), limit=LONGEST_LINE) for line in text.split("\n"))

    def prune_policy(self) -> PrunePolicy | None:
        """Of the configured server."""
        if not self._table.server:
            return None
        server = f"/servers/{quote(self._table.server, safe='')}"
        path = f"{server}/docker-cleanup"
        try:
            settings = self._get(path)
        except Refused as error:
            if error.code != "coolify-version":
                raise
            settings = None  # before 4.3 the server's own settings may tell
        executions = [] if settings is None else self._help(f"{path}/executions", [])
        return self._reader.prune_policy(settings, executions, self._help(server, {}))

    def _help(self, path: str, none: Any) -> Any:
        """What is good to know beside the settings (when it last ran, in which time zone), or nothing."""
        try:
            return self._get(path)
        except GoaroundError:
            return none

    def backups(self) -> tuple[BackupExecution, ...]:
        """Of the configured database."""
        if not self._table.database:
            return ()
        path = f"/databases/{quote(self._table.database, safe='')}/backups"
        found: list[BackupExecution] = []
        for schedule in self._reader.backup_schedules(self._get(path)):
            found += self._reader.backup_executions(self._get(f"{path}/{quote(schedule, safe='')}/executions"))
        return tuple(sorted(found, key=lambda one: one.created, reverse=True))

    def send(self, call: CoolifyCall) -> CoolifyAnswer:
        """Once."""
        answer = self._http.ask(call)
        if not 200 <= answer.status < 300:
            raise refusal(call, answer, words(answer, self._redact))
        try:
            data = parsed(call, answer, self._redact)
        except BadInput:
            data = {}  # it was taken; what it says of it is looked up
        told = data if isinstance(data, dict) else {}
        return CoolifyAnswer(answer.status, told, words(answer, self._redact), answer.retry_after_s)

    @property
    def _uuid(self) -> str:
        return quote(self._table.application, safe="")

    def _get(self, path: str, query: dict[str, str] | None = None) -> Any:
        call = CoolifyCall(self._table.url, "GET", path, query=query or {}, acts=False)
        return parsed(call, self._get_raw(path, query), self._redact)

    def _get_raw(self, path: str, query: dict[str, str] | None = None) -> Answer:
        call = CoolifyCall(self._table.url, "GET", path, query=query or {}, acts=False)
        for left in range(TRIES - 1, -1, -1):
            answer = self._http.ask(call)
            if answer.status == 429 and left:
                self._pause(min(answer.retry_after_s or 1, LONGEST_WAIT_S))
                continue
            if 200 <= answer.status < 300:
                return answer
            raise refusal(call, answer, words(answer, self._redact))
        raise AssertionError("the last try answers or raises")
