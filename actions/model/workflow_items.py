"""Critical workflows as items of the list: each ``[[workflow]]`` is one line under what asks for them. Pure.

What is bound to ``critical.workflows`` becomes a group. A workflow that names a probe or a check is sensed by it; any
other is tried by a person, who says whether it works, and what was seen. Where the document binds no item, the group
stands at the end of what comes after the rollback: what is configured is never left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from actions.model.checklist import WORKFLOWS, Item, Kind, Phase, State
from actions.model.quick_dataclass import dataclass, replace

if TYPE_CHECKING:
    from actions.model.procedure import ListItem, Procedure

PART = "Workflows"


@dataclass(frozen=True)
class Tried:
    """One workflow and how it went."""

    name: str
    state: State
    red: bool = False
    """It is sensed, and what was seen is not well."""

    @property
    def failed(self) -> bool:
        """It does not work: a person or a sensor says so, and nobody has settled it otherwise."""
        return self.state is State.FAILED or (self.red and not self.state.settled)


def configured(settings: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The ``[[workflow]]`` tables of a configuration (as JSON)."""
    rows = settings.get("workflow") or ()
    return tuple(row for row in rows if isinstance(row, Mapping) and row.get("name"))


def group(procedure: Procedure, settings: Mapping[str, Any]) -> tuple[str, tuple[Item, ...]]:
    """The code of the item that asks for the workflows, and an item for each; the code is empty where there is none."""
    tables = configured(settings)
    if not tables:
        return "", ()
    everything = [(part, item) for part in procedure.checklists if not part.paper for item in part.items]
    bound = [(part, item) for part, item in everything if item.sensor == WORKFLOWS]
    taken = {item.code for _, item in everything}
    # What always applies before what may be left out: marks are kept by code, so there is one group.
    part, item = next((row for row in bound if not row[1].when), bound[0] if bound else (None, None))
    if part is None or item is None:
        parent = Item(next(_free("WF", taken)), "", Kind.SENSED, Phase.AFTER, WORKFLOWS, part=PART)
    else:
        parent = Item(item.code, item.text, Kind.SENSED, part.phase, WORKFLOWS, depth=item.depth, part=part.name)
    return parent.code, tuple(
        _child(table, code, parent) for table, code in zip(tables, _codes(parent.code, len(tables), taken), strict=True)
    )


def _free(begin: str, taken: set[str]) -> Iterator[str]:
    return (f"{begin}{number}" for number in count(1) if f"{begin}{number}" not in taken)


def _codes(parent: str, many: int, taken: set[str]) -> tuple[str, ...]:
    """``S1a S1b …``, after ``S1z`` ``S1aa``; where the document uses one of them: ``S1.1 S1.2 …``."""
    letters = tuple(f"{parent}{_letters(number)}" for number in range(many))
    if taken.isdisjoint(letters):
        return letters
    return tuple(f"{parent}.{number + 1}" for number in range(many))


def _letters(number: int) -> str:
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, len(ascii_lowercase))
        text = ascii_lowercase[rest] + text
    return text


def _child(table: Mapping[str, Any], code: str, parent: Item) -> Item:
    probe, check = str(table.get("probe") or ""), str(table.get("check") or "")
    sensor = f"probe.{probe}" if probe else f"check.{check}" if check else ""
    return Item(
        code,
        str(table["name"]),
        Kind.SENSED if sensor else Kind.MANUAL,
        parent.phase,
        sensor,
        depth=parent.depth + 1,
        part=parent.part,
        parent=parent.code,
        how=str(table.get("how") or ""),
    )


def with_workflows(
    rows: Iterable[Item], procedure: Procedure, settings: Mapping[str, Any], phase: Phase
) -> tuple[Item, ...]:
    """The items of one phase, with the workflows under the item that asks for them."""
    rows = tuple(rows)
    code, children = group(procedure, settings)
    if not children or children[0].phase is not phase:
        return rows
    if not any(item.code == code for item in rows):
        if _asked_for(procedure):
            return rows  # the document asks for them, but not on this system
        text = "Workflows of the configuration tested"
        parent = Item(code, text, Kind.SENSED, phase, WORKFLOWS, part=PART)
        return (*rows, parent, *children)
    found: list[Item] = []
    for item in rows:
        if item.code == code:
            found += (replace(item, kind=Kind.SENSED, sensor=WORKFLOWS), *children)
        else:
            found.append(item)
    return tuple(found)


def _asked_for(procedure: Procedure) -> bool:
    items: Iterator[ListItem] = (item for part in procedure.checklists if not part.paper for item in part.items)
    return any(item.sensor == WORKFLOWS for item in items)


def words(tried: Iterable[Tried]) -> tuple[bool, str, str]:
    """Of all workflows together: whether nothing more is asked of any, what was seen, and what is expected.

    ``2 of 3 tried, 1 failed: dashboard``; once all are settled ``3 of 3 work``, or ``2 of 3 work, 1 overridden``.
    """
    rows = tuple(tried)
    many, work = len(rows), sum(one.state is State.DONE for one in rows)
    expected = f"{many} of {many} work"
    if all(one.state.settled for one in rows):
        parts = [f"{work} of {many} work"]
        for state in (State.OVERRIDDEN, State.NOT_APPLICABLE):
            alike = sum(one.state is state for one in rows)
            parts += [f"{alike} {state.value}"] if alike else []
        return True, ", ".join(parts), "" if work == many else expected
    failed = [one.name for one in rows if one.failed]
    seen = f"{len(failed) + sum(one.state.settled for one in rows)} of {many} tried"
    if failed:
        seen += f", {len(failed)} failed: {', '.join(failed)}"
    return False, seen, expected
