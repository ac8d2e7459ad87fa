"""What somebody must know who takes the controls: at most ten lines, read off the incident. Pure.

Each line begins with a word that says what it is about, so that it can be read aloud; a line that has nothing to tell
says so, because whoever takes over would ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model import events as ev
from actions.model.blocking import Move, next_move
from actions.model.checklist import Kind, State
from actions.model.clock import parse_stamp, span
from actions.model.incident import Incident, items, state_of, step_state
from actions.model.message_rules import COPIED
from actions.model.phases import NAMES, decide_or_back_by, time_box
from actions.model.release import short_id
from actions.model.step import Happened

if TYPE_CHECKING:
    from actions.model.approval import ApprovalState

MOST = 10
LONGEST = 240


def brief(
    incident: Incident, elapsed_ms: int, approval: ApprovalState | None = None, note: str = ""
) -> tuple[str, ...]:
    """The brief at this moment. ``elapsed_ms`` since the declaration; ``note``: of the one who hands over."""
    debts, bent = _debts(incident), _bent(incident)
    lines = [
        *([f"NOTE {note}"] if note else []),
        f"BROKEN {_broken(incident, elapsed_ms)}",
        f"DECIDED {_decided(incident)}",
        f"PLAN {_plan(incident)}",
        f"LAST {_last(incident)}",
        f"NOW {_now(incident, approval)}",
        *([f"BENT {bent}; debts: {debts}"] if note else [f"BENT {bent}", f"DEBTS {debts}"]),
        f"APPROVALS {_approvals(incident, approval)}",
        f"TOLD {_told(incident)}",
        f"DUE {_due(incident, elapsed_ms)}",
    ]
    assert len(lines) <= MOST
    return tuple(_clipped(line) for line in lines)


def _clipped(line: str) -> str:
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _time(at: str) -> str:
    try:
        return parse_stamp(at).strftime("%H:%MZ")
    except (ValueError, OverflowError):
        return at or "?"


def _some(texts: list[str], most: int = 3) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def _broken(incident: Incident, elapsed_ms: int) -> str:
    declared = incident.declared
    if declared is None:
        return "nothing is declared"
    mode = "DRILL, " if incident.mode == "drill" else ""
    met = [code for code, said in incident.criteria.items() if said.body.met]
    criteria = f"; criteria met: {', '.join(met)}" if met else ""
    words = incident.inputs.words()
    return (
        f"{mode}{declared.system} ({declared.environment}): {declared.title}; since {_time(incident.declared_at)},"
        f" {span(elapsed_ms // 1000)}; {words or 'damage not known'}{criteria}"
    )


def _decided(incident: Incident) -> str:
    decision = incident.decision
    if decision is None:
        return "nothing yet"
    text = f"{decision.decision} at {_time(incident.decided_at)} by {incident.decided_who}"
    if incident.decision_stale:
        text += "; NEW FACTS RE-OPENED IT"
    text += f"; entitled: {decision.role}" if decision.role else ""
    if decision.recommended and decision.recommended != decision.decision:
        text += f"; AGAINST THE MATRIX ({decision.recommended}): {decision.reason}"
    return text


def _plan(incident: Incident) -> str:
    plan = incident.plan
    if plan is None:
        return "none is drawn"
    settled = sum(step_state(incident, step).settled for step in plan.steps)
    where = f"{plan.option} to {plan.target.name} ({short_id(plan.target.identity)})"
    back = "back, PROVEN" if incident.proven else "not proven yet"
    return f"{where}; {settled} of {len(plan.steps)} steps done; {back}"


def _last(incident: Incident) -> str:
    ended = [run for run in incident.runs if not run.open]
    if not ended:
        return "no step has run"
    run = ended[-1]
    if run.outcome is not None:
        end = run.outcome.value if run.outcome.value == "done" else run.outcome.value.upper()
    elif run.resolved is Happened.UNKNOWN or run.resolved is None:
        end = "END LOST, NOT KNOWN whether it happened"
    else:
        end = f"END LOST, it {'HAS' if run.resolved is Happened.YES else 'has NOT'} happened"
    what = f"{run.code} {'undo of ' if run.undo else ''}{run.title}"
    return f"{what}: {end} {_time(run.ended)}" + (f": {run.summary}" if run.summary else "")


def _now(incident: Incident, approval: ApprovalState | None) -> str:
    run = incident.running
    stop = "; EVERYTHING IS STOPPED" if incident.stop is not None else ""
    if run is not None:
        silent = f", silent for {span(run.silent_s)}" if run.silent_s else ""
        return f"{run.code} {run.title} RUNS since {_time(run.started)}{silent}: it goes on by itself{stop}"
    move = next_move(incident, approval=approval)
    if move.blocked:
        return f"next {move.words or move.code}: blocked: {move.blocked}{stop}"
    return f"next: {move.words or 'nothing'}{stop}" if move.move is not Move.NOTHING else f"nothing is next{stop}"


def _bent(incident: Incident) -> str:
    texts = [f"{one.what}{': ' + one.reason if one.reason else ''}" for one in reversed(incident.deviations)]
    gates = [
        f"GATE {item.code} CLOSED: {item.text}"
        for item in items(incident)
        if item.gate and item.kind is not Kind.STEP and not state_of(incident, item).settled
    ]
    deferred = [item.code for item in items(incident) if state_of(incident, item) is State.DEFERRED]
    later = [f"left for later: {', '.join(deferred)}"] if deferred else []
    return _some([*gates, *later, *texts]) or "nothing"


def _debts(incident: Incident) -> str:
    still = [one for one in incident.debts if not one.paid]
    return _some([f"{one.text}{f' ({one.owner})' if one.owner else ''}" for one in still]) or "none"


def _approvals(incident: Incident, approval: ApprovalState | None) -> str:
    if approval is None or incident.plan is None:
        return "no plan, so none is waited for"
    if approval.broken is not None:
        return "BREAK-GLASS: the plan runs without them"
    return approval.words or ("none is needed" if not approval.needed else "complete")


def _told(incident: Incident) -> str:
    sent: dict[str, str] = {}
    failed: list[str] = []
    for said in incident.messages:
        body = said.body
        assert isinstance(body, ev.MessageSent)
        whom = ", ".join(body.to) or "nobody"
        if body.ok and body.through.partition(":")[0] == COPIED:
            failed.append(f"COPIED, not yet sent, for {whom}")
        elif body.ok:
            sent[whom] = _time(said.at)
        else:
            failed.append(f"NOT {whom} ({body.subject})")
    told = [f"{whom} {at}" for whom, at in sent.items()]
    return _some([*failed, *reversed(told)], 4) or "nobody yet"


def _due(incident: Incident, elapsed_ms: int) -> str:
    parts: list[str] = []
    due_s, what = decide_or_back_by(incident)
    if due_s is not None:
        parts.append(_left(f"{what} by", due_s - elapsed_ms // 1000))
    box = time_box(incident, elapsed_ms)
    if box is not None:
        parts.append(_left(NAMES[box.phase], box.left_s))
    soon = sorted((debt.due, debt.text) for debt in incident.debts if not debt.paid and debt.due)
    if soon:
        parts.append(f"{soon[0][1]}: {soon[0][0][:10]} {_time(soon[0][0])}")
    return "; ".join(parts) or "no deadline holds"


def _left(what: str, seconds: int) -> str:
    return f"{what}: {span(seconds)} left" if seconds >= 0 else f"{what}: OVER by {span(-seconds)}"
