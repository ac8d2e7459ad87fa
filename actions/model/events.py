"""The events of an incident: the envelope that is chained, and one body per kind of fact.

Bodies hold strings, whole numbers, booleans and nested plain values only, so that their canonical JSON is unique. A
kind that this version does not know is kept as ``Unknown`` with its data, so that newer records are read and never
rewritten.
"""

from __future__ import annotations

import functools
from dataclasses import field
from typing import Any, ClassVar, Protocol

from actions.model.canonical import canonical_json, sha256_hex
from actions.model.codec import from_json, later, to_json
from actions.model.events_after import (
    DebtAssigned as DebtAssigned,
)
from actions.model.events_after import (
    HandoverOffered as HandoverOffered,
)
from actions.model.events_after import (
    IncidentParked as IncidentParked,
)
from actions.model.events_after import (
    WatchBegun as WatchBegun,
)
from actions.model.events_after import (
    WatchEnded as WatchEnded,
)
from actions.model.events_approval import (
    ApprovalDenied as ApprovalDenied,
)
from actions.model.events_approval import (
    ApprovalGiven as ApprovalGiven,
)
from actions.model.events_approval import (
    ApprovalRequested as ApprovalRequested,
)
from actions.model.events_approval import (
    GlassBroken as GlassBroken,
)
from actions.model.events_message import (
    MessageRefused as MessageRefused,
)
from actions.model.events_message import (
    MessageSent as MessageSent,
)
from actions.model.events_message import (
    MessageStarted as MessageStarted,
)
from actions.model.events_modes import (
    OptionChosen as OptionChosen,
)
from actions.model.events_procedure import (
    CriterionMarked as CriterionMarked,
)
from actions.model.events_procedure import (
    PhaseClosed as PhaseClosed,
)
from actions.model.events_procedure import (
    ProcedurePinned as ProcedurePinned,
)
from actions.model.events_procedure import (
    TimeBoxExtended as TimeBoxExtended,
)
from actions.model.quick_dataclass import dataclass

GENESIS = "0" * 64
"""Previous hash of the first event."""


class Body(Protocol):
    """A fact. Implementations are frozen dataclasses with a ``kind``."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Declared:
    """The incident is opened; its first event."""

    kind: ClassVar[str] = "declared"
    system: str
    environment: str
    mode: str
    """``live`` or ``drill``; never changes."""
    title: str
    host: str
    option: str
    config_path: str
    config_sha256: str
    version: str
    jump_host: str
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Person -> {name, roles, signer}, as configured at this moment."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The configuration as read, redacted: a pinned copy for the reviewer."""


@dataclass(frozen=True)
class LeaseTaken:
    """Somebody flies now."""

    kind: ClassVar[str] = "lease.taken"
    holder: str
    host: str
    pid: int
    tty: str
    fence: int
    reason: str = ""
    """Why it was taken from somebody else; empty when it was free."""
    from_holder: str = ""
    accepted: bool = False
    """It was offered, and whoever takes it has read the brief: no takeover."""


@dataclass(frozen=True)
class LeaseReleased:
    """The one who flew left the cockpit."""

    kind: ClassVar[str] = "lease.released"
    holder: str
    fence: int


@dataclass(frozen=True)
class InputsSet:
    """What is known of the damage now; every change is an event, so the history stays."""

    kind: ClassVar[str] = "inputs.set"
    severity: str
    users_low: int
    users_high: int
    """Percent of users affected, as a range; -1: not known."""
    data_risk: str


@dataclass(frozen=True)
class Decided:
    """Roll back or fix forward, and what the matrix said."""

    kind: ClassVar[str] = "decided"
    decision: str
    recommended: str
    row: str
    decided_by: str
    """The input that made the row."""
    role: str
    """The role that was entitled to decide at this moment."""
    reason: str = ""
    """Why it differs from the recommendation."""


@dataclass(frozen=True)
class NoteAdded:
    """Free text of a person."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class LinePinned:
    """A log line that somebody pinned into the record."""

    kind: ClassVar[str] = "log.pinned"
    source: str
    """The log file, or the service and number of the container."""
    at: str
    """When the line says it was written (a stamp); empty: it does not say."""
    text: str
    host: str = later("")
    """The machine that the log lies on."""


@dataclass(frozen=True)
class ItemMarked:
    """A checklist item changed its state by hand."""

    kind: ClassVar[str] = "item.marked"
    code: str
    text: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class PlanDrawn:
    """A plan was frozen; it replaces the one before."""

    kind: ClassVar[str] = "plan.drawn"
    digest: str
    plan: dict[str, Any]


@dataclass(frozen=True)
class StepStarted:
    """The intent: committed before the first effect."""

    kind: ClassVar[str] = "step.started"
    run: int
    """Number of this run within the incident, from 1."""
    code: str
    step: str
    title: str
    digest: str
    """Hash of the plan that it belongs to."""
    undo: bool
    armed: str
    """How: ``enter``, ``typed`` or ``key``."""
    pid: int
    """Process and session id of the worker."""
    pid_start: int
    """Start time of the worker in clock ticks since boot, so that a reused number is not mistaken for it."""
    spool: str
    """Name of the output file, relative to the incident's folder."""


@dataclass(frozen=True)
class EffectStarted:
    """One effect of a running step begins."""

    kind: ClassVar[str] = "effect.started"
    run: int
    n: int
    shown: str
    """The effect in one line, as in the preview."""


@dataclass(frozen=True)
class EffectFinished:
    """One effect ended."""

    kind: ClassVar[str] = "effect.finished"
    run: int
    n: int
    ok: bool
    exit_status: int
    """Of a command; 0 or 1 for other effects."""
    ms: int
    detail: str


@dataclass(frozen=True)
class Observed:
    """Something was looked at: a probe, the running images, the running commit."""

    kind: ClassVar[str] = "observed"
    run: int
    """The step that looked; 0: the cockpit by itself."""
    what: str
    ok: bool
    seen: str
    expected: str
    ms: int = 0


@dataclass(frozen=True)
class EvidenceKept:
    """A file was kept."""

    kind: ClassVar[str] = "evidence.kept"
    run: int
    name: str
    path: str
    sha256: str
    size: int
    private: bool
    complete: bool
    note: str = ""
    encrypted_to: tuple[str, ...] = ()
    """Comment and fingerprint of those who can open it; empty: not encrypted."""
    what: str = later("")
    """``monitoring``: what its three numbers were; empty: logs or configuration."""
    marks: dict[str, str] | None = later(None)
    """Of an environment: name -> mark of its value, made with the store's key; without it nothing can be guessed."""


@dataclass(frozen=True)
class StepFinished:
    """The result: committed after the last effect."""

    kind: ClassVar[str] = "step.finished"
    run: int
    outcome: str
    summary: str
    ms: int
    spool_sha256: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StepResolved:
    """A run without an end was looked into: the world was asked."""

    kind: ClassVar[str] = "step.resolved"
    run: int
    happened: str
    detail: str


@dataclass(frozen=True)
class StepSilent:
    """A running step has said nothing for longer than expected; it goes on."""

    kind: ClassVar[str] = "step.silent"
    run: int
    seconds: int


@dataclass(frozen=True)
class StopRequested:
    """Somebody pressed the everything-stops key."""

    kind: ClassVar[str] = "stop.requested"
    run: int
    """The running step, or 0."""
    how: str
    """``after`` this step, or ``now``."""


@dataclass(frozen=True)
class StopLifted:
    """Steps may run again."""

    kind: ClassVar[str] = "stop.lifted"
    reason: str = ""


@dataclass(frozen=True)
class StepRefused:
    """A wish that was refused, with the reason that was shown."""

    kind: ClassVar[str] = "step.refused"
    code: str
    reason: str


@dataclass(frozen=True)
class DebtOpened:
    """Something was bent that must be straightened later."""

    kind: ClassVar[str] = "debt.opened"
    debt: str
    text: str
    undo: str
    due: str
    why: str = later("")
    """Why it is owed all the same, of one that was paid by mistake; empty: it is owed for the first time."""


@dataclass(frozen=True)
class DebtPaid:
    """It was straightened."""

    kind: ClassVar[str] = "debt.paid"
    debt: str
    how: str


@dataclass(frozen=True)
class Closed:
    """The outcome; only sign-offs follow."""

    kind: ClassVar[str] = "closed"
    outcome: str
    """``recovered``, ``forward``, ``not recovered``, ``abandoned`` or ``false alarm``."""
    text: str
    target: str = ""
    running: str = ""
    ticket: str = ""
    """Where the fix is followed: of every incident that is fixed forward."""
    due: str = ""
    """When the fix is due: a stamp, or empty."""


@dataclass(frozen=True)
class SignedOff:
    """A person stands for everything up to and including event ``over_seq``."""

    kind: ClassVar[str] = "signed.off"
    part: str
    """``executed`` or ``verified``."""
    person: str
    name: str
    over_seq: int
    over_hash: str
    signature: str = ""
    """Armored ``ssh-keygen -Y sign`` output over the statement; empty: unsigned."""
    signer: str = ""
    """Principal in the allowed-signers file."""
    unsigned: str = ""
    """Why there is no signature, in plain words."""


@dataclass(frozen=True)
class Unknown:
    """A kind that this version does not know; kept as it is."""

    kind: ClassVar[str] = "unknown"
    name: str
    data: dict[str, Any]


BODIES: dict[str, type[Any]] = {
    cls.kind: cls
    for cls in (
        Declared,
        LeaseTaken,
        LeaseReleased,
        InputsSet,
        Decided,
        NoteAdded,
        LinePinned,
        ItemMarked,
        PlanDrawn,
        StepStarted,
        EffectStarted,
        EffectFinished,
        Observed,
        EvidenceKept,
        StepFinished,
        StepResolved,
        StepSilent,
        StopRequested,
        StopLifted,
        StepRefused,
        DebtOpened,
        DebtPaid,
        Closed,
        SignedOff,
        ProcedurePinned,
        CriterionMarked,
        PhaseClosed,
        TimeBoxExtended,
        ApprovalRequested,
        ApprovalGiven,
        ApprovalDenied,
        GlassBroken,
        MessageStarted,
        MessageSent,
        MessageRefused,
        DebtAssigned,
        WatchBegun,
        WatchEnded,
        HandoverOffered,
        OptionChosen,
        IncidentParked,
    )
}


@dataclass(frozen=True)
class Event:
    """One link of the chain."""

    incident: str
    seq: int
    at: str
    """Wall time, UTC stamp."""
    mono: int
    """Monotonic milliseconds; comparable within one ``boot``."""
    boot: str
    actor: str
    kind: str
    data: dict[str, Any]
    """The body as plain JSON, without its kind."""
    prev: str
    hash: str

    @functools.cached_property
    def body(self) -> Any:
        """The body as its dataclass; ``Unknown`` for a kind or shape that this version does not know."""
        cls = BODIES.get(self.kind)
        if cls is None:
            return Unknown(self.kind, self.data)
        try:
            return from_json(cls, self.data, self.kind)
        except ValueError:
            return Unknown(self.kind, self.data)

    def link(self) -> dict[str, Any]:
        """What is hashed: everything but the hash itself."""
        return {
            "incident": self.incident,
            "seq": self.seq,
            "at": self.at,
            "mono": self.mono,
            "boot": self.boot,
            "actor": self.actor,
            "kind": self.kind,
            "data": self.data,
            "prev": self.prev,
        }

    def line(self) -> bytes:
        """The event as its one canonical line of JSON, without a newline."""
        return canonical_json({**self.link(), "hash": self.hash})


def body_data(body: Body) -> dict[str, Any]:
    """A body as plain JSON without its kind; an ``Unknown`` gives back what it holds."""
    if isinstance(body, Unknown):
        return body.data
    data: dict[str, Any] = to_json(body)
    data.pop("kind", None)
    return data


def body_kind(body: Body) -> str:
    """The kind that goes into the envelope."""
    return body.name if isinstance(body, Unknown) else body.kind


def chain_hash(prev: str, link: dict[str, Any]) -> str:
    """sha256 over the previous hash and the RFC 8785 form of the event."""
    return sha256_hex(prev.encode("ascii") + b"\n" + canonical_json(link))
