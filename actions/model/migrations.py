"""The schema verdict: can the code of a release live with what the database has recorded as migrated? Pure.

Compared are the migrations that the database has recorded, those that the target's code holds, and, where the two do
not agree, those of the running code, which alone can take back what the target does not know. Reading all this is
left to the steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import Enum

from actions.model.migration import Migration as Migration
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
    "write the reverse as SQL by hand, with a second pair of eyes",
    "fix forward",
)


def verdict(recorded: tuple[Recorded, ...] | None, target: Inside, running: Inside | None = None) -> SchemaVerdict:
    """The verdict. ``recorded``: None where the database has no table of migrations; ``running``: None where it was
    not asked, which it need not be while the target knows everything (``strangers`` is empty).
    """
    if target.unknown:
        return _unknown(f"the target cannot be asked for its migrations: {target.unknown}", recorded)
    if recorded is None:
        return _unknown("the database has no table django_migrations: is it the application's?", None)
    if not recorded:
        return _unknown("no migration is recorded in the database: an empty record proves nothing", recorded)
    if not target.migrations:
        return _unknown("the target holds no migration at all: it was not read where it should be", recorded)
    foreign = strangers(recorded, target, running)
    foreign, notes = _without_leftovers(recorded, foreign, target, running)
    found = tuple(row.migration for row in recorded)
    missing = _missing(found, target)
    if target.weak:
        judged = ", ".join(sorted(_judged(target, running) & {m.app for m in found}))
        notes = (*notes, f"{target.weak}: judged by names of files alone, and only {judged or 'nothing'}")
    if not foreign:
        of = f"all {len(found)} recorded migrations" if not target.weak else "every recorded migration of its own apps"
        return SchemaVerdict(Verdict.SAFE, f"the target knows {of}", found, missing=missing, notes=notes)
    newest = tuple(reversed(foreign))
    if renamed := _renamed(foreign, found, target):
        return _unknown(renamed, recorded, newest, missing, notes)
    if running is None or running.unknown or running.weak:
        why = "it was not asked" if running is None else running.unknown or running.weak
        text = f"the target does not know {_list(newest)}; whether the running code can take it back is not known"
        return _unknown(f"{text}: {why}", recorded, newest, missing, notes)
    if lost := tuple(m for m in newest if m not in running.knows()):
        text = f"{_list(lost)} is recorded, but neither the target nor what runs holds it: find the release that does"
        return _unknown(text, recorded, newest, missing, notes)
    return _reversal(found, newest, running, missing, notes)


def unasked(why: str) -> SchemaVerdict:
    """The verdict where the database itself could not be asked."""
    return SchemaVerdict(Verdict.UNKNOWN, why)


def strangers(
    recorded: tuple[Recorded, ...] | None, target: Inside, running: Inside | None = None
) -> tuple[Migration, ...]:
    """Recorded migrations that the target does not know, in the order they were applied. A squashed one is known
    where all that it stands for are.
    """
    known = target.knows()
    squashed = {one.migration: one.replaces for one in running.migrations if one.replaces} if running else {}
    judged = _judged(target, running)
    out = []
    for row in recorded or ():
        one = row.migration
        parts = squashed.get(one, ())
        if one in known or (target.weak and one.app not in judged) or (parts and all(part in known for part in parts)):
            continue
        out.append(one)
    return tuple(out)


def _judged(target: Inside, running: Inside | None) -> frozenset[str]:
    return target.apps | frozenset(running.own if running is not None else ())


def _without_leftovers(
    recorded: tuple[Recorded, ...], foreign: tuple[Migration, ...], target: Inside, running: Inside | None
) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    """Rows of apps that are in no code any more, and older than rows that the target knows: it has lived with them."""
    if running is None or running.unknown:
        return foreign, ()
    apps = target.apps | running.apps
    known = target.knows()
    place = {row.migration: number for number, row in enumerate(recorded)}
    newest = max((number for one, number in place.items() if one in known), default=-1)
    old = tuple(one for one in foreign if one.app not in apps and place[one] < newest)
    if not old:
        return foreign, ()
    names = ", ".join(sorted({one.app for one in old}))
    note = f"rows of {names} are left from an app that neither release has; the target has lived with them"
    return tuple(one for one in foreign if one not in old), (note,)


def _missing(found: tuple[Migration, ...], target: Inside) -> tuple[Migration, ...]:
    """What Django would apply: a squashed one in place of its parts, but the parts where some of them are applied."""
    there = set(found)
    no_more: set[Migration] = set()
    for one in target.migrations:
        if not one.replaces:
            continue
        if _is_there(one, there):
            no_more |= {one.migration, *one.replaces}
        elif any(part in there for part in one.replaces):
            no_more.add(one.migration)
        else:
            no_more |= set(one.replaces)
    return tuple(one.migration for one in target.migrations if one.migration not in there | no_more)


def _renamed(foreign: tuple[Migration, ...], found: tuple[Migration, ...], target: Inside) -> str:
    """Words where an app that the target does not know looks like one of its own under another label."""
    recorded_apps = {one.app for one in found}
    for app in sorted({one.app for one in foreign} - target.apps):
        names = {one.name for one in foreign if one.app == app}
        for other in sorted(target.apps - recorded_apps):
            same = names & {one.migration.name for one in target.migrations if one.migration.app == other}
            if same:
                return (
                    f"the app {other} seems to be {app} now ({len(same)} migrations have the same names): "
                    "taking them back would drop its tables, and the target would make them anew"
                )
    return ""


def _reversal(
    found: tuple[Migration, ...],
    foreign: tuple[Migration, ...],
    running: Inside,
    missing: tuple[Migration, ...],
    notes: tuple[str, ...],
) -> SchemaVerdict:
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
        why = f"the target does not know {_list(foreign)}, and it cannot all be taken back: {one_way[0]}"
        return SchemaVerdict(Verdict.IRREVERSIBLE, why, one_way=tuple(one_way), ways=WAYS, **shared)  # type: ignore[arg-type]
    why = f"the target does not know {_list(foreign)}; the running code can take it back, before the code is switched"
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
        whole = next((one for one in running.migrations if m in one.replaces and _is_there(one, there)), None)
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
        if _is_there(one, there):
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
    own = [one.migration for one in running.migrations if one.migration.app == app and _is_there(one, there)]
    for m in own:
        begin = {child for child in children.get(m, ()) if child.app == app}
        if m not in nodes and begin <= nodes:
            yield m.name, _with_all_above(begin, children)
    if nodes.issuperset(own):
        yield ZERO, _with_all_above(set(own), children)


def _is_there(one: Known, there: set[Migration]) -> bool:
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


def _list(migrations: tuple[Migration, ...]) -> str:
    more = f" and {len(migrations) - 3} more" if len(migrations) > 3 else ""
    return ", ".join(map(str, migrations[:3])) + more


def _unknown(
    why: str,
    recorded: tuple[Recorded, ...] | None,
    unknown: tuple[Migration, ...] = (),
    missing: tuple[Migration, ...] = (),
    notes: tuple[str, ...] = (),
) -> SchemaVerdict:
    found = tuple(row.migration for row in recorded or ())
    return SchemaVerdict(Verdict.UNKNOWN, why, found, unknown, missing=missing, notes=notes)
