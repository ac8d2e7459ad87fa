"""Performs the adoption of a snapshot: it is opened, counted, compared, and by one statement the incident's.

What differs closes it again: it stays a snapshot. The SQL stands in ``model.snapshot_adoption``.
"""

from __future__ import annotations

from actions.model.clock import stamp
from actions.model.effect_snapshot import AdoptSnapshot
from actions.model.errors import GoaroundError, Refused
from actions.model.events import Observed
from actions.model.manifest import Difference, Manifest, compare, named
from actions.model.outside_text import sanitise
from actions.model.ports import Reporter, World
from actions.model.quick_dataclass import replace
from actions.model.snapshot_adoption import WRITTEN_SQL, adopt_sql, give_back_sql, open_sql
from actions.steps.database_manifest import read_manifest
from actions.steps.database_reading import ask, failure, run_psql
from actions.steps.perform_ground import STOPPED, Ended, one_line
from actions.steps.side_reading import MAINTENANCE
from actions.steps.snapshots import Snapshot, snapshot_named

SAME = "as when it was taken"


def adopt_snapshot(effect: AdoptSnapshot, world: World, report: Reporter) -> Ended:
    """Verify it; only what is verified gets the incident's name."""
    name = sanitise(effect.snapshot.name)
    seen = snapshot_named(world, effect.client, effect.live, effect.snapshot.name)
    if seen is None or seen.oid != effect.snapshot.oid:
        return Ended(False, f"{name} is gone, or another database has its name")
    _say(effect, world, open_sql(effect.snapshot, effect.note.goaround))
    try:
        problems, words = _verified(effect, world, seen)
    except GoaroundError:
        _say(effect, world, give_back_sql(effect.snapshot, effect.note.goaround))
        raise
    if report.stopping():
        _say(effect, world, give_back_sql(effect.snapshot, effect.note.goaround))
        return STOPPED
    for one in problems:
        report.line(one_line(world, one.words()))
    if problems:
        _say(effect, world, give_back_sql(effect.snapshot, effect.note.goaround))
        told = named(problems)
        report.record(Observed(0, "snapshot", False, one_line(world, told), SAME, 0))
        return Ended(False, f"{name} is not what it was when it was taken: {told}")
    note = replace(effect.note, verified=f"{stamp(world.clock.now())} {words}")
    _say(effect, world, adopt_sql(effect.snapshot, effect.note.goaround, note))
    report.record(Observed(0, "snapshot", True, one_line(world, words), SAME, 0))
    return Ended(True, words, facts={"verified": words})


def _verified(effect: AdoptSnapshot, world: World, seen: Snapshot) -> tuple[list[Difference], str]:
    """What is not as it was, and what was compared."""
    found = read_manifest(world, effect.client, seen.name)
    written = ask(world, effect.client, seen.name, WRITTEN_SQL, admin=True)
    problems = list(compare(seen.held, found)) if seen.held is not None else []
    problems += _sound(effect, found)
    if int(written["rows"]):
        tables = ", ".join(sanitise(str(one), limit=80) for one in written["tables"][:3])
        problems.append(
            Difference("rows written since, by the server's counters", "none", f"{written['rows']} ({tables})")
        )
    against = SAME if seen.held is not None else "nothing was counted when it was taken"
    by = "nobody wrote in it since" if seen.counters else "the server has lost its counters since"
    return problems, f"{found.rows} rows in {len(found.tables)} tables, {against}; {by}"


def _sound(effect: AdoptSnapshot, found: Manifest) -> list[Difference]:
    """What must hold of any database that is to go live; the rest is as it was in the live one, files and all."""
    problems = []
    if not found.tables:
        problems.append(Difference("tables", "at least one", "none"))
    if effect.expects_migrations and not found.migrations:
        problems.append(Difference("django_migrations", "rows", "none"))
    return problems


def _say(effect: AdoptSnapshot, world: World, sql: str) -> None:
    said = run_psql(world, effect.client, MAINTENANCE, sql, admin=True)
    if said.exit_status == 0:
        return
    words = said.stderr.decode("utf-8", "replace")
    if said.exit_status == 3 and "ERROR:" in words:
        raise Refused(
            f"the server refuses: {sanitise(effect.snapshot.name)} stays as it is",
            sanitise(words.partition("ERROR:")[2].partition("\n")[0].strip(), limit=300),
            "draw the plan again",
        )
    raise failure(effect.client, effect.snapshot.name, said)
