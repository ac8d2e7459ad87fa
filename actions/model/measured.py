"""How long each way back really took on this system, by its records: from the first step that changed it to the proof.

Pure: takes events, gives durations. Reading them from the store is left to the app, what follows for a decision to
``estimate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actions.model import events as ev
from actions.model.checklist import Phase
from actions.model.clock import parse_stamp, span
from actions.model.quick_dataclass import dataclass
from actions.model.step import Outcome

KINDS = (ev.Declared.kind, ev.PlanDrawn.kind, ev.StepStarted.kind, ev.StepFinished.kind)
"""The kinds of events that are needed; all others may be left out."""
ENOUGH = 3
"""So many flights say more than what somebody has written down."""


@dataclass(frozen=True)
class Flight:
    """One way back that was flown to its proof."""

    incident: str
    option: str
    drill: bool
    at: str
    """When its first step that changes the system began: a stamp."""
    took_ms: int


@dataclass(frozen=True)
class Measured:
    """All flights of one option."""

    option: str
    flights: tuple[Flight, ...] = ()

    @property
    def drills(self) -> int:
        """How many of them were drills."""
        return sum(one.drill for one in self.flights)

    @property
    def p50_s(self) -> int:
        """Seconds within which half of them were back; 0: there is none."""
        return self.within_s(50)

    @property
    def p90_s(self) -> int:
        """Seconds within which nine of ten were back; 0: there is none."""
        return self.within_s(90)

    @property
    def enough(self) -> bool:
        """Whether this says more than the document does."""
        return len(self.flights) >= ENOUGH

    def within_s(self, percent: int) -> int:
        """The nearest rank, rounded up to a whole second."""
        ranked = sorted(one.took_ms for one in self.flights)
        if not ranked:
            return 0
        place = max(1, -(-percent * len(ranked) // 100))
        return -(-ranked[place - 1] // 1000)

    def of(self, *, drill: bool) -> Measured:
        """The drills alone, or the others alone."""
        return Measured(self.option, tuple(one for one in self.flights if one.drill is drill))

    def words(self) -> str:
        """``measured 4 min (p50), 6 min (p90) in 5 flights, 3 of them drills``; empty: nothing was measured."""
        count = len(self.flights)
        if count == 0:
            return ""
        if count == 1:
            return f"measured {span(self.p50_s)} in 1 flight{', a drill' if self.drills else ''}"
        which = f", {'all' if self.drills == count else self.drills} of them drills" if self.drills else ""
        return f"measured {span(self.p50_s)} (p50), {span(self.p90_s)} (p90) in {count} flights{which}"

    def split_words(self) -> str:
        """``drills 4 min (p50) in 3, live 6 min (p50) in 2``; empty where there were only ones or only others."""
        parts = [("drills", self.of(drill=True)), ("live", self.of(drill=False))]
        if not all(part.flights for _, part in parts):
            return ""
        return ", ".join(
            f"{name} {span(part.p50_s)} (p50), {span(part.p90_s)} (p90) in {len(part.flights)}" for name, part in parts
        )


def by_option(flights: Iterable[Flight]) -> dict[str, Measured]:
    """Option -> what was measured of it."""
    found: dict[str, list[Flight]] = {}
    for one in flights:
        found.setdefault(one.option, []).append(one)
    return {option: Measured(option, tuple(of)) for option, of in found.items()}


def flight_of(events: Iterable[ev.Event]) -> Flight | None:
    """The first way back of a record that was proven, or None. Events of other ``KINDS`` are passed over.

    A plan that was drawn again for the same option goes on with the time of the one before; another option begins
    anew. What cannot be understood (a record of another version) tells nothing.
    """
    reading = _Reading()
    for event in events:
        found = reading.take(event)
        if found is not None:
            return found
    return None


class _Reading:
    """What was read so far of one record."""

    def __init__(self) -> None:
        self.drill = False
        self.option = ""
        self.digest = ""
        self.changing: frozenset[str] = frozenset()
        self.proving: frozenset[str] = frozenset()
        self.begun: ev.Event | None = None
        self.runs: dict[int, ev.StepStarted] = {}
        self.proved: set[str] = set()

    def take(self, event: ev.Event) -> Flight | None:
        body = event.body
        if isinstance(body, ev.Declared):
            self.drill = "drill" in (body.mode, body.environment)
        elif isinstance(body, ev.PlanDrawn):
            self._plan(body)
        elif isinstance(body, ev.StepStarted):
            self._started(event, body)
        elif isinstance(body, ev.StepFinished):
            return self._finished(event, body)
        return None

    def _plan(self, body: ev.PlanDrawn) -> None:
        option = str(body.plan.get("option", ""))
        if option != self.option:
            self.begun = None
        self.option, self.digest = option, body.digest
        self.proved.clear()
        steps = body.plan.get("steps")
        rows = [one for one in steps if isinstance(one, Mapping)] if isinstance(steps, list | tuple) else []
        self.proving = frozenset(str(one.get("code", "")) for one in rows if one.get("proves"))
        self.changing = frozenset(str(one.get("code", "")) for one in rows if _changes(one))

    def _started(self, event: ev.Event, body: ev.StepStarted) -> None:
        self.runs[body.run] = body
        if body.code in self.changing and body.digest == self.digest:
            self.proved.clear()
            if self.begun is None and not body.undo:
                self.begun = event

    def _finished(self, event: ev.Event, body: ev.StepFinished) -> Flight | None:
        run = self.runs.get(body.run)
        if run is None or run.undo or run.digest != self.digest or body.outcome != Outcome.DONE.value:
            return None
        if run.code in self.proving:
            self.proved.add(run.code)
        if self.begun is None or not self.proving or not self.proving <= self.proved:
            return None
        took = _between_ms(self.begun, event)
        return Flight(event.incident, self.option, self.drill, self.begun.at, took) if took >= 0 else None


def _changes(step: Mapping[str, Any]) -> bool:
    """As ``incident.changes`` says of a step, before it is rebuilt."""
    return step.get("phase") == Phase.CARRY_OUT.value and not step.get("proves") and not step.get("optional")


def _between_ms(first: ev.Event, last: ev.Event) -> int:
    if first.boot == last.boot:
        return last.mono - first.mono
    return round((parse_stamp(last.at) - parse_stamp(first.at)).total_seconds() * 1000)
