"""Effects on a database that stands beside the live one: it is verified, its loss is counted, sessions are waited for.

They read; what they find is written into the comment of the side database, and nowhere else.
"""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from actions.model.database_client import DatabaseClient
from actions.model.quick_dataclass import dataclass


@dataclass(frozen=True)
class VerifySide:
    """Every table of the side database is counted, and compared with what its backup held."""

    kind: ClassVar[str] = "verify-side"
    host: str
    client: DatabaseClient
    live: str
    side: str
    incident: str
    manifest: str = ""
    """File on ``host`` that was written in the snapshot of the backup; empty: there is none."""
    manifest_sha256: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    """Without a manifest: table -> rows that the dump itself holds."""
    migrations: tuple[str, ...] = ()
    """``app.name`` that the dump itself holds."""
    expects_migrations: bool = False
    """``django_migrations`` must be there and hold rows."""

    def lines(self) -> tuple[str, ...]:
        if self.manifest:
            against = f"with {self.manifest}"
        elif self.rows:
            against = f"with the rows that the dump itself holds ({len(self.rows)} tables)"
        else:
            against = "with nothing: neither a manifest nor numbers of rows are known"
        wanted = ", migrations there" if self.expects_migrations else ""
        return (
            f"on {self.host}",
            f"  then   every table of {self.side} is counted and compared {against};",
            f"         indexes valid, constraints validated, sequences beyond the keys that are there{wanted};",
            "         what was verified is written into the comment of that database",
        )


@dataclass(frozen=True)
class MeasureLoss:
    """The live database and the one beside it are compared row by row, by their keys."""

    kind: ClassVar[str] = "measure-loss"
    host: str
    client: DatabaseClient
    live: str
    side: str
    incident: str
    since: str = ""
    """When the backup was made."""
    changes: bool = True
    """Rows that are in both are compared, too."""
    at_most: int = -1
    """More lost rows than these are a failure; -1: any number is well."""
    export: str = ""
    """What is lost is kept as evidence, a file a table, whose names begin so; empty: it is not."""
    encrypt_to: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        changes = ", and by the hash of each row" if self.changes else ""
        out = [
            f"on {self.client.host}",
            f"  then   {self.live} and {self.side} are compared table by table, by their keys{changes};",
            "         nothing is changed; the numbers are written into the comment of the side database",
        ]
        if self.export:
            kept = f"encrypted to {', '.join(self.encrypt_to)}" if self.encrypt_to else "not encrypted, not exported"
            out.append(f"         rows that would be lost are kept as CSV, private ({kept}): {self.export}-TABLE.csv")
        if self.at_most >= 0:
            out.append(f"         more than {self.at_most} lost rows are a failure")
        return tuple(out)


@dataclass(frozen=True)
class AwaitNoSessions:
    """It is waited until nobody but us is connected; who is left at the end is named, and nobody is ended here."""

    kind: ClassVar[str] = "await-no-sessions"
    client: DatabaseClient
    database: str
    deadline_s: int = 30

    def lines(self) -> tuple[str, ...]:
        return (
            f"on {self.client.host}",
            f"  wait   until nobody is connected to {self.database}; at most {self.deadline_s} s;",
            "         who is left then is named, and ended by the swap",
        )


@dataclass(frozen=True)
class ObserveDatabase:
    """The database under this name must be the one that holds this backup, and let people in."""

    kind: ClassVar[str] = "observe-database"
    client: DatabaseClient
    database: str
    want: str
    """Identity of the backup."""

    def lines(self) -> tuple[str, ...]:
        return (f"on {self.client.host}", f"  then   {self.database} must be what was restored from {self.want}")
