"""Performs effects exactly as they stand, one after the other, each between two events of the journal.

The one place through which a step touches the world. It knows the order, the events and the named points;
what an effect of each kind does stands in the ``perform_…`` files, what a failure means is the step's.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import assert_never

from actions.model.effect import (
    CollectFile,
    CollectOutput,
    EditFile,
    Effect,
    ObserveCommand,
    ObserveCommit,
    ObserveImages,
    ProbeHttp,
    RemoveFile,
    RunCommand,
    WaitHealthy,
    WriteFile,
)
from actions.model.effect_coolify import (
    CancelDeployment,
    CollectCoolify,
    ObserveDeployed,
    QueueDeployment,
    SetApplication,
)
from actions.model.effect_database import RunPipe, RunSql
from actions.model.effect_dump import KeepDump
from actions.model.effect_files import KeepFiles
from actions.model.effect_queue import AskQueue
from actions.model.effect_schema import AskLocks, AskSchema, RunMigrate
from actions.model.effect_sessions import AnalyzeTables, LoadDump
from actions.model.effect_side import AwaitNoSessions, MeasureLoss, ObserveDatabase, VerifySide
from actions.model.effect_snapshot import AdoptSnapshot
from actions.model.errors import GoaroundError
from actions.model.events import EffectFinished, EffectStarted
from actions.model.points import point
from actions.model.ports import Reporter, World
from actions.model.step import Outcome, StepResult
from actions.steps.perform_adopt import adopt_snapshot
from actions.steps.perform_commands import run_command
from actions.steps.perform_commit import observe_commit
from actions.steps.perform_coolify import cancel_deployment, observe_deployed, queue_deployment, set_application
from actions.steps.perform_coolify_evidence import collect_coolify
from actions.steps.perform_database import run_pipe, run_sql
from actions.steps.perform_dump import keep_dump
from actions.steps.perform_evidence import collect_file, collect_output
from actions.steps.perform_files import edit_file, remove_file, write_file
from actions.steps.perform_files_kept import keep_files
from actions.steps.perform_ground import Ended, failed, one_line
from actions.steps.perform_images import observe_images, wait_healthy
from actions.steps.perform_look import observe_command
from actions.steps.perform_probe import probe_http
from actions.steps.perform_queue import ask_queue
from actions.steps.perform_schema import ask_locks, ask_the_schema, run_migrate
from actions.steps.perform_sessions import analyze_tables, load_dump
from actions.steps.perform_side import await_no_sessions, measure_loss, observe_database, verify_side


@dataclass(frozen=True)
class Performed:
    """What came of a step's effects."""

    ok: bool
    """All were performed, and each succeeded."""
    summary: str
    """One line, sanitised and redacted."""
    facts: dict[str, str] = field(default_factory=dict)
    """What was seen: ``running`` (identity), ``probe NAME``, ``evidence NAME`` and the like."""
    failed_at: int = 0
    """Number of the effect, from 1, that failed or was not begun; 0: none."""
    sure: bool = True
    """False: the effect that failed may have come about all the same; the world must be asked."""
    stopped: bool = False
    """Ended because the operator wanted it so."""

    @property
    def outcome(self) -> Outcome:
        """The outcome of a step that does nothing but these effects."""
        if self.ok:
            return Outcome.DONE
        if self.stopped:
            return Outcome.TERMINATED
        return Outcome.FAILED if self.sure else Outcome.UNKNOWN

    def as_result(self) -> StepResult:
        """The result of a step that does nothing but these effects."""
        return StepResult(self.outcome, self.summary, self.facts)


def perform(effects: tuple[Effect, ...], world: World, report: Reporter, *, keep_going: bool = False) -> Performed:
    """Perform the effects in order; stops at the first that fails, or between two when it is told to.

    Each is told to the journal before and after (``EffectStarted``, ``EffectFinished``; ``run`` is 0, the
    reporter fills it in). An expected failure (``GoaroundError``) is a failed effect; any other exception is
    a bug and goes on up. With ``keep_going`` a failure does not end the row.
    """
    facts: dict[str, str] = {}
    detail = ""
    failures: list[Performed] = []
    point("step.before_effects")
    for n, effect in enumerate(effects, start=1):
        if report.stopping():
            summary = f"stopped by the operator before effect {n} of {len(effects)}"
            return Performed(False, summary, facts, failed_at=n, stopped=True)
        ended = _perform_one(n, effect, world, report)
        facts |= ended.facts
        detail = ended.detail
        if not ended.ok:
            summary = detail if len(effects) == 1 else f"effect {n} of {len(effects)}: {detail}"
            failures.append(Performed(False, summary, facts, n, ended.sure, ended.stopped))
            if ended.stopped or not keep_going:
                return failures[-1]
    point("step.after_effects")
    if failures:
        summary = "; ".join(failure.summary for failure in failures)
        return replace(failures[0], summary=one_line(world, summary))
    if len(effects) > 1:
        detail = f"all {len(effects)} effects done; last: {detail}"
    return Performed(True, detail or "nothing to do", facts)


def _perform_one(n: int, effect: Effect, world: World, report: Reporter) -> Ended:
    shown = one_line(world, shown_in_one_line(effect))
    report.record(EffectStarted(0, n, shown))
    report.line(f"[{n}] {shown}")
    begun = world.clock.monotonic_ms()
    point("effect.before")
    try:
        ended = _do(effect, world, report)
    except GoaroundError as error:
        ended = failed(error)
    point("effect.after")
    ms = world.clock.monotonic_ms() - begun
    detail = one_line(world, ended.detail)
    status = ended.exit_status if ended.ok else ended.exit_status or 1
    report.line(f"[{n}] {'done' if ended.ok else 'FAILED'} in {ms} ms: {detail}")
    report.record(EffectFinished(0, n, ended.ok, status, ms, detail))
    return Ended(ended.ok, detail, status, ended.facts, ended.sure, ended.stopped)


def _do(effect: Effect, world: World, report: Reporter) -> Ended:
    match effect:
        case RunCommand():
            return run_command(effect, world, report)
        case WriteFile():
            return write_file(effect, world)
        case EditFile():
            return edit_file(effect, world)
        case RemoveFile():
            return remove_file(effect, world)
        case CollectOutput():
            return collect_output(effect, world, report)
        case CollectFile():
            return collect_file(effect, world, report)
        case ProbeHttp():
            return probe_http(effect, world, report)
        case ObserveImages():
            return observe_images(effect, world, report)
        case WaitHealthy():
            return wait_healthy(effect, world, report)
        case ObserveCommit():
            return observe_commit(effect, world, report)
        case ObserveCommand():
            return observe_command(effect, world, report)
        case RunSql():
            return run_sql(effect, world, report)
        case RunPipe():
            return run_pipe(effect, world, report)
        case LoadDump():
            return load_dump(effect, world, report)
        case AnalyzeTables():
            return analyze_tables(effect, world, report)
        case VerifySide():
            return verify_side(effect, world, report)
        case AdoptSnapshot():
            return adopt_snapshot(effect, world, report)
        case MeasureLoss():
            return measure_loss(effect, world, report)
        case AwaitNoSessions():
            return await_no_sessions(effect, world, report)
        case ObserveDatabase():
            return observe_database(effect, world, report)
        case KeepDump():
            return keep_dump(effect, world, report)
        case KeepFiles():
            return keep_files(effect, world, report)
        case AskSchema():
            return ask_the_schema(effect, world, report)
        case AskLocks():
            return ask_locks(effect, world, report)
        case AskQueue():
            return ask_queue(effect, world, report)
        case RunMigrate():
            return run_migrate(effect, world, report)
        case SetApplication():
            return set_application(effect, world, report)
        case CancelDeployment():
            return cancel_deployment(effect, world, report)
        case QueueDeployment():
            return queue_deployment(effect, world, report)
        case CollectCoolify():
            return collect_coolify(effect, world, report)
        case ObserveDeployed():
            return observe_deployed(effect, world, report)
    assert_never(effect)


def shown_in_one_line(effect: Effect) -> str:
    """The effect as the preview shows it, on one line: what, then where; without file contents."""
    where, environment = "", ""
    if isinstance(effect, RunCommand) and effect.env:
        environment = ", with " + " ".join(f"{name}={shlex.quote(effect.env[name])}" for name in sorted(effect.env))
        effect = replace(effect, env={})
    for line in effect.lines():
        if line.startswith("on "):
            where = f" ({line}{environment})"
            continue
        verb, _, what = line.strip().partition(" ")
        return f"{what.lstrip() if verb in ('run', 'then') else f'{verb} {what.lstrip()}'}{where}".replace("\n", "\\n")
    return where.strip()
