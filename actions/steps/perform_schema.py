"""Performs what concerns migrations: asks for the verdict, looks for locks, and runs Django's ``migrate``.

``migrate`` ends with 0 also when it did nothing, or printed that it cannot go back. So its plan is read before and must
be what was shown, and the record of migrations is read after and must have changed by exactly that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.model.code_fit import Fit, fit_of
from actions.model.effect_schema import AskLocks, AskSchema, RunMigrate
from actions.model.errors import GoaroundError, Unreachable
from actions.model.migrations import Migration, Verdict
from actions.model.ports import Reporter, World
from actions.steps.locks_reading import blockers
from actions.steps.perform_ground import Ended, Unmarked, one_line, run_told
from actions.steps.pipe_script import Pipe
from actions.steps.schema_reading import ask_schema, recorded, run_code

PLANNING_S = 600.0
_PLANNED = re.compile(r"^(?P<app>[A-Za-z_][A-Za-z0-9_]*)\.(?P<name>[^\s.]+)$")
_NOTHING = "No planned migration operations"
_LOCKED = "lock timeout"


def ask_the_schema(effect: AskSchema, world: World, report: Reporter) -> Ended:
    """SAFE, or it has failed."""
    found = ask_schema(world, effect).verdict
    for line in (found.why, *found.one_way, *found.notes):
        report.line(world.redact(line))
    if effect.whole:
        whole = fit_of(found)
        facts = {"code": whole.fit.value, "code why": one_line(world, whole.why)}
        return Ended(whole.fit is Fit.FITS, f"{effect.target.release} {whole.fit.value}: {whole.why}", facts=facts)
    facts = {"schema": found.verdict.value, "schema why": one_line(world, found.why)}
    return Ended(found.verdict is Verdict.SAFE, f"{found.verdict.value}: {found.why}", facts=facts)


def ask_locks(effect: AskLocks, world: World, report: Reporter) -> Ended:
    """Nobody is in the way, or it has failed; nobody is ended."""
    found = blockers(world, effect.client, effect.database, effect.tables, effect.longer_s)
    for one in found:
        report.line(one.words())
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        end = f"(to end it: SELECT pg_terminate_backend({found[0].pid}))"
        return Ended(False, f"in the way: {found[0].words()}{more} {end}", facts={"blockers": str(len(found))})
    return Ended(True, "nobody is in the way", facts={"blockers": "0"})


@dataclass(frozen=True)
class PlanRead:
    """What ``migrate --plan`` printed."""

    migrations: tuple[Migration, ...]
    one_way: tuple[str, ...] = ()
    """Those that it says cannot be taken back."""
    empty: bool = False


def read_plan(text: str) -> PlanRead:
    """The text of ``migrate --plan``; its exit status says nothing."""
    found: list[Migration] = []
    one_way: list[str] = []
    for line in text.splitlines():
        if hit := _PLANNED.match(line):
            found.append(Migration(hit["app"], hit["name"]))
        elif line.startswith(" ") and line.rstrip().endswith("IRREVERSIBLE") and found:
            one_way.append(f"{found[-1]}: {line.strip()}")
    return PlanRead(tuple(found), tuple(one_way), _NOTHING in text)


def run_migrate(effect: RunMigrate, world: World, report: Reporter) -> Ended:
    """Plan, run, and read what came of it."""
    before = _recorded(effect, world)
    todo = frozenset(m for m in effect.moves if (m in before) is not effect.forward)
    if not todo:
        done = "applied" if effect.forward else "taken back"
        return Ended(True, f"all {len(effect.moves)} are {done} already")
    planned = run_code(world, effect.with_locks(), *effect.words(plan=True), s=PLANNING_S)
    if not planned.ok:
        return Ended(False, f"nothing was changed: the plan could not be read: {planned.words}", 1)
    if problem := _problem(effect, read_plan(planned.out), todo):
        return Ended(False, f"nothing was changed: {problem}", 1)
    for migration in effect.moves:
        report.line(f"planned: {migration}")
    ended = _run(effect, world, report)
    try:
        after = _recorded(effect, world)
    except GoaroundError as error:
        return Ended(False, f"{ended.words}; what came of it is not known: {error.line()}", 1, sure=False)
    return _judged(effect, world, ended, before, after, todo)


def _recorded(effect: RunMigrate, world: World) -> frozenset[Migration]:
    rows = recorded(world, effect.client, effect.database)
    return frozenset(row.migration for row in rows or ())


def _problem(effect: RunMigrate, plan: PlanRead, todo: frozenset[Migration]) -> str:
    if plan.one_way:
        return f"Django says that it cannot go back: {plan.one_way[0]} (IRREVERSIBLE)"
    if plan.empty or not plan.migrations:
        return f"the code of {effect.code.release} has nothing to do: it does not hold them, and would do nothing"
    other = sorted(map(str, set(plan.migrations) - todo))
    if other:
        return f"it would move others as well: {', '.join(other[:5])}"
    left = sorted(map(str, todo - set(plan.migrations)))
    return f"it would not move {', '.join(left[:5])}" if left else ""


@dataclass(frozen=True)
class _Ran:
    ok: bool
    status: int
    words: str
    stopped: bool = False


def _run(effect: RunMigrate, world: World, report: Reporter) -> _Ran:
    pipe = Pipe(effect.programs())
    code = effect.with_locks()
    try:
        result, _ = run_told(world, Unmarked(report, pipe.mark), code.host, pipe.argv, cwd=code.cwd, env=code.env)
    except Unreachable as error:
        return _Ran(False, 1, error.line())
    ends, told = pipe.ends(result.stderr)
    lines = [line for line in told.decode("utf-8", "replace").splitlines() if line.strip(" \t0123456789")]
    last = one_line(world, lines[-1]) if lines else ""
    return _Ran(ends[-1] == 0, ends[-1], f"migrate ended with {ends[-1]}{': ' + last if last and ends[-1] else ''}")


def _judged(
    effect: RunMigrate,
    world: World,
    ended: _Ran,
    before: frozenset[Migration],
    after: frozenset[Migration],
    todo: frozenset[Migration],
) -> Ended:
    moved = frozenset(m for m in todo if (m in after) is effect.forward)
    others = (before ^ after) - todo
    done = "applied" if effect.forward else "taken back"
    facts = {"moved": ", ".join(sorted(map(str, moved)))}
    if others:
        names = ", ".join(sorted(map(str, others))[:5])
        return Ended(False, f"{ended.words}; others moved as well: {names}", ended.status or 1, facts)
    if moved == todo and ended.ok:
        return Ended(True, f"{len(moved)} migrations {done}, and the record of migrations says so", facts=facts)
    left = [m for m in effect.moves if m in todo - moved]
    state = f"{len(moved)} of {len(todo)} {done}" + (f", not {', '.join(map(str, left[:5]))}" if left else "")
    locked = _holders(effect, world) if _LOCKED in ended.words else ""
    if ended.ok:
        return Ended(False, f"migrate ended with 0 and did not do it: {state}", 1, facts)
    return Ended(False, f"{ended.words}; {state}{locked}", ended.status, facts)


def _holders(effect: RunMigrate, world: World) -> str:
    try:
        found = blockers(world, effect.client, effect.database, longer_s=max(1, effect.lock_s))
    except GoaroundError:
        return ""  # the reason stands in the words already
    return f"; in the way: {found[0].words()}" if found else ""
