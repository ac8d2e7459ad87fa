"""Looks whether the database does its work for the application's role; what it means is ``database_answers``'s."""

from __future__ import annotations

import json

from actions.model.database_answers import ANSWERS_SQL, answered, refused
from actions.model.database_client import DatabaseClient
from actions.model.errors import GoaroundError
from actions.model.sensor_rules import Looked
from app.session import Session

EVERY_S = 15.0
DEADLINE_S = 15.0
RETRY_MS = 30_000


class DatabaseLook:
    """``database.answers`` of one session, whose configuration names a database."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._client: DatabaseClient | None = None
        self._failure: tuple[int, GoaroundError] | None = None
        """When it could not be learnt how the database is reached, and why."""

    def look(self) -> Looked:
        """How it answers. Raises GoaroundError where it cannot be asked at all: that says nothing of the database."""
        from actions.steps.database_reading import failure, run_psql

        client = self._reach()
        table = self.session.settings.database
        assert table is not None  # nothing is sensed without it
        result = run_psql(self.session.world(), client, table.name, ANSWERS_SQL, s=DEADLINE_S)
        if result.exit_status != 0 or result.timed_out:
            return refused(failure(client, table.name, result).line())
        try:
            return answered(json.loads(result.stdout))
        except (ValueError, AttributeError):
            return refused("something else than the database answers")

    def _reach(self) -> DatabaseClient:
        """Compose takes its time to say where it is: asked once, and not in every round where it cannot say."""
        from actions.steps.database_reach import client_of

        if self._client is not None:
            return self._client
        now_ms = self.session.clock.monotonic_ms()
        if self._failure is not None and now_ms - self._failure[0] < RETRY_MS:
            raise self._failure[1]
        try:
            self._client = client_of(self.session.settings, self.session.world())
        except GoaroundError as error:
            self._failure = (now_ms, error)
            raise
        return self._client
