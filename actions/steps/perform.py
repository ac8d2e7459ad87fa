"""Performs effects exactly as they stand, one after the other, each between two events of the journal.

The one place through which a step touches the world. It knows the order, the events and the named points;
what an effect of each kind does stands in the ``perform_…`` files, what a failure means is the step's.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module

from actions.model.effect import Effect, RunCommand
from actions.model.errors import GoaroundError
from actions.model.events import EffectFinished, EffectStarted
from actions.model.points import point
from actions.model.ports import Reporter, World
from actions.model.step import Outcome, StepResult
from actions.steps.perform_ground import Ended, failed, one_line

PERFORMERS = {
    "command": "perform_commands:run_command",
    "write": "perform_files:write_file",
    "edit": "perform_files:edit_file",
    "remove": "perform_files:remove_file",
    "collect": "perform_evidence:collect_output",
    "collect-file": "perform_evidence:collect_file",
    "probe": "perform_probe:probe_http",
    "observe-images": "perform_images:observe_images",
    "wait-healthy": "perform_images:wait_healthy",
    "observe-commit": "perform_commit:observe_commit",
    "observe-command": "perform_look:observe_command",
    "sql": "perform_database:run_sql",
    "pipe": "perform_database:run_pipe",
    "load-dump": "perform_sessions:load_dump",
    "analyze": "perform_sessions:analyze_tables",
    "verify-side": "perform_side:verify_side",
    "adopt-snapshot": "perform_adopt:adopt_snapshot",
    "measure-loss": "perform_side:measure_loss",
    "await-no-sessions": "perform_side:await_no_sessions",
    "observe-database": "perform_side:observe_database",
    "dump": "perform_dump:keep_dump",
    "keep-files": "perform_files_kept:keep_files",
    "schema": "perform_schema:ask_the_schema",
    "locks": "perform_schema:ask_locks",
    "ask-queue": "perform_queue:ask_queue",
    "migrate": "perform_schema:run_migrate",
    "coolify-set": "perform_coolify:set_application",
    "coolify-variables": "perform_coolify_environment:set_variables",
    "coolify-cancel": "perform_coolify:cancel_deployment",
    "coolify-queue": "perform_coolify_queue:queue_deployment",
    "coolify-collect": "perform_coolify_evidence:collect_coolify",
    "coolify-observe": "perform_coolify:observe_deployed",
}
"""Kind of effect -> ``module:function`` of this folder: what only plans of some kinds hold is loaded with the first."""


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
    perform_it = performer(effect.kind)
    begun = world.clock.monotonic_ms()
    point("effect.before")
    try:
        ended = perform_it(effect, world, report)
    except GoaroundError as error:
        ended = failed(error)
    point("effect.after")
    ms = world.clock.monotonic_ms() - begun
    detail = one_line(world, ended.detail)
    status = ended.exit_status if ended.ok else ended.exit_status or 1
    report.line(f"[{n}] {'done' if ended.ok else 'FAILED'} in {ms} ms: {detail}")
    report.record(EffectFinished(0, n, ended.ok, status, ms, detail))
    return Ended(ended.ok, detail, status, ended.facts, ended.sure, ended.stopped)


@functools.cache
def performer(kind: str) -> Callable[[Effect, World, Reporter], Ended]:
    """What performs effects of this kind."""
    module, _, name = PERFORMERS[kind].partition(":")
    found: Callable[[Effect, World, Reporter], Ended] = getattr(import_module(f"actions.steps.{module}"), name)
    return found


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
