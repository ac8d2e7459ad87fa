"""Compares the shape of tables, as the models want it, with what is there: proof that a record may be changed. Pure.

All three shapes (with the migrations, without them, and what is there) were told by the same server in its own words,
so that types and definitions are compared as they are and not as they are spelt. Reading them is left to the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from actions.model.quick_dataclass import dataclass

_INDEX = re.compile(
    r'^(CREATE (?:UNIQUE )?INDEX) (?:"(?:[^"]|"")+"|\S+) ON (?:ONLY )?(?:"(?:[^"]|"")+"|[^\s.]+)'
    r'(?:\.(?:"(?:[^"]|"")+"|\S+))? USING '
)
_SHOWN = 6


@dataclass(frozen=True)
class Table:
    """One table. Names of columns -> their type, nullability, default and collation, in the server's words."""

    columns: Mapping[str, str]
    parts: tuple[tuple[str, str], ...] = ()
    """(name, definition) of each index and constraint; foreign keys among them. One that is invalid says so."""


Shape = Mapping[str, Table]
"""Name of the table -> how it is."""


@dataclass(frozen=True)
class Compared:
    """What came of a comparison."""

    tables: tuple[str, ...] = ()
    """Those that the migrations change."""
    differences: tuple[str, ...] = ()
    """One line each; empty: what is there is what was wanted."""
    unseen: tuple[str, ...] = ()
    """Operations that no comparison of tables shows."""
    unknown: str = ""
    """Why it could not be compared; empty: it was."""

    @property
    def proven(self) -> bool:
        """The tables are as wanted, they would be others otherwise, and nothing else was done by the migrations."""
        return bool(self.tables) and not (self.differences or self.unseen or self.unknown)

    def words(self) -> str:
        """One line."""
        if self.unknown:
            return f"it could not be compared: {self.unknown}"
        if self.unseen:
            return f"a comparison cannot show {_few(self.unseen)}"
        if not self.tables:
            return "the migrations change no table, so a comparison shows nothing"
        if self.differences:
            return f"not as it should be: {_few(self.differences)}"
        return f"columns, types, nullability, defaults, indexes and constraints compared: {', '.join(self.tables)}"


def changed(one: Shape, other: Shape) -> tuple[str, ...]:
    """The tables that are not the same in both."""
    return tuple(sorted(name for name in {*one, *other} if one.get(name) != other.get(name)))


def differences(
    wanted: Shape, other: Shape, there: Shape, declared: Iterable[str] = (), tables: Iterable[str] | None = None
) -> tuple[str, ...]:
    """Where what is there is not what is wanted. ``other``: what would be there otherwise; nothing of it may be left.

    ``declared``: names that the models give themselves, which must fit, too: other ones are made up by Django. An index
    that neither shape has and that is not unique is somebody's own, and no difference.
    """
    names = tuple(changed(wanted, other) if tables is None else tables)
    return tuple(line for name in names for line in _table(name, wanted, other, there, frozenset(declared)))


def _table(name: str, wanted: Shape, other: Shape, there: Shape, declared: frozenset[str]) -> Iterator[str]:
    here = there.get(name)
    if name not in wanted:
        if here is not None:
            yield f"table {name} is there"
        return
    if here is None:
        yield f"table {name} is not there"
        return
    want = wanted[name]
    for column in sorted({*want.columns, *here.columns}):
        expected, found = want.columns.get(column), here.columns.get(column)
        if expected is None:
            yield f"column {name}.{column} is there"
        elif found is None:
            yield f"column {name}.{column} is not there"
        elif expected != found:
            yield f"column {name}.{column} is {found}, not {expected}"
    yield from _parts(name, want, other.get(name), here, declared)


def _parts(name: str, want: Table, other: Table | None, here: Table, declared: frozenset[str]) -> Iterator[str]:
    left = [(one, plain(text)) for one, text in here.parts]
    for part, text in want.parts:
        text = plain(text)
        fits = (one for one in left if one[1] == text and (part not in declared or one[0] == part))
        found = next(fits, None)
        if found is None:
            named = f" {part}" if part in declared else ""
            yield f"{name} has no{named} {text}"
        else:
            left.remove(found)
    others = {plain(text) for _, text in other.parts} if other is not None else set()
    for part, text in left:
        if text in others or not text.startswith("CREATE INDEX") or text.endswith(INVALID):
            yield f"{name} has {part} {text}"


INVALID = " INVALID"


def plain(definition: str) -> str:
    """A definition without the name of the index and of the table, which stand in it."""
    return _INDEX.sub(r"\1 USING ", definition)


def shape_of(data: Any) -> Shape:
    """A shape from what the server told. Raises ValueError, KeyError or TypeError for what is none."""
    return {
        str(name): Table(
            {str(row[0]): " ".join(str(word) for word in row[1:] if word) for row in table["columns"]},
            tuple(sorted((str(row[0]), str(row[1])) for row in table["parts"])),
        )
        for name, table in dict(data).items()
    }


def _few(lines: tuple[str, ...]) -> str:
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more
