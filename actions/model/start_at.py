"""Beginning in the middle: which steps are passed over, what the world said of each, and what is recorded of it. Pure.

Nothing is assumed: a step that somebody did by hand is believed when the world shows it. What is not there, or cannot
be seen, is passed over as an override, with the operator's reason. Gates and proofs are never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model import events as ev
from actions.model import phases
from actions.model.blocking import running_reason
from actions.model.checklist import State
from actions.model.debts import FOUND as FOUND_NAME
from actions.model.incident import Incident, items, step_state
from actions.model.plan import PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.step import Checked, Happened

FOUND = "found done"
NOT_DONE = "NOT DONE"
NOT_KNOWN = "NOT KNOWN whether it was done"
_WORDS = {Happened.YES: FOUND, Happened.NO: NOT_DONE, Happened.UNKNOWN: NOT_KNOWN}
BY_HAND = "it was not done from here: straighten it by hand"


@dataclass(frozen=True)
class Answered:
    """A step that would be passed over, and the world's answer to whether it has happened."""

    step: PlannedStep
    checked: Checked

    @property
    def found(self) -> bool:
        """The world shows it."""
        return self.checked.happened is Happened.YES

    @property
    def words(self) -> str:
        """``NOT DONE: web runs sha256:91c2…``."""
        return f"{_WORDS[self.checked.happened]}: {self.checked.detail}"

    @property
    def line(self) -> str:
        """``X1 Switch 3 services to 2025-10-01: found done: 3 containers run …``."""
        return f"{self.step.code} {self.step.title}: {self.words}"


def open_before(incident: Incident, code: str) -> tuple[PlannedStep, ...]:
    """The steps that the list has before this one and that are not settled; those that nobody asks for left out."""
    return tuple(_open_before(incident, code))


def _open_before(incident: Incident, code: str) -> Iterator[PlannedStep]:
    for item in items(incident):
        if item.code == code:
            return
        step = incident.plan.step(item.code) if incident.plan else None
        if step is not None and not phases.optional(incident, item) and not step_state(incident, step).settled:
            yield step


def start_reason(incident: Incident, code: str) -> str | None:
    """Why it cannot be begun at this step, or None."""
    if incident.closed is not None:
        return "the incident is closed"
    if incident.plan is None:
        return "no plan is drawn: choose a release first"
    step = incident.plan.step(code)
    if step is None:
        return f"{code} is no step of the plan: {', '.join(one.code for one in incident.plan.steps)}"
    running = running_reason(incident)
    if running is not None:
        return running
    if incident.stop is not None:
        return "everything is stopped; r lifts it"
    if step_state(incident, step).settled:
        return f"{code} is {step_state(incident, step).value}: there is nothing to begin"
    before = open_before(incident, code)
    if not before:
        return f"nothing is open before {code}: it can be run as it is"
    must = next((one for one in before if one.gate or one.proves), None)
    if must is None:
        return None
    return f"{must.code} {must.title} is {'a gate' if must.gate else 'the proof'}: it is run, never passed over"


def waits_for(incident: Incident, code: str) -> str:
    """Code of the gate or proof that must be run before it can be begun at this step, or empty."""
    if incident.plan is None or incident.plan.step(code) is None:
        return ""
    return next((one.code for one in open_before(incident, code) if one.gate or one.proves), "")


def start_bodies(
    incident: Incident, code: str, answers: Sequence[Answered], reason: str, due: str = ""
) -> tuple[ev.Body, ...]:
    """What is recorded: what was seen of each step, that it is passed over and why, and the debts it left.

    ``due``: a stamp, until when a debt should be paid whose step does not say.
    """
    return tuple(_bodies(incident, code, answers, reason, due))


def _bodies(incident: Incident, code: str, answers: Sequence[Answered], reason: str, due: str) -> Iterator[ev.Body]:
    for one in answers:
        step = one.step
        seen = one.checked.detail if one.found else one.words
        yield ev.Observed(0, f"check of {step.code}", one.found, seen, step.expected)
        words = f"{one.words}; begun at {code}: {reason}"
        yield ev.ItemMarked(step.code, step.title, State.OVERRIDDEN.value, words)
        debt = one.checked.facts.get("debt", "") if one.found else ""
        # Under the code by which the step that straightens it knows it.
        owes = one.checked.facts.get("debt of") or step.code
        if debt and all(known.paid or not known.name.startswith(f"{owes}.") for known in incident.debts):
            facts = one.checked.facts
            other = incident.plan.straightens(owes) if incident.plan else None
            by_step = f"{other.code} {other.title}" if other else ""
            undo = facts.get("undo") or by_step or facts.get("by hand") or BY_HAND
            yield ev.DebtOpened(f"{owes}.{FOUND_NAME}", debt, undo, facts.get("due") or due)
