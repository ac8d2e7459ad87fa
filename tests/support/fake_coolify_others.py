"""The fake Coolify's remaining endpoints: its version, databases with their backups, servers with their clean-up."""

from __future__ import annotations

import fake_coolify_telling as telling
from fake_coolify_core import Core
from fake_coolify_routes import SINCE_ROLLBACK, Reply, Request, Route, message, refused_body
from fake_coolify_state import DatabaseRow, ExecutionRow, ServerRow


class Others:
    """Answers."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def routes(self) -> list[Route]:
        backups = "/databases/{uuid}/backups"
        return [
            Route("GET", "/version", "read", self.version),
            Route("GET", "/databases", "read", self.databases),
            Route("GET", backups, "read", self.schedules),
            Route("PATCH", f"{backups}/{{schedule}}", "write", self.back_up),
            Route("GET", f"{backups}/{{schedule}}/executions", "read", self.executions),
            Route("GET", "/resources", "read", self.resources),
            Route("GET", "/servers", "read", self.servers),
            Route("GET", "/servers/{uuid}", "read", self.server),
            Route("GET", "/servers/{uuid}/docker-cleanup", "read", self.cleanup, SINCE_ROLLBACK),
            Route("GET", "/servers/{uuid}/docker-cleanup/executions", "read", self.cleanups, SINCE_ROLLBACK),
        ]

    def version(self, request: Request) -> Reply:
        kind = "text/plain" if self.core.quirks.version_as_text_plain else "text/html"
        text = self.core.quirks.version_text or self.core.version_text
        return Reply(text.encode(), content_type=f"{kind}; charset=UTF-8")

    def databases(self, request: Request) -> Reply:
        assert request.token is not None
        mine = [row for row in self.core.state.databases.values() if row.team == request.token.team]
        return Reply([telling.database(row, self.core.state.backups) for row in mine])

    def schedules(self, request: Request) -> Reply:
        """Asked for by the database's number, whatever its type is: those of another kind may be among them."""
        database = self._database(request)
        if database is None:
            return message("Database not found.", 404)
        mine = [one for one in self.core.state.backups if one.database == database.number]
        return Reply([telling.backup(one) for one in mine])

    def back_up(self, request: Request) -> Reply:
        """``backup_now`` tells no id of what it begins."""
        refused = refused_body(request)
        if refused is not None:
            return refused
        database = self._database(request)
        if database is None:
            return message("Database not found.", 404)
        schedule = self.core.state.schedule(database, request.variables["schedule"])
        if schedule is None:
            return message("Backup config not found.", 404)
        unknown = set(request.json) - {"backup_now", "enabled", "frequency"}
        if unknown:
            errors = {key: ["This field is not allowed."] for key in sorted(unknown)}
            return message("Validation failed.", 422, errors=errors)
        schedule.enabled = bool(request.json.get("enabled", schedule.enabled))
        schedule.frequency = str(request.json.get("frequency", schedule.frequency))
        if request.json.get("backup_now") and not self.core.quirks.backup_never_runs:
            now = self.core.state.clock.now()
            filename = f"/backups/shop/pg-dump-shop-{now:%s}.dmp"
            row = ExecutionRow(self.core.state.public_id(), filename, 0, now, "running")
            schedule.executions.insert(0, row)
        return message("Database backup configuration updated", 200)

    def executions(self, request: Request) -> Reply:
        database = self._database(request)
        if database is None:
            return message("Database not found.", 404)
        schedule = self.core.state.schedule(database, request.variables["schedule"])
        if schedule is None:
            return message("Backup configuration not found.", 404)
        return Reply({"executions": [telling.execution(one) for one in schedule.executions]})

    def resources(self, request: Request) -> Reply:
        """Applications and databases in one list, told by their ``type``."""
        assert request.token is not None
        team = request.token.team
        apps = [
            {**telling.application(app, sensitive=request.sensitive, with_settings=False), "type": "application"}
            for app in self.core.state.apps.values()
            if app.team == team
        ]
        databases = [
            {**telling.database(row, []), "type": row.kind}
            for row in self.core.state.databases.values()
            if row.team == team
        ]
        return Reply([*apps, *databases])

    def servers(self, request: Request) -> Reply:
        assert request.token is not None
        team = request.token.team
        return Reply([telling.server(row) for row in self.core.state.servers.values() if row.team == team])

    def server(self, request: Request) -> Reply:
        row = self._server(request)
        return message("Server not found.", 404) if row is None else Reply(telling.server(row))

    def cleanup(self, request: Request) -> Reply:
        row = self._server(request)
        return message("Server not found.", 404) if row is None else Reply(row.cleanup)

    def cleanups(self, request: Request) -> Reply:
        row = self._server(request)
        return message("Server not found.", 404) if row is None else Reply(row.cleanups[:20])

    def _database(self, request: Request) -> DatabaseRow | None:
        assert request.token is not None
        row = self.core.state.databases.get(request.variables["uuid"])
        return row if row is not None and row.team == request.token.team else None

    def _server(self, request: Request) -> ServerRow | None:
        assert request.token is not None
        row = self.core.state.servers.get(request.variables["uuid"])
        return row if row is not None and row.team == request.token.team else None
