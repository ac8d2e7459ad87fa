"""What the checklist's rows say: pure, from the incident. Showing them is ``checklist``'s work."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from actions.model.blocking import blocked_reason, running_reason
from actions.model.checklist import Item, Kind, Phase, State
from actions.model.clock import parse_stamp, span
from actions.model.incident import Incident, Run, items, owed, said_of, state_of
from actions.model.phases import NAMES, optional
from actions.model.plan import PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.sensing import FROM_INCIDENT, reading
from actions.model.step import Happened, Outcome, Risk
from widgets.presentation import (
    KINDS,
    STATES,
    Mark,
    duration_text,
    harmless,
    joined,
    minute_text,
    minutes_text,
)

if TYPE_CHECKING:
    from actions.model.approval import ApprovalState


COOLIFY = "coolify"
"""The fact of a step that ended because Coolify said so: its word."""
BY_ITS_WORD = ("coolify.deploy", "git.coolify")
"""Steps that are over when Coolify says so; what became of one whose end was lost is its word, too."""
WEAK = Mark("△", "said to be done", "tone--warning")
"""Of a step that is done by Coolify's word alone, until the proof: a lamp of its own."""


@dataclass(frozen=True)
class ChecklistRow:
    """One line: a phase's heading (no code) or an item."""

    code: str
    text: str
    mark: Mark | None = None
    kind: str = ""
    detail: str = ""
    """The state's word first, then who, when, why."""
    detail_tone: str = ""


def checklist_rows(
    incident: Incident, now: datetime, run_ms: int | None = None, approval: ApprovalState | None = None
) -> tuple[ChecklistRow, ...]:
    """All rows with their headings. ``run_ms``: how long the running step has run, by the monotonic clock if known."""
    rows: list[ChecklistRow] = []
    everything = items(incident)
    for phase in Phase:
        inside = [item for item in everything if item.phase is phase]
        if not inside and phase is not Phase.CARRY_OUT:
            continue
        rows.append(ChecklistRow("", heading(incident, phase, inside)))
        rows += [item_row(incident, item, now, run_ms, approval) for item in inside]
    return tuple(rows)


def heading(incident: Incident, phase: Phase, inside: list[Item]) -> str:
    """``Before  7 of 11``; of the way back also where it leads."""
    words = NAMES[phase]
    if phase is Phase.CARRY_OUT:
        if incident.plan is None:
            return f"{words}: no plan yet, choose a release"
        words += f": {harmless(incident.plan.option)} to {harmless(incident.plan.target.name)}"
    asked = [item for item in inside if not optional(incident, item)]  # as it will be said aloud
    settled = sum(state_of(incident, item).settled for item in asked)
    said = ", said aloud" if phase.value in incident.phases_closed else ""
    return f"{words}  {settled} of {len(asked)}{said}" if asked else words


def item_row(
    incident: Incident, item: Item, now: datetime, run_ms: int | None = None, approval: ApprovalState | None = None
) -> ChecklistRow:
    """One item as a row."""
    state = state_of(incident, item)
    detail, tone = _detail(incident, item, state, now, run_ms, approval)
    word = KINDS[item.kind].word
    text = f"GATE {item.text}" if item.gate else f"{'  ' * min(item.depth, 3)}{item.text}"
    weak = state is State.DONE and item.kind is Kind.STEP and said_by_coolify(incident, item.code)
    return ChecklistRow(item.code, harmless(text), WEAK if weak else STATES[state], word, harmless(detail), tone)


def said_by_coolify(incident: Incident, code: str) -> bool:
    """Whether what this step brought about is Coolify's word alone: ``finished``, and what runs is not proven."""
    run = incident.last_run(code)
    if run is None or run.undo or not run.took or incident.proven:
        return False
    return bool(run.facts.get(COOLIFY)) or (run.resolved is not None and run.step in BY_ITS_WORD)


def _detail(
    incident: Incident, item: Item, state: State, now: datetime, run_ms: int | None, approval: ApprovalState | None
) -> tuple[str, str]:
    tone = STATES[state].style_class
    word = STATES[state].word
    mark = said_of(incident, item)
    if item.parent and (mark is None or mark.state is State.OPEN):
        mark = incident.marks.get(item.parent)
    if state in (State.OVERRIDDEN, State.NOT_APPLICABLE, State.DEFERRED) and mark is not None:
        reason = f' "{mark.reason}"' if mark.reason else ""
        return f"{word}{reason} by {mark.by} {minute_text(mark.at)}", tone
    if item.kind is Kind.SENSED:
        return _sensed(incident, item, state)
    if item.kind is Kind.MANUAL:
        if mark is None or state is State.OPEN:
            return word, tone
        note = f": {mark.reason}" if mark.reason else ""
        return f"{word} {minute_text(mark.at)} {mark.by}{note}", tone
    step = incident.plan.step(item.code) if incident.plan else None
    return _step(incident, step, state, now, run_ms, approval) if step else (word, tone)


def _sensed(incident: Incident, item: Item, state: State) -> tuple[str, str]:
    mark = STATES[state]
    if item.sensor == "decision":
        if incident.decision is not None and incident.decision_stale:
            return "open again: new facts", "tone--warning"
        if incident.decision is not None:
            return f"{mark.word} {incident.decision.decision} {minute_text(incident.decided_at)}", mark.style_class
    if item.sensor == "target" and incident.plan is not None:
        return f"{mark.word} {incident.plan.target.name}", mark.style_class
    seen = reading(incident, item.sensor)
    if seen is None:
        return mark.word if item.sensor in FROM_INCIDENT else f"{mark.word}: not read yet", mark.style_class
    if seen.ok:
        return f"{mark.word}: {seen.seen}", mark.style_class
    expected = f", expected {seen.expected}" if seen.expected else ""
    return joined((f"{mark.word}: {seen.seen}{expected}", seen.at and minute_text(seen.at)), " "), "tone--warning"


def _step(
    incident: Incident,
    step: PlannedStep,
    state: State,
    now: datetime,
    run_ms: int | None,
    approval: ApprovalState | None,
) -> tuple[str, str]:
    mark, run = STATES[state], incident.last_run(step.code)
    if state is State.RUNNING and run is not None:
        return _running(run, now, run_ms)
    if run is not None and state is State.DONE and said_by_coolify(incident, step.code):
        took = f" in {duration_text(run.ms)}" if run.ms else ""
        return (
            f"{run.facts.get(COOLIFY, 'finished')} (Coolify's word) {minute_text(run.ended)}{took}, not proven yet",
            "tone--warning",
        )
    if run is not None and state is State.DONE:
        if run.resolved is Happened.YES:
            return f"done, the world says: {run.summary}", mark.style_class
        return f"done {minute_text(run.ended)} in {duration_text(run.ms)}", mark.style_class
    if run is not None and state is State.FAILED:
        return joined((failed_word(run), run.summary), ": "), mark.style_class
    reason = blocked_reason(incident, step.code, approval=approval)
    if reason is not None and approval is not None and approval.denied and reason == approval.blocked:
        return f"open, {reason}", "tone--danger"
    if reason is not None:
        if reason == running_reason(incident):
            return f"open, waits while {incident.running.code if incident.running else ''} runs", "tone--blocked"
        return f"open, {reason}", "tone--blocked"
    before = "undone, " if run is not None and run.undo and run.took else ""
    if run is not None and run.outcome is Outcome.MOVED:
        before = "not run, the world moved; "
    risk = ", irreversible" if step.risk is Risk.IRREVERSIBLE else ""
    asked = ", only if you want it" if step.optional else ""
    if step.pays and not owed(incident, step.pays, step):
        asked = f", once {step.pays} is done"
    if run is None and state is State.DONE:  # bent under the plan before
        return f"{mark.word}, and stands", mark.style_class
    return f"{before}{mark.word}, about {span(step.about_s)}{risk}{asked}", mark.style_class


def failed_word(run: Run) -> str:
    """How it failed: ``failed``, ``undo failed``, ``terminated``, ``not known whether it happened``."""
    if run.outcome is Outcome.TERMINATED:
        word = "terminated"
    elif run.outcome is Outcome.UNKNOWN or run.resolved is Happened.UNKNOWN:
        word = "not known whether it happened"
    else:
        word = "failed"
    return f"undo {word}" if run.undo else word


def _running(run: Run, now: datetime, run_ms: int | None) -> tuple[str, str]:
    if not run.pid:
        return "no end is recorded: the world is being asked", "tone--warning"
    if run_ms is None:
        run_ms = _since_ms(run.started, now)
    text = f"{'undo ' if run.undo else ''}running {minutes_text(run_ms // 1000)}"
    if run.silent_s:
        return f"{text}, silent for {span(run.silent_s)}", "tone--warning"
    return text, "tone--running"


def _since_ms(stamp_text: str, now: datetime) -> int:
    try:
        return max(0, round((now - parse_stamp(stamp_text)).total_seconds() * 1000))
    except ValueError:
        return 0
