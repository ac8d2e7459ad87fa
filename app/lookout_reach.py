"""How the database is reached, asked once for whoever looks at it again and again."""

from __future__ import annotations

from actions.model.database_client import DatabaseClient
from actions.model.errors import GoaroundError
from app.session import Session

RETRY_MS = 30_000


class Reach:
    """Of one session, whose configuration names a database."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._client: DatabaseClient | None = None
        self._failure: tuple[int, GoaroundError] | None = None
        """When it could not be learnt, and why."""

    def client(self) -> DatabaseClient:
        """Compose takes its time to say where it is: asked once, and not in every round where it cannot say.

        Raises GoaroundError where it cannot be learnt.
        """
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
