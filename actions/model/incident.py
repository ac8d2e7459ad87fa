"""An incident: everything that is known from its journal. ``fold.apply`` is the only way it ever changes.

Pure: no clock, no I/O. What depends on the time now (clocks, authority) is computed by its readers from what stands
here.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from actions.model import events as ev
from actions.model.checklist import Item, Kind, Phase, State
from actions.model.listing import listed
from actions.model.matrix import BUILT_IN, Decision, Inputs, Recommendation, Row, recommend, severity_of_level
from actions.model.plan import Plan, PlannedStep, family
from actions.model.procedure import Procedure
from actions.model.quick_dataclass import dataclass
from actions.model.sensing import reading
from actions.model.step import Happened, Outcome

BY_HAND = (State.OVERRIDDEN, State.NOT_APPLICABLE, State.DEFERRED)
"""States that only a person gives, to any item that is not done."""


@dataclass(frozen=True)
class Command:
    """One effect that ran: a line of the command log."""

    run: int
    n: int
    shown: str
    started: str
    ok: bool | None = None
    """None while it runs (or when its end was never recorded)."""
    exit_status: int = 0
    ms: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Run:
    """One run of a step (or of its undo)."""

    number: int
    code: str
    step: str
    title: str
    digest: str
    undo: bool
    pid: int
    pid_start: int
    spool: str
    by: str
    started: str
    started_mono: int
    boot: str
    outcome: Outcome | None = None
    """None: no end is recorded."""
    summary: str = ""
    ended: str = ""
    ms: int = 0
    resolved: Happened | None = None
    """The world's answer, when the run's end was lost."""
    silent_s: int = 0
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Started, and neither ended nor resolved."""
        return self.outcome is None and self.resolved is None

    @property
    def took(self) -> bool:
        """Its effect stands: it ended well, or the world said so."""
        return self.outcome is Outcome.DONE or self.resolved is Happened.YES


@dataclass(frozen=True)
class Mark:
    """The newest mark of a person on an item."""

    state: State
    by: str
    at: str
    reason: str
    text: str


@dataclass(frozen=True)
class Deviation:
    """Something that was done otherwise than the list says; printed on the sign-off."""

    at: str
    by: str
    what: str
    reason: str


@dataclass(frozen=True)
class Debt:
    """Something bent."""

    name: str
    text: str
    undo: str
    due: str
    paid: str = ""
    """How; empty: it is open."""
    owner: str = ""
    ticket: str = ""
    opened_at: str = ""
    opened_by: str = ""
    why: str = ""
    """Why it was opened anew after somebody had paid it; empty: it was not."""
    paid_at: str = ""
    paid_by: str = ""


@dataclass(frozen=True)
class Said:
    """A body of an event with its time and actor."""

    at: str
    by: str
    mono: int
    boot: str
    body: Any


@dataclass(frozen=True)
class Incident:
    """Everything that is known from the journal up to ``head_seq``."""

    id: str
    head_seq: int = 0
    head_hash: str = ""
    last_at: str = ""
    declared: ev.Declared | None = None
    declared_at: str = ""
    declared_mono: int = 0
    declared_boot: str = ""
    declared_by: str = ""
    holder: ev.LeaseTaken | None = None
    inputs: Inputs = field(default_factory=Inputs)
    inputs_history: tuple[tuple[str, str, Inputs], ...] = ()
    """(at, by, inputs), oldest first."""
    decision: ev.Decided | None = None
    decided_at: str = ""
    decided_who: str = ""
    """Who recorded the decision."""
    decision_stale: bool = False
    """New facts came after the decision and change what the matrix recommends."""
    decided_inputs: Inputs | None = None
    """What was known when it was decided; None: nothing is decided."""
    decided_criteria: dict[str, Said] = field(default_factory=dict)
    """``criteria`` as they stood then."""
    marks: dict[str, Mark] = field(default_factory=dict)
    plan: Plan | None = None
    plan_digest: str = ""
    plan_by: str = ""
    """Who drew it."""
    plans_drawn: int = 0
    option: str = ""
    """The way back in use: that of the plan, or the one that was chosen since; empty: the first configured one."""
    runs: tuple[Run, ...] = ()
    commands: tuple[Command, ...] = ()
    observations: dict[str, tuple[str, ev.Observed]] = field(default_factory=dict)
    """What -> (at, newest reading)."""
    turned: dict[str, str] = field(default_factory=dict)
    """What -> since when every reading of it has been as well, or as bad, as the newest."""
    evidence: tuple[ev.EvidenceKept, ...] = ()
    notes: tuple[tuple[str, str, str], ...] = ()
    """(at, by, text)."""
    debts: tuple[Debt, ...] = ()
    stop: ev.StopRequested | None = None
    deviations: tuple[Deviation, ...] = ()
    closed: ev.Closed | None = None
    """How it ended: nobody flies it any more. Also of one that is parked; ``is_parked`` tells them apart."""
    closed_at: str = ""
    parked: ev.IncidentParked | None = None
    """It was parked, and may have been closed since."""
    parked_at: str = ""
    for_good: bool = False
    """Its ``Closed`` is on record: nothing holds it open."""
    signed_before: int = 0
    """So many of the sign-offs were given while it was parked: over another head than that of the close."""
    sign_offs: tuple[tuple[str, ev.SignedOff], ...] = ()
    procedure: Procedure | None = None
    """The pinned document; None in records from before there was one: the built-in lists hold."""
    procedure_overdue: str = ""
    """Since when the document's review was overdue at the declaration; empty: it was not."""
    matrix: tuple[Row, ...] = BUILT_IN
    """The rows that hold, worst first: those of the document where it has any."""
    criteria: dict[str, Said] = field(default_factory=dict)
    """Code -> the newest ``CriterionMarked``."""
    criteria_history: tuple[Said, ...] = ()
    phases_closed: dict[str, Said] = field(default_factory=dict)
    """Phase -> its newest ``PhaseClosed``."""
    extensions: tuple[Said, ...] = ()
    approvals: tuple[Said, ...] = ()
    """``ApprovalRequested``, ``ApprovalGiven``, ``ApprovalDenied`` and ``GlassBroken``, oldest first, of every plan."""
    messages: tuple[Said, ...] = ()
    """``MessageSent``, oldest first."""
    message_attempts: tuple[Said, ...] = ()
    """``MessageStarted``, oldest first: one that no ``MessageSent`` ends has an end that is not known (yet)."""
    watches: tuple[Said, ...] = ()
    """``WatchBegun`` and ``WatchEnded``, oldest first."""
    handovers: tuple[Said, ...] = ()
    """``HandoverOffered``, oldest first."""
    offered: Said | None = None
    """The ``HandoverOffered`` that is neither taken nor taken back."""
    unknown_kinds: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        """``live`` or ``drill``; an incident without its first event counts as live."""
        return self.declared.mode if self.declared else "live"

    @property
    def running(self) -> Run | None:
        """The run that is under way, or whose end is not known yet."""
        return next((run for run in reversed(self.runs) if run.open), None)

    @property
    def executed(self) -> ev.SignedOff | None:
        """The newest sign-off of the one who carried it out."""
        return next(
            (sign for _, sign in reversed(self.sign_offs[self.signed_before :]) if sign.part == "executed"), None
        )

    @property
    def verified(self) -> ev.SignedOff | None:
        """The newest sign-off of the one who verified."""
        return next(
            (sign for _, sign in reversed(self.sign_offs[self.signed_before :]) if sign.part == "verified"), None
        )

    @property
    def is_parked(self) -> bool:
        """How it ended is recorded, and it stays open for what is bent."""
        return self.parked is not None and not self.for_good

    @property
    def signed(self) -> bool:
        """Closed or parked, and signed by both as it stood then."""
        return self.closed is not None and self.executed is not None and self.verified is not None

    @property
    def finished(self) -> bool:
        """Closed and signed by both."""
        return self.signed and not self.is_parked

    def last_run(self, code: str) -> Run | None:
        """The newest run of a step of the present plan, or None."""
        return next((run for run in reversed(self.runs) if run.code == code and run.digest == self.plan_digest), None)

    @property
    def proven(self) -> bool:
        """Every proving step of the plan has succeeded, after everything else that changed the system."""
        if self.plan is None:
            return False
        proving = [step for step in self.plan.steps if step.proves]
        if not proving:
            return False
        for step in proving:
            run = self.last_run(step.code)
            if run is None or run.undo or run.outcome is not Outcome.DONE:
                return False
            if any(later.number > run.number and changes(self.plan.step(later.code)) for later in self.runs):
                return False
        return True


def procedure_warnings(incident: Incident) -> tuple[str, ...]:
    """What was wrong with the document when it was pinned, for the line on top."""
    since = incident.procedure_overdue
    return (f"the procedure's review is overdue since {since}",) if since else ()


def keeps_failing(incident: Incident, times: int = 2) -> bool:
    """Whether the newest runs are of one step and none of them came about; who plays by rote gives up then."""
    newest = incident.runs[-times:]
    return len(newest) == times and len({run.code for run in newest}) == 1 and not any(run.took for run in newest)


def changes(step: PlannedStep | None) -> bool:
    """Whether a step alters what runs (so that an older proof no longer counts). Unknown steps count as such."""
    return step is None or (step.phase == Phase.CARRY_OUT.value and not step.proves and not step.optional)


def owed(incident: Incident, code: str, by: PlannedStep | None = None) -> tuple[Debt, ...]:
    """What the step of this code has bent and nobody has straightened yet, whichever plan it was a step of.

    Another option's step of the same code, of another plan, is another step: what that has bent is left out. ``by``:
    the step that straightens it.
    """
    found = tuple(debt for debt in incident.debts if not debt.paid and debt.name.startswith(f"{code}."))
    step = by if by is not None and by.pays else incident.plan.step(code) if found and incident.plan else None
    if step is None:
        return found
    kinds = {f"{code}.{run.number}": family(run.step) for run in incident.runs if run.code == code}
    return tuple(debt for debt in found if kinds.get(debt.name, step.family) == step.family)


def _bent_before(incident: Incident, step: PlannedStep) -> bool:
    """Whether what another step straightens was bent under an earlier plan, and still is or was until that step ran."""
    other = incident.plan.straightens(step.code) if incident.plan else None
    if other is None:
        return False
    straightened = incident.last_run(other.code) is not None
    names = {debt.name for debt in incident.debts if straightened or not debt.paid}
    return any(run.took and run.step == step.step and f"{step.code}.{run.number}" in names for run in incident.runs)


def step_state(incident: Incident, step: PlannedStep) -> State:
    """Where a step's item stands, from its runs and the marks of people.

    What straightens something is open again as soon as that is bent again.
    """
    mark = incident.marks.get(step.code)
    run = incident.last_run(step.code)
    if run is not None and run.open:
        return State.RUNNING
    again = bool(step.pays) and bool(owed(incident, step.pays, step))
    if mark is not None and mark.state in BY_HAND and (run is None or not run.took or run.undo or again):
        return mark.state
    if run is None:
        return State.DONE if _bent_before(incident, step) else State.OPEN
    if run.took and again and not run.undo:
        return State.OPEN
    if run.undo:
        return State.OPEN if run.took else State.FAILED
    if run.took:
        return State.DONE
    if run.resolved is Happened.NO or run.outcome is Outcome.MOVED:
        return State.OPEN
    return State.FAILED


def proposed_severity(incident: Incident, criteria: dict[str, Said] | None = None) -> str:
    """The severity of the worst criterion that is met (now, or as ``criteria`` stood then), or empty."""
    levels = tuple(dict.fromkeys(one.level for one in incident.procedure.criteria)) if incident.procedure else ()
    marked = incident.criteria if criteria is None else criteria
    met = {said.body.level for said in marked.values() if said.body.met}
    names = [severity_of_level(level, levels, incident.matrix) for level in met]
    return next((row.severity for row in incident.matrix if row.severity in names), "")


def recommended(incident: Incident) -> Recommendation | None:
    """What the matrix says of everything that is known now, or None while nothing is."""
    return recommend(incident.inputs, incident.matrix, proposed_severity(incident))


def branches(incident: Incident) -> frozenset[str]:
    """Branches of the procedure that are open: those of the criteria that are met."""
    if incident.procedure is None:
        return frozenset()
    every = enumerate(incident.procedure.criteria, 1)
    named = {f"Y{place}": one.branch for place, one in every if one.branch}
    return frozenset(named[code] for code, said in incident.criteria.items() if said.body.met and code in named)


def restricted(incident: Incident) -> bool:
    """Whether few may read this record: a criterion that says that somebody may be inside is met, or ever was."""
    criteria = incident.procedure.criteria if incident.procedure else ()
    named = {f"Y{place}" for place, one in enumerate(criteria, 1) if one.branch == "security"}
    return any(
        said.body.met and (said.body.branch == "security" or said.body.code in named)
        for said in incident.criteria_history
    )


_listed: tuple[Any, Any, Any, Any, tuple[Item, ...]] = (None, None, None, None, ())
"""Of whom the list was made last, and the list: it is asked for with every picture."""


def items(incident: Incident) -> tuple[Item, ...]:
    """The whole list: the items of the procedure with the steps of the plan in their places."""
    global _listed
    known = _listed
    procedure, declared, plan, said = incident.procedure, incident.declared, incident.plan, incident.criteria
    of = (procedure, declared, plan, said)
    if any(one is not other for one, other in zip(known, of, strict=False)) or not known[4]:
        settings = declared.settings if declared else {}
        known = (*of, listed(procedure, settings, plan, branches(incident)))
        _listed = known
    return known[4]


def item_of(incident: Incident, code: str) -> Item | None:
    """The item with this code, or None."""
    return next((item for item in items(incident) if item.code == code), None)


def said_of(incident: Incident, item: Item) -> Mark | None:
    """What a person said of an item: of the item of the document, too, that a step stands for."""
    return incident.marks.get(item.code) or (incident.marks.get(item.named) if item.named else None)


def state_of(incident: Incident, item: Item) -> State:
    """The state of any item. What is observed comes before what was said of it by hand."""
    if item.kind is Kind.STEP:
        step = incident.plan.step(item.code) if incident.plan else None
        state = step_state(incident, step) if step else State.OPEN
        said = said_of(incident, item) if item.named else None
        return said.state if state is State.OPEN and said is not None and said.state in BY_HAND else state
    mark = incident.marks.get(item.code)
    group = incident.marks.get(item.parent)
    if (mark is None or mark.state is State.OPEN) and group is not None and group.state in BY_HAND:
        mark = group  # whoever sets all workflows aside need not do so one by one
    if item.kind is Kind.SENSED:
        seen = reading(incident, item.sensor)
        if seen is not None and seen.ok:
            return State.DONE
        return mark.state if mark is not None and mark.state in BY_HAND else State.OPEN
    if mark is not None and item.affirms and mark.state is State.DONE and mark.text != item.text:
        return State.OPEN  # it was affirmed over another number
    return mark.state if mark else State.OPEN


def rollback_decided(incident: Incident) -> bool:
    """A person has decided to roll back, and no newer fact has re-opened the decision."""
    return _stands(incident, Decision.ROLL_BACK)


def forward_decided(incident: Incident) -> bool:
    """A person has decided to fix forward, and no newer fact has re-opened the decision."""
    return _stands(incident, Decision.FIX_FORWARD)


def _stands(incident: Incident, wanted: Decision) -> bool:
    decision = incident.decision
    return decision is not None and not incident.decision_stale and decision.decision == wanted.value
