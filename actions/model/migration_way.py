"""The way back over migrations: which reversals take back exactly what the target does not know, and their order."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from actions.model.migration import Migration
from actions.model.migration_values import WAYS, ZERO, Dropped, GoBack, Inside, Known, SchemaVerdict, Verdict
from actions.model.naming import first_of


def reversal(
    found: tuple[Migration, ...],
    foreign: tuple[Migration, ...],
    running: Inside,
    missing: tuple[Migration, ...],
    notes: tuple[str, ...],
) -> SchemaVerdict:
    """REVERSE FIRST with the way, or IRREVERSIBLE with what stands against it."""
    nodes, mixed = _nodes(found, foreign, running)
    taken = [nodes[m] for m in _backwards(nodes)]
    one_way = [f"{one.migration}: {what}" for one in taken for what in one.one_way]
    one_way += [f"{m}: squashed with others that the target knows" for m in mixed]
    back, left = _plan(found, nodes, running)
    one_way += left
    shared = {
        "recorded": found,
        "unknown": foreign,
        "drops": _once(drop for one in taken for drop in one.drops),
        "noops": tuple(f"{one.migration}: {what}" for one in taken for what in one.noops),
        "not_atomic": tuple(one.migration for one in taken if not one.atomic),
        "missing": missing,
        "notes": notes,
    }
    if one_way:
        why = f"the target does not know {listed(foreign)}, and it cannot all be taken back: {one_way[0]}"
        return SchemaVerdict(Verdict.IRREVERSIBLE, why, one_way=tuple(one_way), ways=WAYS, **shared)  # type: ignore[arg-type]
    why = f"the target does not know {listed(foreign)}; the running code can take it back, before the code is switched"
    return SchemaVerdict(Verdict.REVERSE_FIRST, why, back=back, **shared)  # type: ignore[arg-type]


def forward(back: tuple[GoBack, ...], running: Inside) -> tuple[GoBack, ...]:
    """What applies them again after they were taken back, in that order; ``takes`` are those that it applies."""
    held = {one.migration: one for one in running.migrations}
    nodes = {m: held[m] for row in back for m in row.takes if m in held}
    order = tuple(reversed(_backwards(nodes)))
    below = {parent for one in nodes.values() for parent in one.parents}
    rest = set(nodes)
    out = []
    for leaf in (m for m in order if m not in below):
        wanted, waiting = set(), [leaf]
        while waiting:
            m = waiting.pop()
            if m in rest and m not in wanted:
                wanted.add(m)
                waiting += nodes[m].parents
        out.append(GoBack(leaf.app, leaf.name, tuple(m for m in order if m in wanted)))
        rest -= wanted
    return tuple(out)


def _nodes(
    found: tuple[Migration, ...], foreign: tuple[Migration, ...], running: Inside
) -> tuple[dict[Migration, Known], tuple[Migration, ...]]:
    """What Django takes back for them (a squashed one for all its parts), and parts of what is not all foreign."""
    there, wanted = set(found), set(foreign)
    nodes: dict[Migration, Known] = {}
    mixed: list[Migration] = []
    held = {one.migration: one for one in running.migrations}
    for m in foreign:
        whole = next((one for one in running.migrations if m in one.replaces and is_there(one, there)), None)
        one = whole or held[m]
        parts = [part for part in one.replaces if part in there]
        if any(part not in wanted for part in parts):
            mixed.append(m)
        else:
            nodes[one.migration] = one
    return nodes, tuple(mixed)


def _children(found: tuple[Migration, ...], running: Inside) -> dict[Migration, set[Migration]]:
    there = set(found)
    out: dict[Migration, set[Migration]] = {}
    for one in running.migrations:
        if is_there(one, there):
            for parent in one.parents:
                out.setdefault(parent, set()).add(one.migration)
    return out


def _plan(
    found: tuple[Migration, ...], nodes: dict[Migration, Known], running: Inside
) -> tuple[tuple[GoBack, ...], list[str]]:
    """The reversals that take back exactly these, and words for those that none of them reaches."""
    children = _children(found, running)
    order = _backwards(nodes)
    wanted = set(nodes)
    rest = set(nodes)
    back: list[GoBack] = []
    while rest:
        best: tuple[int, GoBack] | None = None
        for app in sorted({m.app for m in rest}):
            for to, takes in _targets(app, wanted, found, children, running):
                if takes <= wanted and takes & rest:
                    row = GoBack(app, to, tuple(m for m in order if m in takes & rest))
                    if best is None or len(row.takes) > best[0]:
                        best = (len(row.takes), row)
        if best is None:
            lost = [m for m in order if m in rest]
            return tuple(back), [f"{m}: no reversal takes it back without others that the target knows" for m in lost]
        back.append(best[1])
        rest -= set(best[1].takes)
    return tuple(back), []


def _targets(
    app: str,
    nodes: set[Migration],
    found: tuple[Migration, ...],
    children: dict[Migration, set[Migration]],
    running: Inside,
) -> Iterable[tuple[str, set[Migration]]]:
    """Each migration that ``app`` could be taken back to without leaving ``nodes``, and what Django takes back then."""
    there = set(found)
    own = [one.migration for one in running.migrations if one.migration.app == app and is_there(one, there)]
    for m in own:
        begin = {child for child in children.get(m, ()) if child.app == app}
        if m not in nodes and begin <= nodes:
            yield m.name, _with_all_above(begin, children)
    if nodes.issuperset(own):
        yield ZERO, _with_all_above(set(own), children)


def is_there(one: Known, there: Collection[Migration]) -> bool:
    """Whether it is applied; a squashed one is where all its parts are."""
    return one.migration in there or (bool(one.replaces) and all(part in there for part in one.replaces))


def _with_all_above(begin: set[Migration], children: dict[Migration, set[Migration]]) -> set[Migration]:
    out: set[Migration] = set()
    waiting = list(begin)
    while waiting:
        m = waiting.pop()
        if m not in out:
            out.add(m)
            waiting += children.get(m, ())
    return out


def _backwards(nodes: dict[Migration, Known]) -> tuple[Migration, ...]:
    """Each before everything that it stands on."""
    out: list[Migration] = []
    seen: set[Migration] = set()
    for first in nodes:
        stack = [(first, False)]
        while stack:
            m, done = stack.pop()
            if done:
                out.append(m)
            elif m not in seen:
                seen.add(m)
                stack.append((m, True))
                stack += [(parent, False) for parent in nodes[m].parents if parent in nodes]
    return tuple(reversed(out))


def _once(drops: Iterable[Dropped]) -> tuple[Dropped, ...]:
    """Each once, and no column of a table that goes away itself."""
    every = tuple(dict.fromkeys(drops))
    tables = {drop.table for drop in every if not drop.column}
    return tuple(drop for drop in every if not (drop.column and drop.table in tables))


def listed(migrations: tuple[Migration, ...]) -> str:
    """The first of them, and how many more there are."""
    return first_of(migrations, 3)
