"""Looks whether the database does its work for the application's role; what it means is ``database_answers``'s."""

from __future__ import annotations

import json

from actions.model.database_answers import ANSWERS_SQL, answered, refused
from actions.model.sensor_rules import Looked
from app.lookout_reach import Reach
from app.session import Session

EVERY_S = 15.0
DEADLINE_S = 15.0


class DatabaseLook:
    """``database.answers`` of one session, whose configuration names a database."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._reach = Reach(session)

    def look(self) -> Looked:
        """How it answers. Raises GoaroundError where it cannot be asked at all: that says nothing of the database."""
        from actions.steps.database_reading import failure, run_psql

        client = self._reach.client()
        table = self.session.settings.database
        assert table is not None  # nothing is sensed without it
        result = run_psql(self.session.world(), client, table.name, ANSWERS_SQL, s=DEADLINE_S)
        if result.exit_status != 0 or result.timed_out:
            return refused(failure(client, table.name, result).line())
        try:
            return answered(json.loads(result.stdout))
        except (ValueError, AttributeError):
            return refused("something else than the database answers")
