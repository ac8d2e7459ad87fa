"""The fold: how each event of the journal changes the incident. ``apply`` is the only way it ever changes.

Pure: no clock, no I/O. What an incident holds, and what can be read off it, stands in ``incident``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from actions.model import debts
from actions.model import events as ev
from actions.model.checklist import State
from actions.model.codec import from_json
from actions.model.errors import RecordDamaged
from actions.model.incident import BY_HAND, Command, Deviation, Incident, Mark, Run, Said, recommended
from actions.model.matrix import Inputs, Row
from actions.model.outside_text import sanitise
from actions.model.plan import Plan
from actions.model.procedure import Procedure
from actions.model.quick_dataclass import replace
from actions.model.step import Happened, Outcome


def apply(incident: Incident, event: ev.Event) -> Incident:
    """The incident after one more event. An event out of order is a programming error (ValueError)."""
    if event.seq != incident.head_seq + 1:
        raise ValueError(f"event {event.seq} does not follow {incident.head_seq}")
    body = event.body
    handler = _HANDLERS.get(type(body))
    after = handler(incident, event, body) if handler else incident
    return replace(after, head_seq=event.seq, head_hash=event.hash, last_at=event.at)


def fold(incident_id: str, events: Iterable[ev.Event], start: Incident | None = None) -> Incident:
    """All events applied in order. Raises RecordDamaged at one whose values this version cannot understand."""
    incident = start or Incident(incident_id)
    for event in events:
        try:
            incident = apply(incident, event)
        except (ValueError, TypeError, KeyError) as error:
            if event.seq != incident.head_seq + 1:
                raise  # a mistake of ours, not of the record
            raise RecordDamaged(
                f"event {event.seq} of {incident_id} cannot be understood",
                sanitise(f"{event.kind}: {error}", limit=300),
                "if a newer goaround wrote this record, use that version; nothing was changed",
                seq=event.seq,
            ) from error
    return incident


def _declared(incident: Incident, event: ev.Event, body: ev.Declared) -> Incident:
    return replace(
        incident,
        declared=body,
        declared_at=event.at,
        declared_mono=event.mono,
        declared_boot=event.boot,
        declared_by=event.actor,
    )


def _lease_taken(incident: Incident, event: ev.Event, body: ev.LeaseTaken) -> Incident:
    offered = incident.offered
    accepted = offered is not None and offered.body.to == body.holder and offered.by == body.from_holder
    goes_on = offered is not None and offered.by == body.holder and not body.from_holder  # it left, and came back
    after = replace(incident, holder=body, offered=offered if goes_on else None)
    if body.from_holder and not accepted:
        after = _deviate(after, event, f"lease taken from {body.from_holder}", body.reason)
    return after


def _lease_released(incident: Incident, event: ev.Event, body: ev.LeaseReleased) -> Incident:
    if incident.holder is not None and incident.holder.fence == body.fence:
        return replace(incident, holder=None)
    return incident


def _inputs(incident: Incident, event: ev.Event, body: ev.InputsSet) -> Incident:
    inputs = Inputs(body.severity, body.users_low, body.users_high, body.data_risk)
    history = (*incident.inputs_history, (event.at, event.actor, inputs))
    return _known(replace(incident, inputs=inputs, inputs_history=history))


def _known(incident: Incident) -> Incident:
    """With the decision re-opened where what is known now makes the matrix say something else."""
    found = recommended(incident)
    stale = incident.decision is not None and (
        found is not None and found.row.decision.value != incident.decision.recommended
    )
    return replace(incident, decision_stale=stale)


def _decided(incident: Incident, event: ev.Event, body: ev.Decided) -> Incident:
    after = replace(
        incident,
        decision=body,
        decided_at=event.at,
        decided_who=event.actor,
        decision_stale=False,
        decided_inputs=incident.inputs,
        decided_criteria=incident.criteria,
    )
    if body.recommended and body.decision != body.recommended:
        after = _deviate(after, event, f"decided {body.decision}; the matrix said {body.recommended}", body.reason)
    people = incident.declared.people if incident.declared else {}
    held = people.get(event.actor, {}).get("roles", ())
    if people and body.role and not any(role in held for role in body.role.split(" or ")):
        after = _deviate(after, event, f"decided without the role entitled then ({body.role})", body.reason)
    return after


def _marked(incident: Incident, event: ev.Event, body: ev.ItemMarked) -> Incident:
    state = State(body.state)
    mark = Mark(state, event.actor, event.at, body.reason, body.text)
    after = replace(incident, marks={**incident.marks, body.code: mark})
    if state in BY_HAND or state is State.FAILED:
        after = _deviate(after, event, f"{body.code} {state.value}: {body.text}", body.reason)
    return after


def _still_said(before: Plan | None, plan: Plan, code: str) -> bool:
    """Whether a mark outlives another plan: of what is no step, and of a step beside the way back that is the same."""
    step = plan.step(code)
    return step is None or (plan.beside(step) and before is not None and before.step(code) == step)


def _plan(incident: Incident, event: ev.Event, body: ev.PlanDrawn) -> Incident:
    plan = Plan.from_json(body.plan)
    kept = {code: mark for code, mark in incident.marks.items() if _still_said(incident.plan, plan, code)}
    answers = (ev.ApprovalGiven, ev.ApprovalDenied)
    void = body.digest != incident.plan_digest and any(
        isinstance(said.body, answers) and said.body.digest == incident.plan_digest for said in incident.approvals
    )
    after = _deviate(incident, event, "another plan was drawn: the answers to the one before are void", "")
    return replace(
        after if void else incident,
        plan=plan,
        plan_digest=body.digest,
        plan_by=event.actor,
        plans_drawn=incident.plans_drawn + 1,
        marks=kept,
        option=plan.option,
    )


def _option(incident: Incident, event: ev.Event, body: ev.OptionChosen) -> Incident:
    return replace(incident, option=body.option)


def _started(incident: Incident, event: ev.Event, body: ev.StepStarted) -> Incident:
    run = Run(
        number=body.run,
        code=body.code,
        step=body.step,
        title=body.title,
        digest=body.digest,
        undo=body.undo,
        pid=body.pid,
        pid_start=body.pid_start,
        spool=body.spool,
        by=event.actor,
        started=event.at,
        started_mono=event.mono,
        boot=event.boot,
    )
    after = replace(incident, runs=(*incident.runs, run))
    return _deviate(after, event, f"{body.code} undone: {body.title}", "") if body.undo else after


def _effect_started(incident: Incident, event: ev.Event, body: ev.EffectStarted) -> Incident:
    return replace(incident, commands=(*incident.commands, Command(body.run, body.n, body.shown, event.at)))


def _effect_finished(incident: Incident, event: ev.Event, body: ev.EffectFinished) -> Incident:
    commands = list(incident.commands)
    for index in range(len(commands) - 1, -1, -1):
        one = commands[index]
        if one.run == body.run and one.n == body.n and one.ok is None:
            commands[index] = replace(one, ok=body.ok, exit_status=body.exit_status, ms=body.ms, detail=body.detail)
            break
    return replace(incident, commands=tuple(commands))


def _with_run(incident: Incident, number: int, change: Callable[[Run], Run]) -> Incident:
    return replace(incident, runs=tuple(change(run) if run.number == number else run for run in incident.runs))


def _finished(incident: Incident, event: ev.Event, body: ev.StepFinished) -> Incident:
    def end(run: Run) -> Run:
        return replace(
            run,
            outcome=Outcome(body.outcome),
            summary=body.summary,
            ended=event.at,
            ms=body.ms,
            facts=body.facts,
        )

    return _with_run(incident, body.run, end)


def _resolved(incident: Incident, event: ev.Event, body: ev.StepResolved) -> Incident:
    def resolve(run: Run) -> Run:
        return replace(run, resolved=Happened(body.happened), summary=body.detail, ended=event.at)

    return _with_run(incident, body.run, resolve)


def _silent(incident: Incident, event: ev.Event, body: ev.StepSilent) -> Incident:
    return _with_run(incident, body.run, lambda run: replace(run, silent_s=body.seconds))


def _observed(incident: Incident, event: ev.Event, body: ev.Observed) -> Incident:
    _, last = incident.observations.get(body.what, ("", None))
    same = last is not None and last.ok is body.ok
    return replace(
        incident,
        observations={**incident.observations, body.what: (event.at, body)},
        turned=incident.turned if same else {**incident.turned, body.what: event.at},
    )


def _evidence(incident: Incident, event: ev.Event, body: ev.EvidenceKept) -> Incident:
    return replace(incident, evidence=(*incident.evidence, body))


def _note(incident: Incident, event: ev.Event, body: ev.NoteAdded) -> Incident:
    return replace(incident, notes=(*incident.notes, (event.at, event.actor, body.text)))


def _pinned(incident: Incident, event: ev.Event, body: ev.LinePinned) -> Incident:
    text = f"{body.source}: {body.text}"
    return replace(incident, notes=(*incident.notes, (event.at, event.actor, text)))


def _stop(incident: Incident, event: ev.Event, body: ev.StopRequested) -> Incident:
    return _deviate(replace(incident, stop=body), event, f"stopped ({body.how})", "")


def _stop_lifted(incident: Incident, event: ev.Event, body: ev.StopLifted) -> Incident:
    return replace(incident, stop=None)


def _debt(incident: Incident, event: ev.Event, body: Any) -> Incident:
    return replace(incident, debts=debts.after(incident.debts, event))


def _watch(incident: Incident, event: ev.Event, body: Any) -> Incident:
    return replace(incident, watches=(*incident.watches, _said(event, body)))


def _handover(incident: Incident, event: ev.Event, body: ev.HandoverOffered) -> Incident:
    said = _said(event, body)
    return replace(incident, handovers=(*incident.handovers, said), offered=said if body.to else None)


def _closed(incident: Incident, event: ev.Event, body: ev.Closed) -> Incident:
    return replace(incident, closed=body, closed_at=event.at, for_good=True, signed_before=len(incident.sign_offs))


def _parked(incident: Incident, event: ev.Event, body: ev.IncidentParked) -> Incident:
    """Everything that may be done with an open incident ends here as by a close; ``is_parked`` tells the difference."""
    end = ev.Closed(body.outcome, body.text, body.target, body.running, body.ticket, body.due)
    return replace(incident, closed=end, closed_at=event.at, parked=body, parked_at=event.at)


def _signed(incident: Incident, event: ev.Event, body: ev.SignedOff) -> Incident:
    return replace(incident, sign_offs=(*incident.sign_offs, (event.at, body)))


def _said(event: ev.Event, body: Any) -> Said:
    return Said(event.at, event.actor, event.mono, event.boot, body)


def _procedure(incident: Incident, event: ev.Event, body: ev.ProcedurePinned) -> Incident:
    rows = tuple(from_json(Row, row, "matrix") for row in body.matrix)
    return replace(
        incident,
        procedure=from_json(Procedure, body.procedure, "procedure"),
        procedure_overdue=body.overdue,
        matrix=rows or incident.matrix,
    )


def _criterion(incident: Incident, event: ev.Event, body: ev.CriterionMarked) -> Incident:
    said = _said(event, body)
    return _known(
        replace(
            incident,
            criteria={**incident.criteria, body.code: said},
            criteria_history=(*incident.criteria_history, said),
        )
    )


def _phase_closed(incident: Incident, event: ev.Event, body: ev.PhaseClosed) -> Incident:
    return replace(incident, phases_closed={**incident.phases_closed, body.phase: _said(event, body)})


def _extended(incident: Incident, event: ev.Event, body: ev.TimeBoxExtended) -> Incident:
    after = replace(incident, extensions=(*incident.extensions, _said(event, body)))
    return _deviate(after, event, f"{body.phase}: {body.seconds // 60} min more", body.reason)


def _approval(incident: Incident, event: ev.Event, body: Any) -> Incident:
    after = replace(incident, approvals=(*incident.approvals, _said(event, body)))
    if isinstance(body, ev.ApprovalDenied):
        return _deviate(after, event, f"{body.name or body.person} denied the plan {body.digest[:8]}", body.reason)
    if isinstance(body, ev.GlassBroken):
        return _deviate(after, event, f"BREAK-GLASS, without {body.what}: {', '.join(body.missing)}", body.reason)
    return after


def _message(incident: Incident, event: ev.Event, body: ev.MessageSent) -> Incident:
    after = replace(incident, messages=(*incident.messages, _said(event, body)))
    if body.ok:
        return after
    return _deviate(after, event, f"not told: {', '.join(body.to) or 'nobody'} ({body.subject})", body.detail)


def _message_started(incident: Incident, event: ev.Event, body: ev.MessageStarted) -> Incident:
    return replace(incident, message_attempts=(*incident.message_attempts, _said(event, body)))


def _unknown(incident: Incident, event: ev.Event, body: ev.Unknown) -> Incident:
    return replace(incident, unknown_kinds=(*incident.unknown_kinds, body.name))


def _deviate(incident: Incident, event: ev.Event, what: str, reason: str) -> Incident:
    deviation = Deviation(event.at, event.actor, what, reason)
    return replace(incident, deviations=(*incident.deviations, deviation))


_HANDLERS: dict[type[Any], Callable[[Incident, ev.Event, Any], Incident]] = {
    ev.Declared: _declared,
    ev.LeaseTaken: _lease_taken,
    ev.LeaseReleased: _lease_released,
    ev.InputsSet: _inputs,
    ev.Decided: _decided,
    ev.ItemMarked: _marked,
    ev.PlanDrawn: _plan,
    ev.StepStarted: _started,
    ev.EffectStarted: _effect_started,
    ev.EffectFinished: _effect_finished,
    ev.StepFinished: _finished,
    ev.StepResolved: _resolved,
    ev.StepSilent: _silent,
    ev.Observed: _observed,
    ev.EvidenceKept: _evidence,
    ev.NoteAdded: _note,
    ev.LinePinned: _pinned,
    ev.StopRequested: _stop,
    ev.StopLifted: _stop_lifted,
    ev.DebtOpened: _debt,
    ev.DebtPaid: _debt,
    ev.Closed: _closed,
    ev.IncidentParked: _parked,
    ev.SignedOff: _signed,
    ev.ProcedurePinned: _procedure,
    ev.CriterionMarked: _criterion,
    ev.PhaseClosed: _phase_closed,
    ev.TimeBoxExtended: _extended,
    ev.ApprovalRequested: _approval,
    ev.ApprovalGiven: _approval,
    ev.ApprovalDenied: _approval,
    ev.GlassBroken: _approval,
    ev.MessageStarted: _message_started,
    ev.MessageSent: _message,
    ev.DebtAssigned: _debt,
    ev.WatchBegun: _watch,
    ev.WatchEnded: _watch,
    ev.HandoverOffered: _handover,
    ev.OptionChosen: _option,
    ev.Unknown: _unknown,
}
