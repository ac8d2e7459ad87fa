"""What a test puts into the fake Coolify before anything happens: tokens, servers, applications, databases, a past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fake_coolify_core import Core
from fake_coolify_state import (
    FINISHED,
    POSTGRESQL,
    App,
    BackupRow,
    DatabaseRow,
    DeploymentRow,
    ExecutionRow,
    ServerRow,
    TaskRow,
    Token,
    VariableRow,
)


class Ground:
    """Adds rows; keyword arguments are fields of the row."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.state = core.state
        self.server = self.add_server()

    def token(
        self, name: str, *abilities: str, team: int = 0, member: bool = False, in_team: bool = True, user: str = "root"
    ) -> Token:
        """A new token; ``secret`` is what goes over the wire."""
        secret = f"{len(self.state.tokens) + 1}|{self.state.public_id()}{self.state.public_id()}"
        token = Token(name, secret, frozenset(abilities), team, in_team, member, user)
        self.state.tokens[secret] = token
        return token

    def add_server(self, **fields: Any) -> ServerRow:
        """Fields of ``ServerRow``."""
        row = ServerRow(fields.pop("uuid", "") or self.state.public_id(), self.state.number(), **fields)
        self.state.servers[row.uuid] = row
        return row

    def add_app(self, build_pack: str = "nixpacks", name: str = "shop", **fields: Any) -> App:
        """Fields of ``App``; ``settings`` and ``columns`` hold what has none of its own."""
        prefix = self.core.runtime.uuid_prefix
        if build_pack == "dockerimage":
            fields.setdefault("image_name", f"{prefix or 'registry.example.org/team/'}shop")
            fields.setdefault("git_repository", "coollabsio/coolify")
        uuid = fields.pop("uuid", "") or prefix + self.state.public_id()
        app = App(uuid, self.state.number(), name, build_pack, fields.pop("server", self.server), **fields)
        self.state.apps[uuid] = app
        return app

    def add_variable(self, app: App, key: str, value: str, *, twin: bool = True, **fields: Any) -> None:
        """In production and, as Coolify does, its twin for previews."""
        for preview in (False, True)[: 2 if twin else 1]:
            row = VariableRow(self.state.public_id(), self.state.number(), key, value, is_preview=preview, **fields)
            app.variables.append(row)

    def add_database(self, name: str = "shop-db", **fields: Any) -> DatabaseRow:
        row = DatabaseRow(fields.pop("uuid", "") or self.state.public_id(), self.state.number(), name, **fields)
        self.state.databases[row.uuid] = row
        return row

    def add_backup(self, database: DatabaseRow, *executions: ExecutionRow, kind: str = POSTGRESQL) -> BackupRow:
        """A schedule with executions, newest first; another ``kind``: one whose number is the same by chance."""
        row = BackupRow(self.state.public_id(), self.state.number(), database.number, kind)
        row.executions = list(executions)
        self.state.backups.append(row)
        return row

    def execution(self, size: int = 48_213, status: str = "success", **ago: float) -> ExecutionRow:
        """A backup that ended so long ago: ``execution(hours=5)``."""
        name = f"/backups/shop/pg-dump-shop-{self.state.number()}.dmp"
        return ExecutionRow(self.state.public_id(), name, size, self.state.clock.now() - timedelta(**ago), status)

    def add_task(self, app: App, name: str, command: str) -> TaskRow:
        row = TaskRow(self.state.public_id(), self.state.number(), app, name, command)
        self.state.tasks.append(row)
        return row

    def add_history(
        self, app: App, commits: Sequence[str], status: str = FINISHED, *, hours_between: float = 1.0, logged: int = 0
    ) -> list[DeploymentRow]:
        """Deployments that are over, oldest first, the last one so many hours ago; nothing was built and nothing runs.

        For thousands of them; ``logged`` entries each.
        """
        end = self.state.clock.now()
        rows = []
        for place, commit in enumerate(commits):
            at = end - timedelta(hours=hours_between * (len(commits) - place))
            row = DeploymentRow(self.state.number(), self.state.public_id(), app, commit, at, at, status)
            row.finished = row.updated = at + timedelta(seconds=90)
            for number in range(logged):
                self.core.jobs.log(row, f"line {number}")
            rows.append(row)
        self.state.deployments += rows
        return rows
