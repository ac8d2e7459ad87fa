"""The phases of the list: where each stands, how long it may take, and the line that is said aloud at its end. Pure.

Time is passed in as milliseconds since the declaration. Nothing happens by itself when a time box is over: it is said.
"""

from __future__ import annotations

from actions.model.checklist import WORKFLOWS, Item, Kind, Phase, State
from actions.model.clock import parse_stamp
from actions.model.incident import Incident, items, owed, recommended, state_of, step_state
from actions.model.matrix import Decision
from actions.model.quick_dataclass import dataclass

FLOWN = (Phase.BEFORE, Phase.CARRY_OUT, Phase.AFTER)
"""Phases that are flown to their end while the incident is open; later ones leave debts."""
NAMES = {
    Phase.BEFORE: "Before",
    Phase.CARRY_OUT: "Carry out",
    Phase.AFTER: "After",
    Phase.AFTER_24H: "After 24 h",
    Phase.PREVENTION: "Prevention",
}


@dataclass(frozen=True)
class TimeBox:
    """How long the present phase may take, and has taken."""

    phase: Phase
    limit_s: int
    """With what it was extended by."""
    left_s: int
    """Negative: over."""
    extended_s: int = 0


def asked(incident: Incident, phase: Phase) -> tuple[Item, ...]:
    """The items of a phase that somebody must settle: optional steps are not asked for."""
    return tuple(item for item in items(incident) if item.phase is phase and not optional(incident, item))


def optional(incident: Incident, item: Item) -> bool:
    """Whether nobody asks for this item: an optional step, or one that straightens what is not bent."""
    step = incident.plan.step(item.code) if incident.plan else None
    if step is None:
        return False
    bent = bool(step.pays) and bool(owed(incident, step.pays, step))
    return step.optional or (bool(step.pays) and not bent and not step_state(incident, step).settled)


def present(incident: Incident) -> Phase | None:
    """The first phase that was not ended; None: all that are flown were, or the record is older than phases are."""
    if incident.procedure is None:
        return None
    return next((phase for phase in FLOWN if phase.value not in incident.phases_closed), None)


def close_reason(incident: Incident, phase: Phase) -> str | None:
    """Why the phase cannot be ended now, or None."""
    if incident.procedure is None or phase not in FLOWN:
        return "this part of the list is not ended by a line"
    if phase is Phase.CARRY_OUT and incident.plan is None:
        return "no plan is drawn"
    # The workflow that is not settled tells more than the item over all of them.
    for item in sorted(asked(incident, phase), key=lambda one: one.sensor == WORKFLOWS):
        state = state_of(incident, item)
        if state is State.DEFERRED:
            return f"{item.code} was left for later: it is due now"
        if not state.settled:
            return f"{item.code} {item.text} {'failed' if state is State.FAILED else 'is open'}"
    return None


def line(incident: Incident, phase: Phase) -> str:
    """What is said aloud: ``Before: 11 of 11, one overridden``."""
    rows = asked(incident, phase)
    states = [state_of(incident, item) for item in rows]
    settled = sum(state.settled for state in states)
    parts = [f"{NAMES[phase]}: {settled} of {len(rows)}"]
    for state, word in (
        (State.OVERRIDDEN, "overridden"),
        (State.NOT_APPLICABLE, "not applicable"),
        (State.DEFERRED, "left for later"),
        (State.FAILED, "failed"),
    ):
        count = states.count(state)
        if count:
            parts.append(f"{_counted(count)} {word}")
    return ", ".join(parts)


def _counted(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


def time_box(incident: Incident, elapsed_ms: int) -> TimeBox | None:
    """The time box of the present phase, or None where the document gives it none."""
    phase = present(incident)
    if phase is None or incident.closed is not None or incident.procedure is None:
        return None
    boxes = [
        part.time_box_s
        for part in incident.procedure.checklists
        if part.phase is phase and not part.paper and part.time_box_s
    ]
    if not boxes:
        return None
    extended = sum(said.body.seconds for said in incident.extensions if said.body.phase == phase.value)
    # Lists that share the box of the heading over them have it together; each with one of its own follows the other.
    limit = (boxes[0] if len(set(boxes)) == 1 else sum(boxes)) + extended
    return TimeBox(phase, limit, limit - (elapsed_ms - _begun_ms(incident, phase)) // 1000, extended)


def decide_or_back_by(incident: Incident) -> tuple[int | None, str]:
    """By when it must be decided, or be back, in seconds since the declaration (None: no deadline holds), and which.

    ``decide`` while nothing is decided or new facts re-opened it, else ``back``.
    """
    found = recommended(incident)
    decided = incident.decision.decision if incident.decision else ""
    deciding = incident.closed is None and (not decided or incident.decision_stale)
    back_due = decided == Decision.ROLL_BACK.value and not incident.proven
    if found is None or incident.closed is not None or not (deciding or back_due):
        return None, "decide"
    return found.row.within_s, "decide" if deciding else "back"


def _begun_ms(incident: Incident, phase: Phase) -> int:
    """When the phase began, in milliseconds since the declaration: with the end of the one before it."""
    before = FLOWN.index(phase) - 1
    ended = incident.phases_closed.get(FLOWN[before].value) if before >= 0 else None
    if ended is None:
        return 0
    if ended.boot == incident.declared_boot:
        return ended.mono - incident.declared_mono
    return round((parse_stamp(ended.at) - parse_stamp(incident.declared_at)).total_seconds() * 1000)


def due_later(incident: Incident) -> tuple[Item, ...]:
    """What is open of the part that is due within 24 hours: whoever closes the incident leaves it as debts."""
    rows = [item for item in items(incident) if item.phase is Phase.AFTER_24H and item.kind is not Kind.STEP]
    return tuple(item for item in rows if not state_of(incident, item).settled)
