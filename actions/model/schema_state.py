"""Half-applied states: what the record of migrations says against the tables and columns that are there. Pure.

A migration that is one transaction leaves nothing when it fails. One that is not may leave a column without its record,
or an invalid index; and `--fake` may have left a record without its column.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from actions.model.migration_way import is_there
from actions.model.migrations import Dropped, Inside, Known, Migration, Recorded
from actions.model.quick_dataclass import dataclass


class Standing(Enum):
    """How a migration's record and what it makes stand to each other, where they do not agree."""

    NOT_THERE = "recorded, but not there"
    NOT_RECORDED = "there, but not recorded"
    HALF = "not recorded, and half there"


@dataclass(frozen=True)
class Finding:
    """A migration whose record and schema do not agree."""

    migration: Migration
    standing: Standing
    there: tuple[Dropped, ...]
    absent: tuple[Dropped, ...]
    unseen: tuple[str, ...] = ()
    """Operations of it that tables and columns do not show."""
    unrecorded: tuple[Migration, ...] = ()
    """What it stands on and is not recorded either."""

    @property
    def fake_proven(self) -> bool:
        """All that it makes can be seen and is there, on ground that is recorded: only its record is missing."""
        return self.standing is Standing.NOT_RECORDED and not (self.unseen or self.unrecorded or self.absent)

    @property
    def gone_proven(self) -> bool:
        """Nothing of what it makes is there, and all of that can be seen: only its record is left."""
        return self.standing is Standing.NOT_THERE and not (self.unseen or self.there)

    def words(self) -> str:
        """For a note."""
        parts = [f"{self.migration} is {self.standing.value}"]
        if self.there:
            parts.append(f"there: {', '.join(map(str, self.there[:5]))}")
        if self.absent:
            parts.append(f"not there: {', '.join(map(str, self.absent[:5]))}")
        if self.unseen:
            parts.append(f"cannot be seen: {', '.join(self.unseen[:3])}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Diagnosis:
    """What does not agree; nothing where all is well."""

    findings: tuple[Finding, ...] = ()
    invalid: tuple[str, ...] = ()
    """Indexes that are there and are not valid: a concurrent build that failed."""

    @property
    def gone(self) -> frozenset[Migration]:
        """Those that are taken back already, but for their record."""
        return frozenset(one.migration for one in self.findings if one.gone_proven)

    @property
    def fakes(self) -> tuple[Migration, ...]:
        """Those for which `--fake` is proven to be right."""
        return tuple(one.migration for one in self.findings if one.fake_proven)


def diagnose(
    code: Inside, recorded: tuple[Recorded, ...], tables: Collection[Dropped], invalid: tuple[str, ...] = ()
) -> Diagnosis:
    """Compares. ``tables``: every table and every column that is there. What a list of files tells is not enough."""
    if code.unknown or code.weak:
        return Diagnosis(invalid=invalid)
    there = frozenset(tables)
    applied = frozenset(row.migration for row in recorded)
    known = applied | {one.migration for one in code.migrations if is_there(one, applied)}
    replaced = {part for one in code.migrations for part in one.replaces}
    found = (_finding(one, there, known) for one in code.migrations if one.migration not in replaced)
    return Diagnosis(tuple(one for one in found if one is not None), invalid)


def _finding(one: Known, there: frozenset[Dropped], applied: frozenset[Migration]) -> Finding | None:
    present = tuple(part for part in one.drops if part in there)
    absent = tuple(part for part in one.drops if part not in there)
    if one.migration in applied:
        standing = Standing.NOT_THERE if absent else None
    else:
        standing = (Standing.HALF if absent else Standing.NOT_RECORDED) if present else None
    if standing is None:
        return None
    unrecorded = tuple(parent for parent in one.parents if parent not in applied)
    return Finding(one.migration, standing, present, absent, one.unseen, unrecorded)
