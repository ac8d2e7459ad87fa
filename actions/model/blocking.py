"""Why something may not be done now, in one line, before anybody presses; and what NEXT is.

Every wish is judged here, twice: for the row on the screen, and once more by the engine in the transaction that records
the intent.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from actions.model import phases
from actions.model.after_failure import abort_words
from actions.model.checklist import Item, Kind, Phase, State
from actions.model.debts import holding
from actions.model.incident import (
    Incident,
    changes,
    forward_decided,
    items,
    owed,
    rollback_decided,
    state_of,
    step_state,
)
from actions.model.parked import (
    end_words,
    held_reason,
    may_be_closed,
    parked_reason,
    straightens_parked,
    waits_words,
)
from actions.model.plan import KEEPS_FILES, PREPARES, PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.sensing import CHOSEN, KEPT_BY_KEY, reading
from actions.model.step import Risk

if TYPE_CHECKING:
    from actions.model.approval import ApprovalState


def running_reason(incident: Incident) -> str | None:
    """The step that is under way forbids any other."""
    run = incident.running
    if run is None:
        return None
    return f"{run.code} {run.title} is running" if run.pid else f"{run.code} {run.title} has no recorded end yet"


def blocked_reason(
    incident: Incident, code: str, *, driver: bool = True, undo: bool = False, approval: ApprovalState | None = None
) -> str | None:
    """Why the step with this code may not start now, or None. ``driver``: this cockpit holds the lease.

    ``approval``: where the approvals of the plan stand now (they depend on the time); None: they are not looked at.
    What has run may be undone without a new one.
    """
    if incident.closed is not None and not straightens_parked(incident, code, undo=undo):
        return parked_reason(incident, code, undo=undo) if incident.is_parked else "the incident is closed"
    if not driver:
        holder = incident.holder.holder if incident.holder else "somebody else"
        return f"you observe; {holder} flies"
    step = incident.plan.step(code) if incident.plan else None
    if step is None:
        return "no plan is drawn: choose a release first"
    running = running_reason(incident)
    if running is not None:
        return running
    if incident.stop is not None:
        return "everything is stopped; r lifts it"
    state = step_state(incident, step)
    if undo:
        return _undo_reason(incident, step, state)
    if state in (State.OVERRIDDEN, State.NOT_APPLICABLE):
        return f"marked {state.value}; untick it first"
    straightens = bool(step.pays) and bool(owed(incident, step.pays, step))  # whatever was decided since
    assert incident.plan is not None  # it has this step
    keeps = incident.plan.keeps_way(step)  # before the decision, too
    if step.risk is not Risk.READ and not straightens and not keeps and not rollback_decided(incident):
        if incident.decision_stale:
            return "new facts re-opened the decision (D1)"
        return "the decision to roll back is not recorded (D1)"
    waits = approval.blocked if approval is not None and wants_approval(incident, step) else ""
    if waits and approval is not None and approval.denied:
        return waits
    return _needs_reason(incident, step) or waits or None


def wants_approval(incident: Incident, step: PlannedStep) -> bool:
    """Whether the approvals of the plan are waited for: for what goes back, not for what is read or stands beside it.

    Users may be told of the maintenance while somebody is looked for who approves.
    """
    return step.risk is not Risk.READ and (incident.plan is None or not incident.plan.beside(step))


def _undo_reason(incident: Incident, step: PlannedStep, state: State) -> str | None:
    if not step.undo:
        return "this step has no undo"
    if state not in (State.DONE, State.FAILED):
        return "nothing to undo: it has not run"
    if step.takes:
        from actions.model.taken_along import undo_waits  # of few plans

        return undo_waits(incident, step)
    if incident.plan is not None and incident.plan.straightens(step.code) is not None:
        from actions.model.stands_on import stands_reason  # of few steps

        return stands_reason(incident, step)
    return None


def _needs_reason(incident: Incident, step: PlannedStep) -> str | None:
    assert incident.plan is not None
    for needed in step.needs:
        other = incident.plan.step(needed)
        if other is not None and not step_state(incident, other).settled:
            return f"waits for {needed} {other.title}"
    if any(one.takes for one in incident.plan.steps):
        from actions.model.taken_along import run_waits  # of few plans

        reason = run_waits(incident, step)
        if reason:
            return reason
    if changes(step):
        for gate in incident.plan.steps:
            if gate.gate and gate.code != step.code and not step_state(incident, gate).settled:
                return f"gate: {gate.code} {gate.title} comes first"
        for item in items(incident):
            if item.gate and item.kind is not Kind.STEP and not state_of(incident, item).settled:
                return f"gate: {item.code} {item.text} comes first"
    return None


class Move(Enum):
    """What the NEXT key does."""

    DECLARE = "declare"
    TICK = "tick"
    SAY = "say"
    WAIT = "wait"
    KEEP = "keep"
    """What monitoring shows now, as evidence."""
    DECIDE = "decide"
    CHOOSE = "choose"
    ASK = "ask"
    """For approval of the plan."""
    RUN = "run"
    WATCH = "watch"
    CLOSE = "close"
    SIGN = "sign"
    VERIFY = "verify"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Next:
    """The one thing to do now."""

    move: Move
    code: str = ""
    words: str = ""
    """What Enter does, in words for the footer."""
    blocked: str = ""
    """Why it cannot be done, when it cannot."""


def move_for(incident: Incident, item: Item, *, driver: bool = True, approval: ApprovalState | None = None) -> Next:
    """What Enter does on this item."""
    state = state_of(incident, item)
    if not driver:
        return Next(Move.NOTHING, item.code, "", blocked_reason(incident, item.code, driver=False) or "you observe")
    if item.kind is Kind.STEP:
        if state is State.RUNNING:
            return Next(Move.WATCH, item.code, f"watch {item.code}")
        reason = blocked_reason(incident, item.code, approval=approval)
        if approval is not None and approval.can_ask and reason == approval.blocked:
            return Next(Move.ASK, item.code, f"ask for the approval of {' and '.join(approval.missing_roles)}")
        if state is State.FAILED:
            words = f"run {item.code} again ({abort_words(incident, item.code)}): {item.text}"
            return Next(Move.RUN, item.code, words, reason or "")
        again = " again" if state is State.DONE else ""
        return Next(Move.RUN, item.code, f"run {item.code}{again}: {item.text}", reason or "")
    if item.kind is Kind.SENSED and item.sensor == "decision":
        return Next(Move.DECIDE, item.code, "decide: roll back or fix forward")
    if item.kind is Kind.SENSED and item.sensor == "target":
        words = NEXT_PLAN[incident.plan.facts["stage"]] if incident.plan and _awaits_next_plan(incident) else ""
        return Next(Move.CHOOSE, item.code, words or "choose the release to go back to")
    if item.kind is Kind.SENSED and item.sensor in KEPT_BY_KEY:
        again = ", once more" if state is State.DONE else ""
        return Next(Move.KEEP, item.code, f"keep what monitoring shows now{again}")
    if item.kind is Kind.SENSED and not state.settled:
        return Next(Move.WAIT, item.code, f"look at {item.code} again: {_awaited(incident, item)}")
    if state.settled:
        return Next(Move.NOTHING, item.code, "", f"{item.code} is {state.value}; space takes it back")
    if item.parent:
        again = ", it failed" if state is State.FAILED else ""
        return Next(Move.TICK, item.code, f"say whether {item.code} works{again}: {item.text}")
    return Next(Move.TICK, item.code, f"tick {item.code}: {item.text}")


def _awaited(incident: Incident, item: Item) -> str:
    """What a sensed item waits for: ``2 of 3 pass, expected 3 of 3 pass``."""
    seen = reading(incident, item.sensor)
    if seen is None:
        return "it has not been read yet"
    return f"{seen.seen}, expected {seen.expected}" if seen.expected else seen.seen


def _acts(incident: Incident, item: Item) -> bool:
    """Whether somebody can do something about it now; what is only sensed waits for the rest of its phase."""
    if item.kind is Kind.STEP and incident.plan is None:
        return False
    return item.kind is not Kind.SENSED or item.sensor in (*CHOSEN, *KEPT_BY_KEY)


def _straightens(incident: Incident, item: Item) -> bool:
    """Whether this is a step for something that is bent now."""
    step = incident.plan.step(item.code) if incident.plan else None
    bent = step is not None and bool(step.pays) and bool(owed(incident, step.pays, step))
    return bent and not _settled(incident, item)


def _settled(incident: Incident, item: Item) -> bool:
    return state_of(incident, item).settled


def _gates_hold(incident: Incident) -> bool:
    """Whether something that changes the system is still to be done, which open gates keep from being armed."""
    steps = incident.plan.steps if incident.plan else ()
    return any(changes(step) and not step_state(incident, step).settled for step in steps)


NEXT_PLAN = {
    PREPARES: "choose the backup again: that draws the swap",
    KEEPS_FILES: "start the server, then choose the backup again",
}
"""What follows a plan that is only the first part of a way back, by its stage."""


def _awaits_next_plan(incident: Incident) -> bool:
    """Whether the plan has done all that it is for, and the one that changes the system is still to be drawn."""
    plan = incident.plan
    if plan is None or plan.facts.get("stage") not in NEXT_PLAN or incident.running is not None:
        return False
    return all(step_state(incident, step).settled for step in plan.steps if not step.optional)


def next_item(incident: Incident) -> Item | None:
    """The first item that still asks for something, deferred ones at the end of their phase; optional steps never."""
    running = incident.running
    rows = items(incident)
    if running is not None:
        return next((item for item in rows if item.code == running.code), None)
    if incident.decision_stale:
        return next((item for item in rows if item.sensor == "decision"), None)
    if forward_decided(incident):
        return next((item for item in rows if _straightens(incident, item)), None)
    holds = _gates_hold(incident)
    for phase in phases.FLOWN:
        ended = phase.value in incident.phases_closed
        # A part that was ended is done with, but for the steps that a plan drawn since has brought into it, and for
        # gates that opened again, or that a criterion has put there since: nothing goes on before them.
        inside = [
            item
            for item in rows
            if item.phase is phase
            and not phases.optional(incident, item)
            and (not ended or item.kind is Kind.STEP or (item.gate and holds))
        ]
        waiting = [item for item in inside if _acts(incident, item)]
        sensed = [item for item in inside if not _acts(incident, item) and item.kind is Kind.SENSED]
        for wanted in (State.OPEN, State.FAILED, State.DEFERRED):
            for item in (*waiting, *sensed):
                state = state_of(incident, item)
                if state is wanted or (wanted is State.OPEN and state is State.FAILED):
                    return item
        if phase is Phase.BEFORE and _awaits_next_plan(incident):
            chosen = next((item for item in rows if item.sensor == "target"), None)
            if chosen is not None:
                return chosen
        if phases.present(incident) is phase and phases.close_reason(incident, phase) is None:
            return None
        if phase is Phase.BEFORE and incident.plan is None and not ended:
            return None
    return None


def next_move(incident: Incident, *, driver: bool = True, approval: ApprovalState | None = None) -> Next:
    """The one thing that NEXT proposes for the whole incident."""
    if incident.declared is None:
        return Next(Move.DECLARE, "", "declare the incident")
    if may_be_closed(incident):
        return Next(Move.CLOSE, "", "close the record: nothing is bent any more")
    if incident.closed is not None:
        if incident.executed is None:
            return Next(Move.SIGN, "", "sign off: executed by")
        if incident.verified is None:
            return Next(Move.VERIFY, "", "sign off: verified by somebody else")
        return _parked_move(incident, driver=driver) if incident.is_parked else _SIGNED
    item = next_item(incident)
    if item is not None:
        return move_for(incident, item, driver=driver, approval=approval)
    if not driver:
        return Next(Move.NOTHING, "", "", "you observe")
    verb, stays = end_words(incident)
    if forward_decided(incident) and not incident.proven:
        return Next(Move.CLOSE, "", f"{verb}: fix forward, with ticket and deadline{stays}")
    phase = phases.present(incident)
    if phase is not None and phases.close_reason(incident, phase) is None:
        return Next(Move.SAY, "", f'say aloud "{phases.line(incident, phase)}"')
    return Next(Move.CLOSE, "", f"{verb}: recovered{stays}" if incident.proven else f"{verb}{stays}")


_SIGNED = Next(Move.NOTHING, "", "", "the record is closed and signed")


def _parked_move(incident: Incident, *, driver: bool) -> Next:
    """A step that straightens what keeps a parked record open; else which debts do."""
    for item in items(incident) if driver else ():
        if straightens_parked(incident, item.code):
            return move_for(incident, item, driver=driver)
    return Next(Move.NOTHING, "", "", waits_words(incident))


def close_reason(incident: Incident, outcome: str) -> str | None:
    """Why the incident may not be closed with this outcome now, or None. What is bent keeps it open."""
    if incident.is_parked:
        running = running_reason(incident)
        if running is None and outcome != (incident.closed.outcome if incident.closed else outcome):
            return f"it was parked as {incident.closed.outcome if incident.closed else ''}: it is closed as that"
        return running or held_reason(incident, "pay them (D), then close it")
    return end_reason(incident, outcome) or held_reason(incident, "straighten that, or park the record")


def park_reason(incident: Incident, outcome: str) -> str | None:
    """Why the record may not be parked with this outcome now, or None: only what is bent makes it wait."""
    if incident.is_parked:
        return "the record is parked already"
    nothing = None if holding(incident.debts) else "nothing is bent: close it"
    return end_reason(incident, outcome) or nothing


def end_reason(incident: Incident, outcome: str) -> str | None:
    """Why it may not end with this outcome now, closed or parked, or None."""
    if incident.closed is not None:
        return "the incident is closed"
    running = running_reason(incident)
    if running is not None:
        return running
    if outcome == "recovered" and not incident.proven:
        return "not proven: the proving step has not succeeded since the last change"
    if outcome == "recovered":
        broken = next((one for one in items(incident) if one.parent and state_of(incident, one) is State.FAILED), None)
        return f"{broken.code} {broken.text} failed: it does not work yet" if broken else None
    return None


def sign_reason(incident: Incident, part: str, person: str) -> str | None:
    """Why this person may not sign this part now, or None."""
    if incident.closed is None:
        return "the incident is not closed yet"
    if part == "executed":
        return "already signed" if incident.executed else None
    if incident.executed is None:
        return "the one who executed signs first"
    if incident.verified is not None:
        return "already verified"
    if person.strip().casefold() == incident.executed.person.strip().casefold():
        return "must be somebody else than the one who executed"
    return None
