"""What is known of migrations, and what follows: records, code, reversals, the verdict's parts. Pure values.

Judging is left to ``migrations``, the way back to ``migration_way``.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from actions.model.migration import Migration
from actions.model.quick_dataclass import dataclass

ZERO = "zero"
"""Django's word for: before the first migration of the app."""


class Verdict(Enum):
    """What a code rollback would meet."""

    SAFE = "SAFE"
    """Everything recorded is known to the target."""
    REVERSE_FIRST = "REVERSE FIRST"
    """The target does not know some, and the running code can take all of those back."""
    IRREVERSIBLE = "IRREVERSIBLE"
    """The target does not know some, and at least one cannot be taken back by its code."""
    UNKNOWN = "UNKNOWN"
    """It cannot be learnt."""


@dataclass(frozen=True)
class Recorded:
    """A row of ``django_migrations``."""

    migration: Migration
    at: str = ""
    """When it was applied (UTC stamp), or empty."""


@dataclass(frozen=True)
class Dropped:
    """A column, or with an empty ``column`` a whole table, that goes away with a reversal."""

    table: str
    column: str = ""

    def __str__(self) -> str:
        return f"column {self.table}.{self.column}" if self.column else f"table {self.table}"


@dataclass(frozen=True)
class Known:
    """A migration as the code of a release holds it."""

    migration: Migration
    parents: tuple[Migration, ...] = ()
    """What it stands on, of its own and of other apps."""
    replaces: tuple[Migration, ...] = ()
    """Those that it was squashed from."""
    atomic: bool = True
    one_way: tuple[str, ...] = ()
    """Operations that cannot be taken back; empty: there are none, where ``Inside.weak`` is empty, too."""
    noops: tuple[str, ...] = ()
    """Operations whose reversal does nothing: what they did to the data stays."""
    drops: tuple[Dropped, ...] = ()
    """What goes away with its reversal, under the names that the newest code gives it."""
    unseen: tuple[str, ...] = ()
    """Operations whose effect is not a table or column that is there: whether they were done cannot be seen."""


@dataclass(frozen=True)
class Inside:
    """What the code of a release holds."""

    migrations: tuple[Known, ...] = ()
    unknown: str = ""
    """Why it could not be asked; empty: it was."""
    weak: str = ""
    """Why this is no more than a list of files, without what can be reversed and without other packages' apps."""
    own: tuple[str, ...] = ()
    """Labels of the apps that lie in the project itself."""
    database: str = ""
    """Name of the database that its settings name; empty: not told."""
    django: str = ""
    """Version of Django."""

    @property
    def apps(self) -> frozenset[str]:
        """Labels of the apps that have migrations here."""
        return frozenset(one.migration.app for one in self.migrations)

    def knows(self) -> frozenset[Migration]:
        """Every migration that is here, or that one here was squashed from."""
        return frozenset(m for one in self.migrations for m in (one.migration, *one.replaces))


@dataclass(frozen=True)
class GoBack:
    """One reversal: an app is taken back to a migration."""

    app: str
    to: str
    """Name of the migration that stays, or ``zero``."""
    takes: tuple[Migration, ...]
    """What is taken back by it, in that order; other apps' that stand on it are among them."""


@dataclass(frozen=True)
class SchemaVerdict:
    """The verdict, and all that it stands on."""

    verdict: Verdict
    why: str
    """One line."""
    recorded: tuple[Migration, ...] = ()
    """Everything that the database has recorded, in that order."""
    unknown: tuple[Migration, ...] = ()
    """Recorded, and not known to the target; the newest first."""
    back: tuple[GoBack, ...] = ()
    """How they are taken back, in that order (``REVERSE FIRST``)."""
    one_way: tuple[str, ...] = ()
    """``app.name: why``, for each that cannot be taken back (``IRREVERSIBLE``)."""
    drops: tuple[Dropped, ...] = ()
    """What the reversal drops."""
    noops: tuple[str, ...] = ()
    """``app.name: operation``, of which the reversal does nothing."""
    not_atomic: tuple[Migration, ...] = ()
    """Those to take back that may stay half done when they fail."""
    missing: tuple[Migration, ...] = ()
    """Held by the target, and not recorded: starting it with its migrations would apply them."""
    notes: tuple[str, ...] = ()
    ways: tuple[str, ...] = field(default_factory=tuple)
    """What can be done instead (``IRREVERSIBLE``)."""


WAYS = (
    "restore the database from before the deployment (option database)",
    "write the reverse as SQL by hand (django.reverse_sql), with a second pair of eyes",
    "fix forward (decide it; the incident is closed as forward)",
)
