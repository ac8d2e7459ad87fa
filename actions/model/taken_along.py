"""Steps whose effect another one takes along: a deployment starts with whatever environment stands there. Pure.

Such a step (``PlannedStep.takes`` of the other one names it) comes before the other, and is undone before the other is
undone: else the target would run without what was set for it, or what ran before would start with it. Here it is told
from the runs what stands, and said why something has to wait; asking that is left to ``blocking``.
"""

from __future__ import annotations

from collections.abc import Iterator

from actions.model.incident import BY_HAND, Incident, Run, step_state
from actions.model.plan import PlannedStep


def undo_waits(incident: Incident, step: PlannedStep) -> str | None:
    """Why the undo of this step has to wait for the undo of another one, or None."""
    for taken in step.takes:
        for other in _steps(incident, taken):
            if reason := _stands(incident, other):
                return reason
        if reason := _of_earlier(incident, step, taken):
            return reason
    return None


def run_waits(incident: Incident, step: PlannedStep) -> str | None:
    """Why this step may not run now for what it takes along, or for what has run without it; or None."""
    ours = _runs(incident, earlier=False)
    for taken in step.takes:
        for other in _steps(incident, taken):
            run = _standing(incident, taken, ours)
            if run is not None and not run.took and step_state(incident, other) not in BY_HAND:
                words = f"{other.code} {other.title} may be half done, and this would start with that"
                return f"{words}: run {other.code} again{f', or undo it (u on {other.code})' if other.undo else ''}"
    for other in incident.plan.steps if incident.plan else ():
        # Without an undo there is no way to have it first: what it does holds from the next deployment on, as it says.
        if step.step not in other.takes or not other.undo:
            continue
        ran = _standing(incident, other.step, ours)
        before = tuple(run for run in ours if ran is not None and run.number < ran.number)
        if ran is not None and ran.took and _standing(incident, step.step, before) is None:
            move = f"to have it, undo {other.code} (u), draw the plan again, and run {step.code} first"
            return f"{other.code} {other.title} has run without it: {move}"
    return None


def _steps(incident: Incident, taken: str) -> Iterator[PlannedStep]:
    return (one for one in (incident.plan.steps if incident.plan else ()) if one.step == taken)


def _runs(incident: Incident, *, earlier: bool) -> tuple[Run, ...]:
    """Of the present plan, or of those before it."""
    return tuple(run for run in incident.runs if (run.digest != incident.plan_digest) is earlier)


def _stands(incident: Incident, other: PlannedStep) -> str | None:
    """Of a step of the same plan. What has no undo cannot be waited for; what somebody answers for by hand is not."""
    run = _standing(incident, other.step, _runs(incident, earlier=False))
    if run is None or not other.undo or step_state(incident, other) in BY_HAND:
        return None
    last = incident.last_run(other.code)
    failed = last is not None and last.undo and not last.took
    by_hand = f"; where its undo cannot be done, put it back by hand, then override {other.code} (o)" if failed else ""
    stands = "stands" if run.took else "may be half done"
    words = f"{other.code} {other.title} {stands}, and what the undo brings back would start with it"
    return f"{words}: undo {other.code} first (u){by_hand}"


def _of_earlier(incident: Incident, step: PlannedStep, taken: str) -> str | None:
    """Of a step of an earlier plan, whose undo nobody can ask for any more: who has put it back pays the debt.

    What an earlier plan deployed after it runs with it, and that is what this undo brings back.
    """
    runs = _runs(incident, earlier=True)
    run = _standing(incident, taken, runs)
    names = {f"{one.code}.{one.number}" for one in runs if one.step == taken and not one.undo}
    owed = [debt.name for debt in incident.debts if debt.name in names and not debt.paid]
    if run is None or not owed:
        return None
    if any(one.code == step.code and one.took and not one.undo and one.number > run.number for one in runs):
        return None
    words = f"{run.code} {run.title} of an earlier plan stands, and what the undo brings back would start with it"
    return f"{words}: put that back by hand, then pay {owed[0]} (D)"


def _standing(incident: Incident, step: str, runs: tuple[Run, ...]) -> Run | None:
    """Of these runs the one of a step whose effect stands, or may stand in part; None: none, or it was undone."""
    found: Run | None = None
    bent = {debt.name for debt in incident.debts}
    for run in runs:
        if run.step != step:
            continue
        if run.undo:
            found = None if run.took else found
        elif run.took or (found is None and f"{run.code}.{run.number}" in bent):
            found = run  # what was done once stands, however a repetition ended
    return found
