"""The schema verdict: can the code of a release live with what the database has recorded as migrated? Pure.

Compared are the migrations that the database has recorded, those that the target's code holds, and, where the two do
not agree, those of the running code, which alone can take back what the target does not know. Reading all this is
left to the steps.
"""

from __future__ import annotations

from actions.model.migration import Migration as Migration
from actions.model.migration_values import WAYS as WAYS
from actions.model.migration_values import ZERO as ZERO
from actions.model.migration_values import Dropped as Dropped
from actions.model.migration_values import GoBack as GoBack
from actions.model.migration_values import Inside as Inside
from actions.model.migration_values import Known as Known
from actions.model.migration_values import Recorded as Recorded
from actions.model.migration_values import SchemaVerdict as SchemaVerdict
from actions.model.migration_values import Verdict as Verdict
from actions.model.migration_way import forward as forward
from actions.model.migration_way import is_there, listed, reversal


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
        text = f"the target does not know {listed(newest)}; whether the running code can take it back is not known"
        return _unknown(f"{text}: {why}", recorded, newest, missing, notes)
    if lost := tuple(m for m in newest if m not in running.knows()):
        text = f"{listed(lost)} is recorded, but neither the target nor what runs holds it: find the release that does"
        return _unknown(text, recorded, newest, missing, notes)
    return reversal(found, newest, running, missing, notes)


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
        if is_there(one, there):
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


def _unknown(
    why: str,
    recorded: tuple[Recorded, ...] | None,
    unknown: tuple[Migration, ...] = (),
    missing: tuple[Migration, ...] = (),
    notes: tuple[str, ...] = (),
) -> SchemaVerdict:
    found = tuple(row.migration for row in recorded or ())
    return SchemaVerdict(Verdict.UNKNOWN, why, found, unknown, missing=missing, notes=notes)
