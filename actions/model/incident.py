"""An incident: everything that is known from its journal. ``fold.apply`` is the only way it ever changes.

Pure: no clock, no I/O. What depends on the time now (clocks, authority) is computed by its readers from what stands
here.
"""

from __future__ import annotations

from dataclasses import field

from actions.model import events as ev
from actions.model.checklist import AFTER, BEFORE, Item, Kind, Phase, State
from actions.model.matrix import Decision, Inputs
from actions.model.plan import Plan, PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.step import Happened, Outcome


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
    decision_stale: bool = False
    """New facts came after the decision and change what the matrix recommends."""
    marks: dict[str, Mark] = field(default_factory=dict)
    plan: Plan | None = None
    plan_digest: str = ""
    plans_drawn: int = 0
    runs: tuple[Run, ...] = ()
    commands: tuple[Command, ...] = ()
    observations: dict[str, tuple[str, ev.Observed]] = field(default_factory=dict)
    """What -> (at, newest reading)."""
    evidence: tuple[ev.EvidenceKept, ...] = ()
    notes: tuple[tuple[str, str, str], ...] = ()
    """(at, by, text)."""
    debts: tuple[Debt, ...] = ()
    stop: ev.StopRequested | None = None
    deviations: tuple[Deviation, ...] = ()
    closed: ev.Closed | None = None
    closed_at: str = ""
    sign_offs: tuple[tuple[str, ev.SignedOff], ...] = ()
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
        return next((sign for _, sign in reversed(self.sign_offs) if sign.part == "executed"), None)

    @property
    def verified(self) -> ev.SignedOff | None:
        """The newest sign-off of the one who verified."""
        return next((sign for _, sign in reversed(self.sign_offs) if sign.part == "verified"), None)

    @property
    def finished(self) -> bool:
        """Closed and signed by both."""
        return self.closed is not None and self.executed is not None and self.verified is not None

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


def keeps_failing(incident: Incident, times: int = 2) -> bool:
    """Whether the newest runs are of one step and none of them came about; who plays by rote gives up then."""
    newest = incident.runs[-times:]
    return len(newest) == times and len({run.code for run in newest}) == 1 and not any(run.took for run in newest)


def changes(step: PlannedStep | None) -> bool:
    """Whether a step alters what runs (so that an older proof no longer counts). Unknown steps count as such."""
    return step is None or (step.phase == Phase.CARRY_OUT.value and not step.proves and not step.optional)


def step_state(incident: Incident, step: PlannedStep) -> State:
    """Where a step's item stands, from its runs and the marks of people."""
    mark = incident.marks.get(step.code)
    run = incident.last_run(step.code)
    if run is not None and run.open:
        return State.RUNNING
    by_hand = mark is not None and mark.state in (State.OVERRIDDEN, State.NOT_APPLICABLE, State.DEFERRED)
    if mark is not None and by_hand and (run is None or not run.took or run.undo):
        return mark.state
    if run is None:
        return State.OPEN
    if run.undo:
        return State.OPEN if run.took else State.FAILED
    if run.took:
        return State.DONE
    if run.resolved is Happened.NO or run.outcome is Outcome.MOVED:
        return State.OPEN
    return State.FAILED


def items(incident: Incident) -> tuple[Item, ...]:
    """The whole list: the built-in items with the steps of the plan between them."""
    steps = incident.plan.steps if incident.plan else ()
    rows: list[Item] = list(BEFORE)
    for phase in (Phase.BEFORE, Phase.CARRY_OUT, Phase.AFTER):
        if phase is Phase.AFTER:
            rows += AFTER
        rows += [Item(step.code, step.title, Kind.STEP, phase) for step in steps if step.phase == phase.value]
    return tuple(rows)


def state_of(incident: Incident, item: Item) -> State:
    """The state of any item."""
    if item.kind is Kind.STEP:
        step = incident.plan.step(item.code) if incident.plan else None
        return step_state(incident, step) if step else State.OPEN
    if item.kind is Kind.SENSED:
        if item.sensor == "decision":
            return State.DONE if incident.decision and not incident.decision_stale else State.OPEN
        if item.sensor == "target":
            return State.DONE if incident.plan else State.OPEN
        return State.OPEN
    mark = incident.marks.get(item.code)
    return mark.state if mark else State.OPEN


def rollback_decided(incident: Incident) -> bool:
    """A person has decided to roll back, and no newer fact has re-opened the decision."""
    return (
        incident.decision is not None
        and not incident.decision_stale
        and incident.decision.decision == Decision.ROLL_BACK.value
    )
