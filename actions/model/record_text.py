"""A record as a report that people read: Markdown made from the journal alone, so that it can be made again.

Pure. What is written down twice can be compared: verification does. Deviations, refusals and failures
stand before everything that went well. Outside text is escaped where it enters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from actions.model import events as ev
from actions.model.branching import RESTRICTED_WORDS
from actions.model.chain import hash_groups
from actions.model.checklist import State
from actions.model.debts import holding
from actions.model.effect import shown
from actions.model.incident import Command, Incident, Run, items, restricted, state_of
from actions.model.markdown_text import code, escape, fenced
from actions.model.paper_table import paper_section
from actions.model.plan import Plan, PlannedStep
from actions.model.record_approvals import approvals_section
from actions.model.record_cause import failure_mode_section, tests_missed_section, went_wrong_section
from actions.model.record_debts import after_sign_off, debts_section
from actions.model.record_known import follow_up_section, known_section
from actions.model.record_messages import messages_section
from actions.model.record_phases import phases_section
from actions.model.record_timeline import (
    clock_time,
    departs,
    shouted,
    sign_words,
    since,
    timeline,
    took,
)
from actions.model.record_watch import handover_section, watched_section

__all__ = ["TEXT_VERSION", "markdown", "mode_word", "state_words", "timeline"]

TEXT_VERSION = 1
"""Raised with every change of what ``markdown`` writes for the same journal; a test holds a report against this."""

Events = Sequence[ev.Event]


def mode_word(incident: Incident) -> str:
    """``LIVE`` or ``DRILL``."""
    return "DRILL" if incident.mode == "drill" else "LIVE"


def state_words(incident: Incident) -> str:
    """Open, closed, signed off by whom: where the record stands, and whether there are signatures."""
    if incident.closed is None:
        return "open: not signed off"
    parts = [f"closed: {incident.closed.outcome}"]
    if incident.is_parked:
        owed = ", ".join(one.name for one in holding(incident.debts))
        parts = [f"PARKED: {incident.closed.outcome}", f"waits for {owed}" if owed else "nothing is bent any more"]
    for part, sign in (("executed", incident.executed), ("verified", incident.verified)):
        if sign is None:
            parts.append("nobody has signed off" if part == "executed" else "NOT VERIFIED by anybody else")
            if part == "executed":
                break
        else:
            parts.append(f"{part} by {sign.person} ({'signature' if sign.signature else 'NOT SIGNED'})")
    return "; ".join(parts)


def markdown(incident: Incident, events: Events) -> str:
    """The whole report. ``incident`` is the fold of ``events``; the same journal always gives the same text."""
    name = incident.declared
    system = f"{name.system}, {name.environment}" if name else "unknown system"
    lines = [f"# {mode_word(incident)} - record {escape(incident.id)} of {escape(system)}"]
    if incident.mode == "drill":
        lines += ["", "**This was a DRILL: an exercise, not the real thing.**"]
    if restricted(incident):
        lines += ["", f"**{RESTRICTED_WORDS}**"]
    for title, section in _SECTIONS:
        body = list(section(incident, events))
        if not body and section in _ONLY_WHERE_THERE_IS_ANY:
            continue  # so that a record from before there were messages gives the text that it gave then
        mark = "DRILL: " if incident.mode == "drill" else ""
        lines += ["", f"## {mark}{title}", "", *(body or ["- none"])]
    return "\n".join(lines) + "\n"


def _summary(incident: Incident, events: Events) -> Iterator[str]:
    name, end = incident.declared, incident.closed
    yield f"- State: **{escape(state_words(incident))}**"
    if name:
        yield f"- What: {escape(name.title)}"
        yield f"- System: {escape(name.system)}, {escape(name.environment)}, on {code(name.host)}"
        yield f"- Declared: {escape(clock_time(incident.declared_at))} by {escape(incident.declared_by)}"
        yield f"- Flown from: {escape(name.jump_host)}, goaround {escape(name.version)}"
        yield f"- Configuration: {code(name.config_path)}, sha256 {code(name.config_sha256)}"
    if end:
        if incident.parked is not None:
            names = ", ".join(map(escape, incident.parked.owed))
            yield f"- Parked: {escape(clock_time(incident.parked_at))}, until what was bent is straight: {names}"
        kind = ev.IncidentParked.kind if incident.is_parked else ev.Closed.kind
        last = next((event for event in events if event.kind == kind), events[-1])
        word = "Ended, not closed" if incident.is_parked else "Closed"
        yield f"- {word}: {escape(clock_time(incident.closed_at))}, {since(events[0], last)}: {escape(end.outcome)}"
        yield f"- Target: {code(end.target)}"
        same = "the target" if end.running and end.running == end.target else "**NOT shown to be the target**"
        yield f"- Running at the end, as observed: {code(end.running)}: {same}"
        if end.text:
            yield f"- In words: {escape(end.text)}"
    count = sum(map(departs, events))
    yield f"- Departures, refusals and failures: **{count}**" + (", listed below" if count else "")
    if incident.unknown_kinds:
        kinds = ", ".join(escape(kind) for kind in incident.unknown_kinds)
        yield f"- **Events of kinds that this version does not know: {kinds}**"
    yield f"- Head of the chain: event {incident.head_seq}"
    yield f"- {code(hash_groups(incident.head_hash))}"


def _sign_offs(incident: Incident, events: Events) -> Iterator[str]:
    if incident.closed is None:
        yield "- **open: not signed off**"
        return
    signs = [event.seq for event in events if isinstance(event.body, ev.SignedOff)]
    before = set(signs[: incident.signed_before])
    for part in ("executed", "verified"):
        found = [
            (event, event.body) for event in events if isinstance(event.body, ev.SignedOff) and event.body.part == part
        ]
        if all(event.seq in before for event, _ in found):
            yield f"- {part}: **nobody yet**"
        for event, sign in found:
            who = f"{escape(sign.name)} ({escape(sign.person)})" if sign.name else escape(sign.person)
            yield f"- {part} by {who}, {escape(clock_time(event.at))}, over event {sign.over_seq}"
            if event.actor != sign.person:
                yield f"  - **entered at the login of {escape(event.actor)}**"
            if event.seq in before:
                yield "  - while it was parked: over what stood then, not over the close"
            yield f"  - **{escape(sign_words(sign))}**"
            yield f"  - {code(hash_groups(sign.over_hash))}"
    yield from after_sign_off(events)
    yield "- Signatures are checked by `goaround verify`, not by this text."


def _departures(incident: Incident, events: Events) -> Iterator[str]:
    for event, line in zip(events, timeline(events), strict=True):
        if departs(event):
            yield f"- {event.seq}: {escape(line)}"


def _decision(incident: Incident, events: Events) -> Iterator[str]:
    for at, by, inputs in incident.inputs_history:
        yield f"- {escape(clock_time(at))} {escape(by)}: {escape(inputs.words())}"
    for event in events:
        body = event.body
        if not isinstance(body, ev.Decided):
            continue
        yield f"- {escape(clock_time(event.at))} {escape(event.actor)}: decided **{escape(body.decision)}**"
        yield f"  - the matrix said: {escape(body.recommended or 'nothing, no input was set')}"
        if body.row:
            yield f"  - row {escape(body.row)}, made so by {escape(body.decided_by)}"
        yield f"  - entitled at that moment: {escape(body.role or 'not said')}"
        if body.reason:
            yield f"  - reason: {escape(body.reason)}"
    if incident.decision_stale:
        yield "- **Facts that came after the decision change what the matrix recommends.**"


def _people(incident: Incident, events: Events) -> Iterator[str]:
    roles = incident.declared.people if incident.declared else {}
    for login in sorted({event.actor for event in events} | set(roles)):
        count = sum(event.actor == login for event in events)
        person = roles.get(login, {})
        name, given = person.get("name", ""), person.get("roles", [])
        text = f"- {escape(login)}: {escape(str(name) or 'not in the configuration')}, {count} events"
        if isinstance(given, list) and given:
            text += f", roles {escape(', '.join(str(role) for role in given))}"
        yield text
    for event, line in zip(events, timeline(events), strict=True):
        if isinstance(event.body, ev.LeaseTaken | ev.LeaseReleased):
            yield f"- {escape(line)}"


def _checklist(incident: Incident, events: Events) -> Iterator[str]:
    for item in items(incident):
        state = state_of(incident, item)
        words = shouted(state.value) if state is not State.FAILED else "FAILED"
        text = f"- {escape(item.code)} **{words}** {escape(item.text)} ({item.kind.value})"
        mark = incident.marks.get(item.code)
        if mark is not None:
            text += f", {escape(mark.by)} {escape(clock_time(mark.at))}"
            text += f", reason: {escape(mark.reason)}" if mark.reason else ""
        yield text


def _plans(incident: Incident, events: Events) -> Iterator[str]:
    drawn = [event for event in events if isinstance(event.body, ev.PlanDrawn)]
    for number, event in enumerate(drawn, 1):
        plan, last = Plan.from_json(event.body.plan), number == len(drawn)
        yield f"- plan {number}, drawn {escape(clock_time(event.at))} by {escape(event.actor)}" + (
            "" if last else ", **replaced by the next**"
        )
        yield f"  - {escape(plan.option)} to {escape(plan.target.name)}"
        yield f"  - target {code(plan.target.identity)}"
        yield f"  - what ran then: {code(plan.running)}"
        yield f"  - hash: {code(hash_groups(event.body.digest))}"
        for note in plan.notes:
            yield f"  - note: {'**! warning** ' if note.is_warning else ''}{escape(note.text)}"
        for step in plan.steps:
            yield from _step(step)


def _step(step: PlannedStep) -> Iterator[str]:
    marks = [step.risk.value, *(["gate"] if step.gate else []), *(["proves"] if step.proves else [])]
    yield f"  - step {escape(step.code)} {escape(step.title)} ({', '.join(marks)}); expected: {escape(step.expected)}"
    if step.effects:
        yield ""
        yield from fenced(shown(step.effects), "    ")
        yield ""
    if step.undo:
        yield "    - undo:"
        yield ""
        yield from fenced(shown(step.undo), "      ")
        yield ""


def _runs(incident: Incident, events: Events) -> Iterator[str]:
    sums = {body.run: body.spool_sha256 for body in (e.body for e in events) if isinstance(body, ev.StepFinished)}
    for run in incident.runs:
        title = f"{'UNDO of ' if run.undo else ''}{run.title}"
        yield f"- run {run.number}: {escape(run.code)} {escape(title)}: **{_run_end(run)}**"
        lasted = took(run.ms) if run.outcome else "duration not known"
        yield f"  - started {escape(clock_time(run.started))} by {escape(run.by)}, {lasted}"
        if run.summary:
            yield f"  - {escape(run.summary)}"
        for command in incident.commands:
            if command.run == run.number:
                yield _command(command)
        for name in sorted(run.facts):
            yield f"  - {escape(name)}: {code(run.facts[name])}"
        if sums.get(run.number):
            yield f"  - output: {code('spool/' + run.spool)}, sha256 {code(sums[run.number])}"
        else:
            yield f"  - output: {code('spool/' + run.spool)}, **no sha256: no end of this run is recorded**"


def _run_end(run: Run) -> str:
    if run.outcome is not None:
        return run.outcome.value if run.outcome.value == "done" else run.outcome.value.upper()
    if run.resolved is not None:
        return f"END LOST; happened, as the system says: {run.resolved.value}"
    return "NO END IS RECORDED"


def _command(command: Command) -> str:
    if command.ok is None:
        return f"  - {code(command.shown)}: **no end is recorded**"
    state = "ok" if command.ok else "**FAILED**"
    detail = f": {escape(command.detail)}" if command.detail else ""
    return f"  - {code(command.shown)}: {state}, exit {command.exit_status}, {took(command.ms)}{detail}"


def _observations(incident: Incident, events: Events) -> Iterator[str]:
    for what in sorted(incident.observations):
        at, seen = incident.observations[what]
        state = "as expected" if seen.ok else "**NOT AS EXPECTED**"
        yield f"- {escape(what)}, last looked at {escape(clock_time(at))}: {state}"
        yield f"  - seen {code(seen.seen)}, expected {code(seen.expected)}"


def _evidence(incident: Incident, events: Events) -> Iterator[str]:
    host = incident.declared.jump_host if incident.declared else ""
    for kept in incident.evidence:
        path = code(f"evidence/{kept.path}")
        where = f"**private: stays on {escape(host)}, not encrypted**" if kept.private else path
        if kept.encrypted_to:
            where = f"**private, encrypted**: {path}"
        yield f"- {escape(kept.name)}: {where}, {kept.size} bytes" + ("" if kept.complete else ", **INCOMPLETE**")
        yield f"  - sha256 {code(kept.sha256)}"
        for name in kept.encrypted_to:
            yield f"  - encrypted to {escape(name)}"
        if kept.note:
            yield f"  - {escape(kept.note)}"


def _notes(incident: Incident, events: Events) -> Iterator[str]:
    for at, by, text in incident.notes:
        yield f"- {escape(clock_time(at))} {escape(by)}: {escape(text)}"


def _timeline(incident: Incident, events: Events) -> Iterator[str]:
    numbered = (f"{event.seq:>4}  {line}" for event, line in zip(events, timeline(events), strict=True))
    yield from fenced(numbered)


_SECTIONS: tuple[tuple[str, Callable[[Incident, Events], Iterator[str]]], ...] = (
    ("Summary", _summary),
    ("Sign-off", _sign_offs),
    ("Departures, refusals and failures", _departures),
    ("Decision", _decision),
    ("Approvals", approvals_section),
    ("What was known when", known_section),
    ("People", _people),
    ("Handing over", handover_section),
    ("Procedure and phases", phases_section),
    ("Checklist", _checklist),
    ("Checklist as printed", paper_section),
    ("Plans", _plans),
    ("Runs", _runs),
    ("Messages", messages_section),
    ("Watched", watched_section),
    ("Last observations", _observations),
    ("Evidence", _evidence),
    ("Debts", debts_section),
    ("Follow-up", follow_up_section),
    ("What went wrong", went_wrong_section),
    ("Failure mode", failure_mode_section),
    ("Why tests missed it", tests_missed_section),
    ("Notes and pinned log lines", _notes),
    ("Every event", _timeline),
)

_ONLY_WHERE_THERE_IS_ANY = (
    approvals_section,
    messages_section,
    phases_section,
    known_section,
    follow_up_section,
    paper_section,
    handover_section,
    watched_section,
    went_wrong_section,
    failure_mode_section,
    tests_missed_section,
)
