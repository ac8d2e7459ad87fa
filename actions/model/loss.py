"""What going back to a backup loses, as numbers: rows that are there now and would not be afterwards. Pure.

Rows are matched by their primary key; where there is none, by the hash of the whole row. What could not be compared is
told as unknown, never as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from actions.model.quick_dataclass import dataclass, replace

Row = tuple[int | str, str]
"""Key and, where it was asked for, a mark of the whole row."""
MOST_KEYS = 100_000
"""Keys of one table that are held, so that its rows can be exported; of more, only the number is known."""


@dataclass(frozen=True)
class TableLoss:
    """One table."""

    lost: int = 0
    """Rows that are there now and not in the backup."""
    changed: int = -1
    """Rows that are in both and differ: their newer content is lost; -1: not known."""
    back: int = 0
    """Rows of the backup that were deleted since: they come back."""
    newest: str = ""
    """Newest time in it that is not in the future; empty: no column of time."""
    least: bool = False
    """``lost`` is the least that it can be: only numbers of rows could be compared."""


@dataclass(frozen=True)
class LossReport:
    """All tables in which something differs, or may."""

    at: str
    """When it was counted."""
    since: str = ""
    """When the backup was made; empty: not known."""
    tables: dict[str, TableLoss] = field(default_factory=dict)
    """Tables with a difference, or with one that is not known; a table that is not here is the same."""
    counted: dict[str, str] = field(default_factory=dict)
    """Of every table of the live database: rows and largest key, ``412 981``."""

    @property
    def rows(self) -> int:
        """Rows that are lost."""
        return sum(one.lost for one in self.tables.values())

    @property
    def changed(self) -> int:
        """Rows whose newer content is lost, as far as it is known."""
        return sum(max(0, one.changed) for one in self.tables.values())

    @property
    def back(self) -> int:
        """Rows that were deleted and come back."""
        return sum(one.back for one in self.tables.values())

    @property
    def unknown(self) -> tuple[str, ...]:
        """Tables of which it is not known whether rows were changed."""
        return tuple(sorted(name for name, one in self.tables.items() if one.changed < 0))

    @property
    def newest(self) -> str:
        """Newest time in a table that loses rows."""
        return max((one.newest for one in self.tables.values() if one.lost or one.changed > 0), default="")

    def with_changes_of(self, before: LossReport | None) -> LossReport:
        """This quick count, with the changed rows that a whole one found before where this one does not know them.

        Tables in which nothing differs by either are left out.
        """
        known = before.tables if before is not None else {}
        tables = {}
        for name, one in self.tables.items():
            changed = known.get(name, TableLoss(0, 0 if before is not None else -1)).changed
            merged = replace(one, changed=changed) if one.changed < 0 else one
            if merged.lost or merged.changed or merged.back:
                tables[name] = merged
        return replace(self, tables=tables)

    def words(self) -> str:
        """``143 rows in 12 tables after 02:00Z; 7 rows changed; changes are not known in 2 tables``."""
        losing = [one for one in self.tables.values() if one.lost]
        least = "at least " if any(one.least for one in losing) else ""
        parts = [f"{least}{_rows(self.rows)} in {_tables(len(losing))}{_after(self.since, self.at)}"]
        if not self.rows:
            parts = [f"no row{_after(self.since, self.at)}"]
        if self.changed:
            parts.append(f"{_rows(self.changed)} changed")
        if self.back:
            parts.append(f"{_rows(self.back)} deleted since, come back")
        if self.unknown:
            parts.append(f"changes are not known in {_tables(len(self.unknown))}")
        return "; ".join(parts)

    def lines(self, most: int = 20) -> tuple[str, ...]:
        """A line for each table, those that lose most first."""
        rows = sorted(self.tables.items(), key=lambda item: (-item[1].lost, -item[1].changed, item[0]))
        out = [f"{name}: {_table_words(one)}" for name, one in rows[:most]]
        return (*out, f"and {len(rows) - most} more tables") if len(rows) > most else tuple(out)

    def more_since(self, counted: dict[str, str]) -> int:
        """Rows that were written since, by the numbers of rows and the largest keys; 0: not one table moved."""
        more = 0
        for name in sorted(counted.keys() | self.counted.keys()):
            then, now = self.counted.get(name), counted.get(name)
            if then != now:
                was, are = ((one or "0 ").split(" ")[0] for one in (then, now))
                more += max(1, abs(int(are) - int(was)))
        return more


@dataclass(frozen=True)
class Compared:
    """What a merge of two tables by their keys found."""

    lost: int
    changed: int
    back: int
    lost_keys: tuple[int | str, ...]
    changed_keys: tuple[int | str, ...]


def compare_keys(live: Iterator[Row], side: Iterator[Row]) -> Compared:
    """Merges two streams that are ordered by key; equal keys pair off one by one. Memory: the keys that differ, up to
    ``MOST_KEYS``. Raises ValueError where a stream is not in order.
    """
    lost = changed = back = 0
    lost_keys: list[int | str] = []
    changed_keys: list[int | str] = []
    ours, theirs = _ordered(live), _ordered(side)
    mine, other = next(ours, None), next(theirs, None)
    while mine is not None or other is not None:
        if other is None or (mine is not None and mine[0] < other[0]):  # type: ignore[operator]  # keys of one kind
            assert mine is not None
            lost += 1
            if len(lost_keys) < MOST_KEYS:
                lost_keys.append(mine[0])
            mine = next(ours, None)
        elif mine is None or other[0] < mine[0]:  # type: ignore[operator]
            back += 1
            other = next(theirs, None)
        else:
            if mine[1] != other[1]:
                changed += 1
                if len(changed_keys) < MOST_KEYS:
                    changed_keys.append(mine[0])
            mine, other = next(ours, None), next(theirs, None)
    return Compared(lost, changed, back, tuple(lost_keys), tuple(changed_keys))


def _ordered(rows: Iterator[Row]) -> Iterator[Row]:
    last: int | str | None = None
    for row in rows:
        if last is not None and row[0] < last:  # type: ignore[operator]
            raise ValueError("the keys do not come in order")
        last = row[0]
        yield row


def _table_words(one: TableLoss) -> str:
    parts = [f"{'at least ' if one.least else ''}{_rows(one.lost)} lost"] if one.lost else []
    if one.changed > 0:
        parts.append(f"{_rows(one.changed)} changed")
    if one.back:
        parts.append(f"{_rows(one.back)} come back")
    if one.changed < 0:
        parts.append("changes not known")
    if one.newest:
        parts.append(f"newest {one.newest[:16].replace('T', ' ')}Z")
    return ", ".join(parts)


def _after(since: str, at: str) -> str:
    if len(since) < 16:
        return ""
    day = "" if since[:10] == at[:10] else f"{since[:10]} "
    return f" after {day}{since[11:16]}Z"


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _tables(count: int) -> str:
    return f"{count} table{'' if count == 1 else 's'}"
