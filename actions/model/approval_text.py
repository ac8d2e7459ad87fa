"""What an approver reads before answering: the whole plan, who asked, and where the approvals stand. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from actions.model import events as ev
from actions.model.approval import ApprovalState, ago, given_words, person_words
from actions.model.chain import hash_groups
from actions.model.effect import shown
from actions.model.incident import Incident
from actions.model.message_facts import loss_words
from actions.model.plan import Plan
from actions.model.record_timeline import clock_time


def plan_lines(incident: Incident) -> tuple[str, ...]:
    """The plan in full: system, target, what runs, every note, every step with its effects and its undo."""
    return tuple(_plan(incident))


def _plan(incident: Incident) -> Iterator[str]:
    plan, declared = incident.plan, incident.declared
    if plan is None or declared is None:
        return
    mode = "DRILL" if incident.mode == "drill" else "LIVE"
    yield f"{mode} {declared.environment.upper()}  {plan.system} on {declared.host}  {incident.id}: {declared.title}"
    yield f"way back  {plan.option} to {plan.target.name}"
    yield f"target    {plan.target.identity}"
    yield f"runs now  {plan.running or 'not known'}"
    if plan.facts.get("loss"):
        yield f"LOST      {loss_words(plan)}"
    yield f"plan      {hash_groups(incident.plan_digest)}"
    flies = incident.holder.holder if incident.holder else "nobody"
    yield f"drawn by  {incident.plan_by or 'not known'}; {flies} flies"
    decision = incident.decision
    yield f"decided   {f'{decision.decision} ({decision.role})' if decision else 'NOT YET'}" + (
        ", OPEN AGAIN: new facts" if incident.decision_stale else ""
    )
    yield from whole(plan)


def whole(plan: Plan) -> Iterator[str]:
    """Every note, and every step in full: what runs, what is expected, the undo, what it leaves behind."""
    for note in plan.notes:
        yield f"{'! note   ' if note.is_warning else 'note     '} {note.text}"
    for step in plan.steps:
        optional = ", only if wanted" if step.optional else ""
        yield ""
        yield f"{step.code} {step.title} ({step.risk.value}{optional})"
        yield from (f"    {line}" for line in shown(step.effects))
        yield f"    expect {step.expected}"
        if step.undo:
            yield "    undo:"
            yield from (f"    {line}" for line in shown(step.undo))
        elif step.risk.value != "read":
            yield "    NO UNDO"
        if step.leaves:
            yield f"    if terminated: {step.leaves}"


def state_lines(incident: Incident, state: ApprovalState) -> tuple[str, ...]:
    """Who asked, since when, what is needed, given, denied, expired and void."""
    return tuple(_state(incident, state))


def _state(incident: Incident, state: ApprovalState) -> Iterator[str]:
    if state.note:
        yield f"approvals {state.note}"
    needed = " and ".join(need.words() for need in state.needed)
    yield f"needs     {needed or 'nobody else'}"
    asked = next((one for one in reversed(incident.approvals) if _asks(one.body, incident.plan_digest)), None)
    if asked is not None:
        since = f", {ago(state.asked_ms)}" if asked is state.asked else ""
        text = f": {asked.body.text}" if asked.body.text else ""
        yield f"asked     by {asked.by} at {clock_time(asked.at)}{since}{text}"
    for one in state.given:
        yield f"given     {given_words(one)}" + (f"; weaker: {one.body.unsigned}" if one.body.unsigned else "")
    for one in state.denied:
        yield f"DENIED    by {person_words(one)}: {one.body.reason}"
    for one in state.expired:
        yield f"expired   {given_words(one)}"
    for one, why in state.uncounted:
        yield f"no count  {one.body.person}: {why}"
    for one in state.void:
        yield f"void      {one.body.kind.partition('.')[2]} of another plan, {clock_time(one.at)} by {one.by}"
    if state.broken is not None:
        yield f"BREAK-GLASS by {state.broken.by}: {state.broken.body.reason}"
    if state.words:
        yield f"now       {state.words}"


def _asks(body: object, digest: str) -> bool:
    return isinstance(body, ev.ApprovalRequested) and body.digest == digest
