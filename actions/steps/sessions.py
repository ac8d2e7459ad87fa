"""Who is connected to a database: asked of the server, told by user, application and address. Nobody is ended here."""

from __future__ import annotations

from dataclasses import dataclass

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.steps.database_reading import ask

MOST_SHOWN = 8


@dataclass(frozen=True)
class Session:
    """One connection of a client. Texts are sanitised."""

    user: str
    application: str
    address: str
    """Empty: over the server's own socket."""
    state: str
    seconds: int
    """Since when it is in that state."""

    def words(self) -> str:
        """``obcms from 172.18.0.4 (gunicorn, idle in transaction for 40 s)``."""
        where = self.address or "the server itself"
        what = ", ".join(part for part in (self.application, self.state) if part)
        return f"{self.user} from {where} ({what} for {self.seconds} s)"


def sessions(world: World, client: DatabaseClient, database: str) -> tuple[Session, ...]:
    """Everybody who is connected to it but us. Asked in another database of the server."""
    sql = f"""SELECT coalesce(json_agg(json_build_object(
      'user', coalesce(usename, '?'), 'application', application_name, 'address', coalesce(host(client_addr), ''),
      'state', coalesce(state, ''),
      'seconds', greatest(0, extract(epoch FROM now() - coalesce(state_change, now()))::bigint)
    ) ORDER BY usename, client_addr, pid), '[]') FROM pg_stat_activity
    WHERE datname = {literal(database)} AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    found = ask(world, client, "postgres", sql, admin=True)
    return tuple(
        Session(
            user=sanitise(one["user"], limit=80),
            application=sanitise(one["application"], limit=80),
            address=sanitise(one["address"], limit=80),
            state=sanitise(one["state"], limit=80),
            seconds=int(one["seconds"]),
        )
        for one in found
    )


def told(found: tuple[Session, ...]) -> str:
    """All of them in one line."""
    words = [one.words() for one in found[:MOST_SHOWN]]
    more = f", and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    return f"{len(found)} connected: {'; '.join(words)}{more}" if found else "nobody is connected"
