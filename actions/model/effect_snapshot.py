"""The effect by which a snapshot is verified and becomes the side database of an incident."""

from __future__ import annotations

from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from actions.model.side_note import SideNote
from actions.model.snapshot_adoption import Held


@dataclass(frozen=True)
class AdoptSnapshot:
    """A snapshot is opened, counted, compared with what was counted when it was taken, and noted as the incident's."""

    kind: ClassVar[str] = "adopt-snapshot"
    client: DatabaseClient
    live: str
    snapshot: Held
    note: SideNote
    """What it says of itself once it is verified, but for that."""
    expects_migrations: bool = False
    """``django_migrations`` must be there and hold rows."""

    def lines(self) -> tuple[str, ...]:
        name = sanitise(self.snapshot.name)
        wanted = ", migrations there" if self.expects_migrations else ""
        return (
            f"on {self.client.host}",
            f"  then   {name} (oid {self.snapshot.oid}) lets connections in, and is read only:",
            "         every table is counted and compared with what was counted when it was taken;",
            f"         nobody may have written to it since, by the server's own counters{wanted};",
            f"         by one statement its comment says that {self.note.goaround} has verified it, and holds",
            "         its own comment within; where anything differs it is closed again, and stays a snapshot",
        )
