"""A record replayed: the incident as it was known at each of its events. Reads only; later knowledge is not shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

from actions.model.checklist import State
from actions.model.clock import parse_stamp
from actions.model.codec import from_json
from actions.model.events import (
    ApprovalDenied,
    Decided,
    Event,
    GlassBroken,
    ItemMarked,
    LeaseTaken,
    MessageRefused,
    MessageSent,
    SignedOff,
    StepFinished,
    StepRefused,
    StepResolved,
    StepStarted,
    StopRequested,
    TimeBoxExtended,
    WatchEnded,
)
from actions.model.fold import apply
from actions.model.incident import Incident
from actions.model.matrix import DEFAULT_AUTHORITY, Authority, authority_of
from actions.model.step import Outcome

_EVERY = 200
"""A fold is kept at every so many events, so that going back costs little."""


@dataclass
class Replay:
    """Events of one record and the place in them. ``at`` counts the events that are known: 1 to all."""

    id: str
    events: list[Event]
    folder: Path
    at: int = 0
    _folds: dict[int, Incident] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._folds[0] = Incident(self.id)
        self.go_to(len(self.events))

    @property
    def incident(self) -> Incident:
        """The incident as it was known then."""
        return self._folds[self.at]

    @property
    def event(self) -> Event:
        """The newest event that is known."""
        return self.events[max(0, self.at - 1)]

    def go_to(self, at: int) -> None:
        """Go to a place, kept within the record."""
        at = min(max(1, at), len(self.events))
        start = max(place for place in self._folds if place <= at)
        incident = self._folds[start]
        for place in range(start + 1, at + 1):
            incident = apply(incident, self.events[place - 1])
            if place % _EVERY == 0:
                self._folds[place] = incident
        if self.at % _EVERY and self.at in self._folds and self.at != at:
            del self._folds[self.at]
        self._folds[at] = incident
        self.at = at

    def now(self) -> datetime:
        """The wall time then."""
        return parse_stamp(self.event.at)

    def elapsed_ms(self, at: int | None = None) -> int:
        """Milliseconds from the declaration to a place (this one)."""
        event = self.events[max(0, (at or self.at) - 1)]
        first = self.events[0]
        if event.boot == first.boot:
            return max(0, event.mono - first.mono)
        return max(0, round((parse_stamp(event.at) - parse_stamp(first.at)).total_seconds() * 1000))

    def step_minutes(self, minutes: int) -> None:
        """Go to the last event that was known that many minutes later (or earlier)."""
        wanted = self.elapsed_ms() + minutes * 60_000
        known = [place for place in range(1, len(self.events) + 1) if self.elapsed_ms(place) <= wanted]
        place = known[-1] if known else 1
        if place == self.at:
            place += 1 if minutes > 0 else -1
        self.go_to(place)

    def step_trouble(self, way: int) -> bool:
        """Go to the next (1) or previous (-1) failure, override, refusal or stop; False when there is none."""
        places = range(self.at + 1, len(self.events) + 1) if way > 0 else range(self.at - 1, 0, -1)
        for place in places:
            if trouble(self.events[place - 1]) is not Trouble.NONE:
                self.go_to(place)
                return True
        return False

    def authority_rules(self) -> tuple[Authority, ...]:
        """The escalation that was configured then, else that of the procedure, else the built-in one."""
        declared = self.incident.declared
        rows = declared.settings.get("escalation", []) if declared else []
        units = {"s": 1, "m": 60, "h": 3600}
        rules = []
        for row in rows:
            text = str(row.get("within", "always")).strip()
            seconds = None if text == "always" else int(text[:-1]) * units[text[-1]]
            rules.append(from_json(Authority, {"within_s": seconds, "roles": row.get("approve", [])}))
        procedure = self.incident.procedure
        if not rules and procedure is not None:
            rules = list(authority_of(procedure.escalation))
        return tuple(rules) or DEFAULT_AUTHORITY


class Trouble(Enum):
    """How much an event asks for a reader's eye."""

    NONE = "none"
    ODD = "odd"
    """An override, a refusal, a stop, an undo, more time, a take-over, a lost end, a sign-off without a key."""
    FAILURE = "failure"


def trouble(event: Event) -> Trouble:
    """What an event is to a reader who looks for what went otherwise than planned."""
    body = event.body
    if isinstance(body, StepFinished):
        return Trouble.NONE if body.outcome == Outcome.DONE.value else Trouble.FAILURE
    if isinstance(body, GlassBroken):
        return Trouble.FAILURE
    if isinstance(body, MessageSent):
        return Trouble.NONE if body.ok else Trouble.FAILURE
    odd = isinstance(
        body, ApprovalDenied | MessageRefused | StepRefused | StepResolved | StopRequested | TimeBoxExtended
    )
    if isinstance(body, ItemMarked):
        odd = body.state in (State.OVERRIDDEN.value, State.NOT_APPLICABLE.value, State.DEFERRED.value)
    if isinstance(body, LeaseTaken):
        odd = bool(body.from_holder) and not body.accepted
    if isinstance(body, WatchEnded):
        odd = not (body.ok and body.complete)
    if isinstance(body, StepStarted):
        odd = body.undo
    if isinstance(body, SignedOff):
        odd = not body.signature
    if isinstance(body, Decided):
        odd = bool(body.recommended) and body.decision != body.recommended
    return Trouble.ODD if odd else Trouble.NONE
