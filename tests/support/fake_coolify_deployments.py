"""The fake Coolify's endpoints that deploy, and those that tell of deployments."""

from __future__ import annotations

import re
from typing import Any

import fake_coolify_telling as telling
from fake_coolify_core import Core
from fake_coolify_queue import Taken, Wanted
from fake_coolify_routes import (
    BETA,
    POST_ONLY,
    SINCE_CANCEL,
    SINCE_ROLLBACK,
    Reply,
    Request,
    Route,
    message,
    refused_body,
)
from fake_coolify_state import App

REF = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._\-/]*")


class Deployments:
    """Answers; the queue decides."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def routes(self) -> list[Route]:
        one = "/applications/{uuid}"
        return [
            Route("POST", "/deploy", "deploy", self.deploy),
            Route("GET", "/deploy", "deploy", self.deploy, BETA, POST_ONLY),
            Route("POST", f"{one}/start", "deploy", self.start),
            Route("GET", f"{one}/start", "deploy", self.start, BETA, POST_ONLY),
            Route("POST", f"{one}/restart", "deploy", self.restart),
            Route("GET", f"{one}/restart", "deploy", self.restart, BETA, POST_ONLY),
            Route("POST", f"{one}/rollback", "deploy", self.rollback, SINCE_ROLLBACK),
            Route("GET", "/deployments", "read", self.at_work),
            Route("GET", "/deployments/applications/{uuid}", "read", self.history),
            Route("GET", "/deployments/{uuid}", "read", self.show),
            Route("POST", "/deployments/{uuid}/cancel", "deploy", self.cancel, SINCE_CANCEL),
        ]

    def deploy(self, request: Request) -> Reply:
        """By uuid or by tag, from the query or from a JSON body."""
        given = {**request.json, **request.query}
        if given.get("uuid") and given.get("tag"):
            return message("You can only use uuid or tag, not both.", 400)
        if given.get("docker_tag") and not (given.get("pull_request_id") or given.get("pr")):
            return message("docker_tag requires pull_request_id.", 400)
        if not given.get("uuid") and not given.get("tag"):
            return message("You must provide uuid or tag.", 400)
        apps = self._named(request, str(given.get("uuid") or ""), str(given.get("tag") or ""))
        if not apps:
            return message("No resources found with this tag." if given.get("tag") else "No resources found.", 404)
        told: list[dict[str, Any]] = []
        for app in apps:
            taken = self.core.queue.take(app, Wanted(force_rebuild=request.flag("force")))
            if taken.status == "queue_full":
                return Reply({"message": taken.message}, 429, {"Retry-After": "60"})
            told.append(self._told(app, taken))
        return Reply({"deployments": told})

    def _named(self, request: Request, uuids: str, tags: str) -> list[App]:
        assert request.token is not None
        team = request.token.team
        if tags:
            wanted = set(tags.split(","))
            return [app for app in self.core.state.apps.values() if app.team == team and wanted & set(app.tags)]
        found = (self.core.app(uuid, team) for uuid in uuids.split(","))
        return [app for app in found if app is not None]

    def _told(self, app: App, taken: Taken) -> dict[str, Any]:
        if taken.status == "queued":
            text = f"Application {app.name} deployment queued."
            return {"message": text, "resource_uuid": app.uuid, "deployment_uuid": taken.uuid}
        phantom = {"deployment_uuid": taken.uuid} if self.core.quirks.phantom_when_skipped else {}
        return {"message": taken.message, "resource_uuid": app.uuid, **phantom}

    def start(self, request: Request) -> Reply:
        wanted = Wanted(force_rebuild=request.flag("force"), at_once=request.flag("instant_deploy"))
        return self._take(request, wanted, "Deployment request queued.")

    def restart(self, request: Request) -> Reply:
        return self._take(request, Wanted(restart_only=True), "Restart request queued.")

    def _take(self, request: Request, wanted: Wanted, said: str) -> Reply:
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        taken = self.core.queue.take(app, wanted)
        if taken.status == "skipped":
            return message(taken.message, 200)
        # A full queue is not looked at here: the UUID is told all the same, and nothing has it.
        return message(said, 200, deployment_uuid=taken.uuid)

    def rollback(self, request: Request) -> Reply:
        """Whether the image exists is not looked at."""
        refused = refused_body(request)
        if refused is not None:
            return refused
        errors = {key: ["This field is not allowed."] for key in request.json if key != "commit"}
        commit = request.json.get("commit")
        if not isinstance(commit, str) or not commit.strip():
            errors["commit"] = ["The commit field is required."]
        if errors:
            return message("Validation failed.", 422, errors=errors)
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        commit = str(commit).strip()
        if not REF.fullmatch(commit):
            return message(
                "Validation failed.",
                422,
                errors={"commit": ["Invalid rollback commit: contains disallowed characters."]},
            )
        taken = self.core.queue.take(app, Wanted(commit=commit, rollback=True))
        if taken.status == "queue_full":
            return message(taken.message, 400)
        return message("Rollback deployment queued.", 200, deployment_uuid=taken.uuid)

    def at_work(self, request: Request) -> Reply:
        """Team-wide, oldest first."""
        assert request.token is not None
        rows = [row for row in self.core.state.deployments if row.at_work and row.app.team == request.token.team]
        told = [telling.deployment(row, sensitive=request.sensitive) for row in rows]
        if self.core.quirks.queue_as_object:
            return Reply({str(len(told) - 1 - place): one for place, one in enumerate(told)})
        return Reply(told)

    def history(self, request: Request) -> Reply:
        """Newest first; ``count`` is of all of them."""
        errors = {
            key: [f"The {key} field must be at least {least}."]
            for key, least in (("skip", 0), ("take", 1))
            if key in request.query and not (request.query[key].isdecimal() and int(request.query[key]) >= least)
        }
        if errors:
            return message("Validation failed.", 422, errors=errors)
        app = self._app(request)
        if app is None:
            return message("Application not found", 404)
        skip, take = int(request.query.get("skip", "0")), int(request.query.get("take", "10"))
        rows = self.core.state.of_app(app)
        told = [telling.deployment(row, sensitive=request.sensitive) for row in rows[skip : skip + take]]
        return Reply(told if self.core.quirks.history_as_list else {"count": len(rows), "deployments": told})

    def show(self, request: Request) -> Reply:
        row = self.core.state.deployment(request.variables["uuid"])
        assert request.token is not None
        if row is None or row.app.team != request.token.team:
            return message("Deployment not found.", 404)
        return Reply(telling.deployment(row, sensitive=request.sensitive))

    def cancel(self, request: Request) -> Reply:
        row = self.core.state.deployment(request.variables["uuid"])
        assert request.token is not None
        if row is None:
            return message("Deployment not found.", 404)
        if row.app.team != request.token.team:
            return message("You do not have permission to cancel this deployment.", 403)
        if not self.core.queue.cancel(row):
            return message(f"Deployment cannot be cancelled. Current status: {row.status}", 400)
        told = {"message": "Deployment cancelled successfully.", "deployment_uuid": row.uuid, "status": row.status}
        return Reply(told)

    def _app(self, request: Request) -> App | None:
        assert request.token is not None
        return self.core.app(request.variables["uuid"], request.token.team)
