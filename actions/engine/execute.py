"""The worker's side: perform one recorded run, or ask the world about one whose end was lost.

Runs in the worker process. What it performs is rebuilt from the plan in the journal, so it is what was shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from actions.engine.elsewhere import pay_elsewhere
from actions.engine.report import SpoolReporter
from actions.model import events as ev
from actions.model.debts import about, due_by
from actions.model.errors import GoaroundError, Refused
from actions.model.fold import fold
from actions.model.incident import Debt, Incident, Run, owed
from actions.model.plan import PlannedStep
from actions.model.points import point
from actions.model.ports import Journal, World
from actions.model.step import Checked, Happened, Outcome, Step, StepResult
from actions.steps.catalog import build

ALSO = "also "
"""Before the names of facts about a second thing that a step has bent."""


def find_run(incident: Incident, number: int) -> Run:
    """The recorded run with this number. Raises GoaroundError when there is none."""
    run = next((one for one in incident.runs if one.number == number), None)
    if run is None:
        raise GoaroundError(f"run {number} is not recorded in {incident.id}")
    return run


def rebuild(incident: Incident, run: Run) -> tuple[PlannedStep, Step]:
    """The planned step of a run and the step built from it; refuses when it is not what was shown."""
    planned = incident.plan.step(run.code) if incident.plan and incident.plan_digest == run.digest else None
    if planned is None:
        raise GoaroundError(
            f"{run.code} belongs to a plan that was replaced", "", "look at the new plan and start again"
        )
    step = build(planned.step, planned.params)
    if step.effects() != planned.effects or step.undo_effects() != planned.undo:
        raise GoaroundError(
            f"{run.code} would not do what was shown",
            "this version of goaround draws other effects from the same parameters",
            "draw the plan again",
        )
    return planned, step


def execute(
    journal: Journal,
    world: World,
    incident_id: str,
    number: int,
    spool_folder: Path,
    started: Callable[[SpoolReporter], None] = lambda reporter: None,
    known: Incident | None = None,
) -> StepResult:
    """Perform a recorded run and commit its result. Never raises for what the world does.

    ``known`` is the incident as it was folded before the order came; only what is newer is read.
    """
    incident = fold(incident_id, journal.events(incident_id, known.head_seq if known else 0), known)
    run = find_run(incident, number)
    if not run.open:
        raise Refused(f"run {number} of {run.code} has its end on record: it is not run again")
    begun = world.clock.monotonic_ms()
    try:
        report = SpoolReporter(journal, incident_id, run.by, number, spool_folder / run.spool, world.clock)
    except OSError as error:
        failed = StepResult(Outcome.FAILED, f"nothing was done: its output cannot be kept ({error.strerror or error})")
        _commit_end(journal, incident_id, run.by, [_finished(number, failed, 0, "")])
        return failed
    started(report)
    try:
        result = _perform(incident, run, world, report)
    except GoaroundError as error:
        result = StepResult(Outcome.FAILED, error.line())
    except Exception as error:  # noqa: BLE001 - a bug in a step must still end up in the record, as a failure
        report.line(f"internal error: {type(error).__name__}: {world.redact(str(error))}")
        result = StepResult(Outcome.FAILED, f"internal error: {type(error).__name__}: {world.redact(str(error))}")
    incident = _as_it_stands(journal, incident)
    debts = _debts(incident, run, result.facts, took=result.outcome is Outcome.DONE, now=world.clock.now())
    spool_sha256 = report.close()
    if report.lost:
        result = replace(result, facts={**result.facts, "output": report.lost})
    point("engine.before_result")
    ms = world.clock.monotonic_ms() - begun
    end = [*report.take_held(), *debts, _finished(number, result, ms, spool_sha256)]
    _commit_end(journal, incident_id, run.by, end)
    if result.outcome is Outcome.DONE:
        pay_elsewhere(journal, incident, run.code, result.facts, debts, run.by)
    point("engine.after_result")
    return result


def _as_it_stands(journal: Journal, incident: Incident) -> Incident:
    """With what was recorded while the step ran: a debt that somebody has paid meanwhile is not paid once more."""
    with contextlib.suppress(GoaroundError):  # the end is recorded all the same; paying twice does no harm
        return fold(incident.id, journal.events(incident.id, incident.head_seq), incident)
    return incident


def _finished(number: int, result: StepResult, ms: int, spool_sha256: str) -> ev.StepFinished:
    return ev.StepFinished(
        run=number,
        outcome=result.outcome.value,
        summary=result.summary,
        ms=ms,
        spool_sha256=spool_sha256,
        facts=result.facts,
    )


def _perform(incident: Incident, run: Run, world: World, report: SpoolReporter) -> StepResult:
    planned, step = rebuild(incident, run)
    world = _with_memory(world, incident)
    if not run.undo:
        moved = step.moved(world)
        if moved:
            return StepResult(Outcome.MOVED, f"nothing was done: {moved}")
    point("step.before_effects")
    result = step.undo(world, report) if run.undo else step.run(world, report)
    point("step.after_effects")
    if report.stopping() and result.outcome is not Outcome.DONE:
        seen = ask(step, world, undo=run.undo)
        return StepResult(Outcome.TERMINATED, f"terminated; {planned.leaves} Now: {seen.detail}", result.facts)
    return result


def _debts(incident: Incident, run: Run, facts: dict[str, str], *, took: bool, now: datetime) -> list[ev.Body]:
    """What a step bent (its fact ``debt``, with ``undo``, and ``due``, else within a day) is opened; what it
    straightens (``pays``, or its own undo) is paid.

    With the fact ``debt of``, the code under which it is owed (empty: the run's own), it is opened however the run
    ended: something may be bent. Else, and to pay, the run must have come about (``took``).
    ``debt about`` names the thing that is bent: it is owed once, whichever runs tell of it. ``pays about`` names the
    one that is no longer so, however the run ended: what is owed about it is paid, whichever step opened it.
    The same names after ``also`` tell of a second thing that it bent.
    Committed with the end of the run, and not recorded twice.
    """
    second = {name.removeprefix(ALSO): value for name, value in facts.items() if name.startswith(ALSO)}
    bodies = [body for told in (facts, second) for body in _opened(incident, run, told, took=took, now=now)]
    if "pays about" in facts:
        paid = about(incident.debts, facts["pays about"])
    elif took:
        by = incident.plan.step(run.code) if incident.plan else None
        paid = owed(incident, facts["pays"], by) if facts.get("pays") else _own(incident, run) if run.undo else ()
    else:
        return bodies
    words = f"{'undo of ' if run.undo else ''}{run.code}"
    return [*bodies, *(ev.DebtPaid(one.name, words) for one in paid)]


def _own(incident: Incident, run: Run) -> tuple[Debt, ...]:
    """What the step of a run has bent under this very plan: its undo takes nothing back that an earlier plan did."""
    other = {f"{run.code}.{one.number}" for one in incident.runs if one.digest != run.digest}
    return tuple(debt for debt in owed(incident, run.code) if debt.name not in other)


def _opened(incident: Incident, run: Run, facts: dict[str, str], *, took: bool, now: datetime) -> list[ev.Body]:
    """The debt that these facts tell of, if they do and it is not on record yet."""
    code = facts.get("debt of") or run.code
    name = f"{code}.{run.number}"
    known = any(one.name == name for one in incident.debts) or any(about(incident.debts, facts.get("debt about", "")))
    if "debt" not in facts or not (took or "debt of" in facts) or known:
        return []
    other = incident.plan.straightens(code) if incident.plan else None
    ways = [f"u on {code}", *([f"{other.code} {other.title}"] if other else ()), facts.get("by hand", "")]
    undo = facts.get("undo") or ", or ".join(filter(None, ways))
    return [ev.DebtOpened(name, facts["debt"], undo, facts.get("due") or due_by(now))]


def _commit_end(
    journal: Journal, incident: str, actor: str, bodies: Sequence[ev.Body], guard: Callable[[int], None] | None = None
) -> None:
    """The end of a running step is kept even when the disk is full: the store gives its reserve back once."""
    try:
        journal.append_all(incident, actor, bodies, guard=guard)
    except GoaroundError:
        free = getattr(journal, "free_reserve", None)
        if free is None or not free():
            raise
        journal.append_all(incident, actor, bodies, guard=guard)


def ask(step: Step, world: World, *, undo: bool) -> Checked:
    """Ask the world; what goes wrong in asking is an unknown, with its reason."""
    try:
        return step.check_undone(world) if undo else step.check(world)
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, error.line())


class _HeadMoved(Exception):
    """Another process appended meanwhile: look again."""


def resolve(journal: Journal, world: World, incident_id: str, number: int, actor: str) -> Checked:
    """Ask the world about a run whose end was lost, and record the answer, once. Nothing is run."""
    seen: Checked | None = None
    while True:
        incident = fold(incident_id, journal.events(incident_id))
        run = find_run(incident, number)
        if not run.open:
            return Checked(run.resolved or Happened.UNKNOWN, run.summary)
        seen = seen or _look(incident, run, world)
        took = seen.happened is Happened.YES
        debts = _debts(incident, run, seen.facts, took=took, now=world.clock.now())

        def unchanged(head: int, folded: int = incident.head_seq) -> None:
            if head != folded:
                raise _HeadMoved

        end = [*debts, ev.StepResolved(number, seen.happened.value, seen.detail)]
        try:
            # Together or not at all: an end without what the run has bent would be a debt that nobody knows of.
            _commit_end(journal, incident_id, actor, end, unchanged)
        except _HeadMoved:
            continue  # it may have been resolved by another
        if took:
            pay_elsewhere(journal, incident, run.code, seen.facts, debts, actor)
        return seen


def _look(incident: Incident, run: Run, world: World) -> Checked:
    try:
        _, step = rebuild(incident, run)
    except GoaroundError as error:
        return Checked(Happened.UNKNOWN, error.line())
    return ask(step, _with_memory(world, incident), undo=run.undo)


def _with_memory(world: World, incident: Incident) -> World:
    """The world of a step, which may look up what an earlier run of it has recorded."""

    def recalled(what: str) -> str:
        known = incident.observations.get(what)
        return known[1].seen if known is not None else ""

    return replace(world, recalled=recalled)
