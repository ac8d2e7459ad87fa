"""What a database holds, in numbers: taken in the same snapshot as its backup, and compared after a restore. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from actions.model.codec import from_json, to_json
from actions.model.quick_dataclass import dataclass

FORMAT = 1
MOST_NAMED = 6
"""Differences in one line."""


@dataclass(frozen=True)
class TableCount:
    """One table."""

    rows: int
    max_key: str = ""
    """The largest value of its primary key, as text; empty: it has none of one column, or no rows."""


@dataclass(frozen=True)
class Manifest:
    """A database at one moment."""

    database: str
    at: str
    """Stamp, by the server's clock."""
    server_version: str
    """``15.14``."""
    tables: dict[str, TableCount] = field(default_factory=dict)
    """``schema.table``, without quotes."""
    sequences: dict[str, int] = field(default_factory=dict)
    """Last value; -1: not used yet."""
    migrations: tuple[str, ...] = ()
    """``app.name`` of ``django_migrations``, in the order in which they were applied."""
    extensions: dict[str, str] = field(default_factory=dict)
    """Name -> version."""
    invalid_indexes: tuple[str, ...] = ()
    unvalidated: tuple[str, ...] = ()
    """Constraints that were not checked for the rows that are there."""
    size: int = 0
    """Bytes on the server's disk."""
    encoding: str = ""
    collate: str = ""
    ctype: str = ""
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """As it is kept beside the backup."""
        data: dict[str, Any] = to_json(self)
        return data

    @staticmethod
    def from_json(data: Any) -> Manifest:
        """Raises ValueError naming what does not fit."""
        found = from_json(Manifest, data, "manifest")
        if found.format != FORMAT:
            raise ValueError(f"manifest: format {found.format} was written by another version")
        return found

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True)
class Difference:
    """Where two databases differ."""

    what: str
    """``table public.auth_user``, ``migrations``, ``sequence public.a_id_seq``."""
    wanted: str
    found: str

    def words(self) -> str:
        """``table public.a: 200000 rows expected, 65599 found``."""
        return f"{self.what}: {self.wanted} expected, {self.found} found"


def named(differences: Sequence[Difference]) -> str:
    """The first of them in one line, and how many more there are."""
    more = f", and {len(differences) - MOST_NAMED} more" if len(differences) > MOST_NAMED else ""
    return "; ".join(one.words() for one in differences[:MOST_NAMED]) + more


def compare(wanted: Manifest, found: Manifest) -> tuple[Difference, ...]:
    """Everything in which a restored database is not what its backup was; empty: the same."""
    out: list[Difference] = []
    for name in sorted(wanted.tables.keys() | found.tables.keys()):
        one, other = wanted.tables.get(name), found.tables.get(name)
        if one is None or other is None:
            out.append(Difference(f"table {name}", _table(one), _table(other)))
        elif one.rows != other.rows:
            out.append(Difference(f"table {name}", _rows(one.rows), _rows(other.rows)))
        elif one.max_key != other.max_key:
            out.append(Difference(f"table {name}", f"largest key {one.max_key}", f"largest key {other.max_key}"))
    if wanted.migrations != found.migrations and set(wanted.migrations) != set(found.migrations):
        missing = [one for one in wanted.migrations if one not in found.migrations]
        more = [one for one in found.migrations if one not in wanted.migrations]
        out.append(Difference("migrations", ", ".join(missing[:5]) or "no more", ", ".join(more[:5]) or "not them"))
    for name in sorted(wanted.sequences.keys() | found.sequences.keys()):
        if wanted.sequences.get(name) != found.sequences.get(name):
            out.append(
                Difference(f"sequence {name}", _value(wanted.sequences.get(name)), _value(found.sequences.get(name)))
            )
    for name in sorted(wanted.extensions.keys() - found.extensions.keys()):
        out.append(Difference(f"extension {name}", wanted.extensions[name], "none"))
    for name in sorted(set(found.invalid_indexes) - set(wanted.invalid_indexes)):
        out.append(Difference(f"index {name}", "valid", "invalid"))
    for name in sorted(set(found.unvalidated) - set(wanted.unvalidated)):
        out.append(Difference(f"constraint {name}", "validated", "not validated"))
    return tuple(out)


def compare_rows(rows: dict[str, int], found: Manifest) -> tuple[Difference, ...]:
    """As ``compare``, with the rows that a plain dump itself holds (``schema.table`` -> rows)."""
    out = []
    for name in sorted(rows):
        other = found.tables.get(name)
        if other is None or other.rows != rows[name]:
            out.append(Difference(f"table {name}", _rows(rows[name]), _table(other)))
    return tuple(out)


def lagging_sequences(found: Manifest, owned: dict[str, str]) -> tuple[str, ...]:
    """Sequences that would give out keys that are there already. ``owned``: sequence -> ``schema.table``."""
    out = []
    for sequence, table in sorted(owned.items()):
        count = found.tables.get(table)
        largest = count.max_key if count else ""
        if largest.lstrip("-").isdigit() and int(largest) > max(0, found.sequences.get(sequence, -1)):
            out.append(sequence)
    return tuple(out)


def _table(one: TableCount | None) -> str:
    return "no such table" if one is None else _rows(one.rows)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _value(value: int | None) -> str:
    return "none" if value is None else "unused" if value < 0 else str(value)
