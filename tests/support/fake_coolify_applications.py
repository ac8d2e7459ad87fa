"""The fake Coolify's endpoints of an application: what it is, its variables, its log, its images, stopping it."""

from __future__ import annotations

from typing import Any

import fake_coolify_telling as telling
from fake_coolify_contract import contract
from fake_coolify_core import Core
from fake_coolify_routes import BETA, POST_ONLY, SINCE_ROLLBACK, Reply, Request, Route, message, refused_body
from fake_coolify_state import App, TaskRow, VariableRow

ROW_FIELDS = {
    "name": "name",
    "git_repository": "git_repository",
    "git_branch": "git_branch",
    "git_commit_sha": "git_commit_sha",
    "docker_registry_image_name": "image_name",
    "docker_registry_image_tag": "image_tag",
    "domains": "fqdn",
    "build_pack": "build_pack",
}
MOST_LINES = 10_000


class Applications:
    """Answers; none of them deploys anything."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def routes(self) -> list[Route]:
        one = "/applications/{uuid}"
        return [
            Route("GET", "/applications", "read", self.list),
            Route("GET", one, "read", self.show),
            Route("PATCH", one, "write", self.change),
            Route("GET", f"{one}/envs", "read", self.variables),
            Route("PATCH", f"{one}/envs/bulk", "write", self.set_variables),
            Route("GET", f"{one}/logs", "read", self.log),
            Route("GET", f"{one}/rollback-images", "read", self.images, SINCE_ROLLBACK),
            Route("POST", f"{one}/stop", "deploy", self.stop),
            Route("GET", f"{one}/stop", "deploy", self.stop, BETA, POST_ONLY),
            Route("GET", f"{one}/scheduled-tasks", "read", self.tasks),
            Route("POST", f"{one}/scheduled-tasks/{{task}}/execute", "write", self.execute, SINCE_ROLLBACK),
            Route("GET", f"{one}/scheduled-tasks/{{task}}/executions", "read", self.executions),
        ]

    def list(self, request: Request) -> Reply:
        assert request.token is not None
        tag = request.query.get("tag")
        mine = [app for app in self.core.state.apps.values() if app.team == request.token.team]
        kept = [app for app in mine if not tag or tag in app.tags]
        return Reply([telling.application(app, sensitive=request.sensitive, with_settings=False) for app in kept])

    def show(self, request: Request) -> Reply:
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        return Reply(telling.application(app, sensitive=request.sensitive, with_settings=True))

    def change(self, request: Request) -> Reply:
        refused = refused_body(request)
        if refused is not None:
            return refused
        app = self._app(request)
        if app is None:
            return message("Application not found", 404)
        errors = _faults(request.json)
        if errors:
            return message("Validation failed.", 422, errors=errors)
        for key, value in request.json.items():
            if key in ROW_FIELDS:
                setattr(app, ROW_FIELDS[key], value)
            elif key in telling.SETTINGS:
                app.settings[key] = value
            else:
                app.columns[key] = value
        return Reply({"uuid": app.uuid})

    def variables(self, request: Request) -> Reply:
        app = self._app(request)
        if app is None:
            return message("Application not found", 404)
        rows = sorted(app.variables, key=lambda row: (row.is_preview, row.number))
        return Reply([telling.variable(row, app, sensitive=request.sensitive) for row in rows])

    def set_variables(self, request: Request) -> Reply:
        """One after the other: what comes before one that is refused has been set."""
        refused = refused_body(request)
        if refused is not None:
            return refused
        app = self._app(request)
        if app is None:
            return message("Application not found", 404)
        items = request.json.get("data")
        if not items:
            return message("Bulk data is required.", 400)
        rows = []
        for item in items:
            if not isinstance(item.get("key"), str) or not isinstance(item.get("value"), str | None):
                return message("Validation failed.", 422, errors={"key": ["The key field is required."]})
            rows.append(self._set_variable(app, item))
        told = [telling.variable(row, app, sensitive=request.sensitive) for row in rows]
        return Reply(told, 201)

    def _set_variable(self, app: App, item: dict[str, Any]) -> VariableRow:
        """As the controller does: a flag that is not told becomes false, but for where it may be used."""
        key, preview = item["key"].strip().replace(" ", "_"), item.get("is_preview") is True
        value = (item.get("value") or "").strip()
        row = next((one for one in app.variables if one.key == key and one.is_preview is preview), None)
        if row is None:
            used = {name: item.get(name, True) for name in ("is_runtime", "is_buildtime")}
            row = VariableRow(self.core.state.public_id(), self.core.state.number(), key, value, preview, **used)
            app.variables.append(row)
            twin = any(one.key == key and one.is_preview for one in app.variables)
            if not twin and app.build_pack != "dockerfile":
                state = self.core.state
                app.variables.append(VariableRow(state.public_id(), state.number(), key, value, is_preview=True))
        row.value = value
        for name in ("is_literal", "is_multiline", "is_shown_once"):
            setattr(row, name, item.get(name) is True)
        for name in ("is_runtime", "is_buildtime"):
            setattr(row, name, item.get(name, getattr(row, name)))
        return row

    def log(self, request: Request) -> Reply:
        """Of the first container alone."""
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        if not self.core.runtime.containers(app) or not app.server.reachable:
            return message("Application is not running.", 400)
        asked = request.query.get("lines", "")
        lines = min(int(asked), MOST_LINES) if asked.isdecimal() and int(asked) > 0 else 100
        del app.written[len(app.output) :]
        app.written += [self.core.state.clock.now()] * (len(app.output) - len(app.written))
        text = app.output[-lines:]
        if request.flag("show_timestamps"):
            text = [
                f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z {line}" for at, line in zip(app.written[-lines:], text, strict=True)
            ]
        return Reply({"logs": "".join(f"{line}\n" for line in text)})

    def images(self, request: Request) -> Reply:
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        if self.core.quirks.images_fail or not app.server.reachable:
            return Reply({"current": None, "images": []})
        # `docker inspect <uuid>`: found only where the container's name carries no suffix.
        named = [
            one for one in self.core.runtime.containers(app) if self.core.quirks.current_told or one.name == app.uuid
        ]
        current = named[-1].image.rpartition(":")[2] if named else None
        return Reply(telling.rollback_images(self.core.runtime.images(app), app, current))

    def stop(self, request: Request) -> Reply:
        """No id: it is not a deployment. Its clean-up is on unless it is said."""
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        self.core.stop(app, cleanup=request.flag("docker_cleanup", default=True))
        return message("Application stopping request queued.", 200)

    def tasks(self, request: Request) -> Reply:
        app = self._app(request)
        if app is None:
            return message("Application not found.", 404)
        mine = [task for task in self.core.state.tasks if task.app is app]
        return Reply(
            [{"uuid": task.uuid, "name": task.name, "command": task.command, "enabled": True} for task in mine]
        )

    def execute(self, request: Request) -> Reply:
        task = self._task(request)
        if task is None:
            return message("Scheduled task not found.", 404)
        at = telling.stamp(self.core.state.clock.now())
        row: dict[str, Any] = {
            "uuid": self.core.state.public_id(),
            "status": "success",
            "message": "",
            "retry_count": 0,
        }
        task.executions.insert(0, {**row, "duration": 0.4, "started_at": at, "finished_at": at, "created_at": at})
        return message("Scheduled task execution queued.", 200)

    def executions(self, request: Request) -> Reply:
        task = self._task(request)
        return message("Scheduled task not found.", 404) if task is None else Reply(task.executions)

    def _task(self, request: Request) -> TaskRow | None:
        app, wanted = self._app(request), request.variables["task"]
        return next((task for task in self.core.state.tasks if task.app is app and task.uuid == wanted), None)

    def _app(self, request: Request) -> App | None:
        assert request.token is not None
        return self.core.app(request.variables["uuid"], request.token.team)


def _faults(body: dict[str, Any]) -> dict[str, list[str]]:
    """By the file's own description of the body: unknown fields, and values of another type."""
    described = contract()["paths"]["/applications/{uuid}"]["patch"]["requestBody"]["content"]
    properties = described["application/json"]["schema"]["properties"]
    found: dict[str, list[str]] = {}
    types: dict[str, type | tuple[type, ...]] = {"string": str, "boolean": bool, "integer": int, "array": list}
    for key, value in body.items():
        if key not in properties:
            found[key] = ["This field is not allowed."]
            continue
        kinds = properties[key]["type"]
        allowed = kinds if isinstance(kinds, list) else [kinds]
        fits = any(value is None if kind == "null" else isinstance(value, types[kind]) for kind in allowed)
        if not fits or (isinstance(value, bool) and "boolean" not in allowed):
            found[key] = [f"The {key.replace('_', ' ')} field must be a {allowed[0]}."]
    return found
