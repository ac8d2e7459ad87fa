"""The events of an incident as one line each, in plain words; what went wrong stands out in capitals.

Pure. Used by the Markdown report, by the review on plain terminals and by whoever reads a record aloud.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from actions.model import approval_words, watch_words
from actions.model import events as ev
from actions.model.clock import parse_stamp, span, t_plus
from actions.model.due import due_words
from actions.model.matrix import Inputs
from actions.model.outside_text import sanitise
from actions.model.record_criteria import marked_words
from actions.model.sensing import PREFIX
from actions.model.watching import PREFIX as WATCHED

_ARMED = {"enter": "Enter", "typed": "name typed", "key": "key"}
_ENDED = {
    "done": "done",
    "failed": "FAILED",
    "moved": "NOTHING DONE, the system had moved",
    "terminated": "TERMINATED",
    "unknown": "NOT KNOWN whether it happened",
}
_RESOLVED = {"yes": "it HAS happened", "no": "it has NOT happened", "unknown": "it is NOT KNOWN whether it happened"}
_QUIET_STATES = ("open", "running", "done")


def timeline(events: Iterable[ev.Event]) -> list[str]:
    """One line per event: ``T+04:12 10:02:18Z ops1  X2 switch image: started (Enter)``. Safe for any terminal."""
    telling = Telling()
    return [telling.line(event) for event in events]


class Telling:
    """Lines of a record that grows: each event as it comes, in order."""

    def __init__(self) -> None:
        self._first: ev.Event | None = None
        self._told = _Told()

    def line(self, event: ev.Event) -> str:
        """The line of the next event, as in ``timeline``."""
        first = self._first = self._first or event
        what = words(event, self._told)
        return sanitise(f"{since(first, event)} {clock_time(event.at, first.at)} {event.actor}  {what}")


@dataclass
class _Told:
    """What later lines need from earlier ones."""

    runs: dict[int, str] = field(default_factory=dict)
    """Number of a run -> ``X2 switch image``."""
    codes: dict[int, str] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    """Hash of a plan -> approvals, denials and broken glass about it."""
    signed: bool = False
    """Somebody has signed off what came before."""

    def late(self) -> str:
        """Of what is recorded although it was signed off: no sign-off stands for it."""
        return " (after the sign-off)" if self.signed else ""

    def run(self, number: int) -> str:
        return self.runs.get(number, f"run {number}")

    def code(self, number: int) -> str:
        return self.codes.get(number, f"run {number}")


def words(event: ev.Event, told: _Told | None = None) -> str:
    """What one event says, in plain words (not sanitised)."""
    teller = _TELLERS.get(type(event.body))
    if teller is None:
        return f"event of a kind that this version does not know: {event.kind}"
    return teller(event.body, told or _Told())


def since(first: ev.Event, event: ev.Event) -> str:
    """``T+04:12`` from the first event: monotonic within one boot, wall time across a reboot."""
    if first.boot == event.boot:
        return t_plus(event.mono - first.mono)
    try:
        return t_plus(round((parse_stamp(event.at) - parse_stamp(first.at)).total_seconds() * 1000))
    except (ValueError, OverflowError):
        return "T+?"


def clock_time(at: str, day_of: str = "") -> str:
    """``10:02:18Z``, with its date in front on another day than ``day_of``, or when there is none."""
    try:
        moment = parse_stamp(at)
    except (ValueError, OverflowError):
        return sanitise(at) or "?"
    return moment.strftime("%H:%M:%SZ" if day_of[:10] == at[:10] else "%Y-%m-%d %H:%M:%SZ")


def took(milliseconds: int) -> str:
    """A duration: ``412 ms``, ``4.2 s``, ``3 min 20 s``."""
    if milliseconds < 1000:
        return f"{max(0, milliseconds)} ms"
    if milliseconds < 60_000:
        return f"{milliseconds // 1000}.{milliseconds % 1000 // 100} s"
    return span(milliseconds // 1000)


def shouted(state: str) -> str:
    """The state of an item; one that departs from the list in capitals."""
    return state if state in _QUIET_STATES else state.upper()


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _declared(body: ev.Declared, told: _Told) -> str:
    mode = "DRILL" if body.mode == "drill" else "LIVE"
    return f"{mode} incident declared for {body.system} ({body.environment}): {body.title}"


def _lease_taken(body: ev.LeaseTaken, told: _Told) -> str:
    where = " ".join(part for part in (body.host, body.tty) if part)
    if body.accepted:
        whose = f" that {body.from_holder} offered" if body.from_holder else " that were offered"
        return f"{body.holder} has read the brief and takes the controls{whose}, at {where}"
    if body.from_holder:
        return f"{body.holder} TOOK OVER from {body.from_holder} at {where}{_because(body.reason)}"
    return f"{body.holder} flies, from {where}"


def _lease_released(body: ev.LeaseReleased, told: _Told) -> str:
    return f"{body.holder} left the cockpit"


def _inputs(body: ev.InputsSet, told: _Told) -> str:
    return "damage: " + Inputs(body.severity, body.users_low, body.users_high, body.data_risk).words()


def _decided(body: ev.Decided, told: _Told) -> str:
    entitled = f"; entitled: {body.role}" if body.role else ""
    if body.recommended and body.decision != body.recommended:
        said = f"the matrix says {body.recommended}{entitled}"
        return f"decided {body.decision} AGAINST THE MATRIX ({said}){_because(body.reason)}"
    row = f"row {body.row}, by {body.decided_by}" if body.row else "nothing was known of the damage"
    return f"decided {body.decision} ({row}{entitled}){_because(body.reason)}"


def _criterion(body: ev.CriterionMarked, told: _Told) -> str:
    level = f" ({body.level})" if body.level else ""
    return f"criterion {body.code}{level} {marked_words(body)}"


def _note(body: ev.NoteAdded, told: _Told) -> str:
    return f"note: {body.text}"


def _pinned(body: ev.LinePinned, told: _Told) -> str:
    where = f"{body.source} on {body.host}" if body.host else body.source
    return f"log line pinned from {where}{' at ' + body.at if body.at else ''}: {body.text}"


def _marked(body: ev.ItemMarked, told: _Told) -> str:
    return f"{body.code} {shouted(body.state)}: {body.text}{' - because: ' + body.reason if body.reason else ''}"


def _plan(body: ev.PlanDrawn, told: _Told) -> str:
    steps = body.plan.get("steps")
    count = len(steps) if isinstance(steps, list) else 0
    target = body.plan.get("target")
    name = target.get("name", "") if isinstance(target, dict) else ""
    void = sum(number for digest, number in told.answers.items() if digest != body.digest)
    told.answers = {digest: number for digest, number in told.answers.items() if digest == body.digest}
    voids = f"; VOIDS {void} {'answer' if void == 1 else 'answers'} to the plan before" if void else ""
    option = body.plan.get("option", "?")
    return f"plan drawn: {option} to {name or '?'}, {count} steps, plan {body.digest[:12]}{voids}"


def _option(body: ev.OptionChosen, told: _Told) -> str:
    return f"way back chosen: {body.option} instead of {body.before or 'none'}{_because(body.text)}"


def _started(body: ev.StepStarted, told: _Told) -> str:
    undo = "UNDO of " if body.undo else ""
    told.codes[body.run] = body.code
    told.runs[body.run] = f"{body.code} {undo}{body.title}"
    return f"{told.runs[body.run]}: started ({_ARMED.get(body.armed, body.armed)})"


def _effect_started(body: ev.EffectStarted, told: _Told) -> str:
    return f"{told.code(body.run)} effect {body.n}: {body.shown}"


def _effect_finished(body: ev.EffectFinished, told: _Told) -> str:
    state = "ok" if body.ok else "FAILED"
    ended = f"{state}, exit {body.exit_status}, {took(body.ms)}"
    return f"{told.code(body.run)} effect {body.n}: {ended}{_because(body.detail)}"


def _observed(body: ev.Observed, told: _Told) -> str:
    if body.ok:
        return f"observed {body.what}: {body.seen}, as expected"
    return f"observed {body.what}: NOT AS EXPECTED: {body.seen} (expected {body.expected})"


def _evidence(body: ev.EvidenceKept, told: _Told) -> str:
    marks = ("" if body.complete else ", INCOMPLETE") + (", private" if body.private else "")
    marks += f", encrypted to {', '.join(body.encrypted_to)}" if body.encrypted_to else ""
    return f"evidence kept: {body.name} ({body.size} bytes, sha256 {body.sha256[:12]}{marks}){_because(body.note)}"


def _finished(body: ev.StepFinished, told: _Told) -> str:
    ended = _ENDED.get(body.outcome, body.outcome.upper())
    return f"{told.run(body.run)}: {ended} after {took(body.ms)}{_because(body.summary)}"


def _resolved(body: ev.StepResolved, told: _Told) -> str:
    answer = _RESOLVED.get(body.happened, body.happened.upper())
    return f"{told.run(body.run)}: ITS END WAS LOST; asked, the system says that {answer}{_because(body.detail)}"


def _silent(body: ev.StepSilent, told: _Told) -> str:
    return f"{told.run(body.run)}: SILENT for {span(body.seconds)}"


def _stop(body: ev.StopRequested, told: _Told) -> str:
    how = "now" if body.how == "now" else "after this step"
    return f"STOP, {how}{', during ' + told.run(body.run) if body.run else ''}"


def _lifted(body: ev.StopLifted, told: _Told) -> str:
    return f"the stop is lifted{_because(body.reason)}"


def _refused(body: ev.StepRefused, told: _Told) -> str:
    return f"{body.code} REFUSED{_because(body.reason)}"


def _debt(body: ev.DebtOpened, told: _Told) -> str:
    due = f"; due {due_words(body.due)}" if body.due else ""
    undo = f"; undo: {body.undo}" if body.undo else ""
    if body.why:
        return f"debt {body.debt} opened anew{told.late()}{_because(body.why)}: {body.text}{undo}{due}"
    return f"debt {body.debt}: {body.text}{undo}{due}"


def _debt_paid(body: ev.DebtPaid, told: _Told) -> str:
    return f"debt {body.debt} paid{told.late()}{_because(body.how)}"


def _debt_assigned(body: ev.DebtAssigned, told: _Told) -> str:
    parts = [f"to {body.owner}" if body.owner else "", f"due {due_words(body.due)}" if body.due else ""]
    parts.append(f"followed in {body.ticket}" if body.ticket else "")
    return f"debt {body.debt} assigned{told.late()}: {', '.join(part for part in parts if part) or 'nothing'}"


def _closed(body: ev.Closed, told: _Told) -> str:
    outcome = body.outcome if body.outcome in ("recovered", "forward", "false alarm") else body.outcome.upper()
    where = f"; target {body.target}" if body.target else ""
    if body.running and body.running == body.target:
        where += ", and it runs"
    elif body.running or body.target:
        where += f"; RUNNING {body.running or 'NOT OBSERVED'}"
    if body.ticket:
        where += f"; the fix is followed in {body.ticket}, due {due_words(body.due) if body.due else 'at no said time'}"
    return f"closed: {outcome}{where}{_because(body.text)}"


def _parked(body: ev.IncidentParked, told: _Told) -> str:
    end = ev.Closed(body.outcome, body.text, body.target, body.running, body.ticket, body.due)
    return f"PARKED until {', '.join(body.owed) or 'nothing is bent'} is paid; {_closed(end, told)}".replace(
        "closed: ", "ended: ", 1
    )


def sign_words(body: ev.SignedOff) -> str:
    """Whether there is a signature, and whose; it is not checked here."""
    if body.signature:
        return f"signature of {body.signer or 'nobody named'}"
    return f"NOT SIGNED{_because(body.unsigned or 'no reason was recorded')}"


def _signed(body: ev.SignedOff, told: _Told) -> str:
    who = f"{body.name} ({body.person})" if body.name else body.person
    told.signed = True
    return f"signed off: {body.part} by {who}, over event {body.over_seq}; {sign_words(body)}"


def message_words(to: tuple[str, ...], through: str) -> str:
    """``management, support (smtp:mail)``."""
    return f"{', '.join(to) or 'nobody'} ({through})"


def _message_started(body: ev.MessageStarted, told: _Told) -> str:
    where = f", to {', '.join(body.addresses)}" if body.addresses else ""
    return f"message {body.attempt} begun: {message_words(body.to, body.through)}{where}: {body.subject}"


def _message_sent(body: ev.MessageSent, told: _Told) -> str:
    way = body.through.partition(":")[0]
    number = f"message {body.attempt}" if body.attempt else "message"
    who = message_words(body.to, body.through)
    if not body.ok:
        return f"{number} NOT SENT to {who}: {body.subject}{_because(body.detail)}"
    verb = "COPIED, not yet sent, for" if way == "copied" else "told"
    return f"{number} {verb} {who}: {body.subject}{_because(body.detail)}"


def _message_refused(body: ev.MessageRefused, told: _Told) -> str:
    return f"message {body.name!r} REFUSED{_because(body.reason)}"


def _procedure(body: ev.ProcedurePinned, told: _Told) -> str:
    return f"procedure pinned: {body.title} ({body.path or 'built in'}, sha256 {body.sha256[:12]})"


def _phase_closed(body: ev.PhaseClosed, told: _Told) -> str:
    return f'said aloud: "{body.words}"'


def _extended(body: ev.TimeBoxExtended, told: _Told) -> str:
    return f"{body.phase}: {body.seconds // 60} min MORE{_because(body.reason)}"


def _glass(body: ev.GlassBroken, told: _Told) -> str:
    second = f", with {body.second}" if body.second else ""
    return f"BREAK-GLASS{second}: without {body.what} ({', '.join(body.missing)}){_because(body.reason)}"


def _answered(body: ev.ApprovalGiven | ev.ApprovalDenied | ev.GlassBroken, told: _Told) -> str:
    if not isinstance(body, ev.GlassBroken) or body.what == "approval":
        told.answers[body.digest] = told.answers.get(body.digest, 0) + 1
    if isinstance(body, ev.ApprovalGiven):
        return approval_words.given_line(body)
    return approval_words.denied_line(body) if isinstance(body, ev.ApprovalDenied) else _glass(body, told)


_TELLERS: dict[type[Any], Callable[[Any, _Told], str]] = {
    ev.Declared: _declared,
    ev.LeaseTaken: _lease_taken,
    ev.LeaseReleased: _lease_released,
    ev.InputsSet: _inputs,
    ev.Decided: _decided,
    ev.CriterionMarked: _criterion,
    ev.NoteAdded: _note,
    ev.LinePinned: _pinned,
    ev.ItemMarked: _marked,
    ev.PlanDrawn: _plan,
    ev.OptionChosen: _option,
    ev.StepStarted: _started,
    ev.EffectStarted: _effect_started,
    ev.EffectFinished: _effect_finished,
    ev.Observed: _observed,
    ev.EvidenceKept: _evidence,
    ev.StepFinished: _finished,
    ev.StepResolved: _resolved,
    ev.StepSilent: _silent,
    ev.StopRequested: _stop,
    ev.StopLifted: _lifted,
    ev.StepRefused: _refused,
    ev.DebtOpened: _debt,
    ev.DebtPaid: _debt_paid,
    ev.DebtAssigned: _debt_assigned,
    ev.ProcedurePinned: _procedure,
    ev.PhaseClosed: _phase_closed,
    ev.TimeBoxExtended: _extended,
    ev.Closed: _closed,
    ev.IncidentParked: _parked,
    ev.SignedOff: _signed,
    ev.ApprovalRequested: lambda body, told: approval_words.requested_words(body),
    ev.ApprovalGiven: _answered,
    ev.ApprovalDenied: _answered,
    ev.GlassBroken: _answered,
    ev.MessageStarted: _message_started,
    ev.MessageSent: _message_sent,
    ev.MessageRefused: _message_refused,
    ev.WatchBegun: lambda body, told: watch_words.begun_line(body),
    ev.WatchEnded: lambda body, told: watch_words.ended_line(body),
    ev.HandoverOffered: lambda body, told: watch_words.offered_line(body),
}


def departs(event: ev.Event) -> bool:
    """Whether an event tells of something that went otherwise than it should: refused, failed, overridden, stopped."""
    test = _DEPARTURES.get(type(event.body))
    return test is not None and test(event.body)


_DEPARTURES: dict[type[Any], Callable[[Any], bool]] = {
    ev.LeaseTaken: lambda body: bool(body.from_holder) and not body.accepted,
    ev.Decided: lambda body: bool(body.recommended) and body.decision != body.recommended,
    ev.ItemMarked: lambda body: body.state not in _QUIET_STATES,
    ev.EffectFinished: lambda body: not body.ok,
    ev.Observed: lambda body: not body.ok and not body.what.startswith((PREFIX, WATCHED)),
    ev.TimeBoxExtended: lambda body: True,
    ev.EvidenceKept: lambda body: not body.complete,
    ev.StepStarted: lambda body: body.undo,
    ev.StepFinished: lambda body: body.outcome != "done",
    ev.StepResolved: lambda body: True,
    ev.StepSilent: lambda body: True,
    ev.StopRequested: lambda body: True,
    ev.StepRefused: lambda body: True,
    ev.Closed: lambda body: body.outcome not in ("recovered", "forward", "false alarm"),
    ev.IncidentParked: lambda body: body.outcome not in ("recovered", "forward", "false alarm"),
    ev.SignedOff: lambda body: not body.signature,
    ev.ApprovalDenied: lambda body: True,
    ev.GlassBroken: lambda body: True,
    ev.MessageSent: lambda body: not body.ok,
    ev.MessageRefused: lambda body: True,
    ev.WatchEnded: watch_words.watch_departs,
    ev.Unknown: lambda body: True,
}
