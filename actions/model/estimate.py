"""How long a way back will take, by what was measured here or else by what is written; and whether that is in time.

Pure. Measured flights count before the document once there are enough of them; what neither tells is taken from the
steps of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from actions.model.clock import parse_stamp, span, t_plus
from actions.model.incident import Incident, Run, changes
from actions.model.measured import Measured
from actions.model.phases import decide_or_back_by
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.procedure import OptionText, Procedure

NOT_KNOWN = "how long it takes is not known: nothing is written, and none was flown yet"


@dataclass(frozen=True)
class Estimate:
    """What is to be expected of one option."""

    option: str
    low_s: int | None
    """Seconds that it takes if all goes well; None: not known."""
    high_s: int | None
    """Seconds that count against a deadline: the measured p90, else the upper bound of the document."""
    words: str
    """``takes about 10-15 min by the document; measured 4 min (p50), 6 min (p90) in 5 flights, 3 of them drills``."""
    source: str
    """``measured``, ``document``, ``plan`` (the sum of its steps), or empty: not known."""

    @property
    def short(self) -> str:
        """``4-6 min``; empty: not known."""
        return "" if self.high_s is None else _range(self.low_s, self.high_s)


@dataclass(frozen=True)
class Timing:
    """What the screen says of the time that a way back takes."""

    words: str
    late: str = ""
    """Why it cannot be done in time; empty: it can, or no deadline holds."""


def estimate(option: str, about: Incident | Procedure | None, measured: Measured | None = None) -> Estimate:
    """How long this option takes. ``about``: the incident (its document and its plan), or the document alone."""
    incident = about if isinstance(about, Incident) else None
    written = _written(option, about.procedure if isinstance(about, Incident) else about)
    flown = measured if measured is not None and measured.option == option and measured.flights else None
    parts = []
    if written is not None and written.duration_high_s is not None:
        parts.append(f"takes about {_range(written.duration_low_s, written.duration_high_s)} by the document")
    if flown is not None:
        parts.append(flown.words())
    if flown is not None and flown.enough:
        return Estimate(option, flown.p50_s, flown.p90_s, "; ".join(parts), "measured")
    timed = _timed(option, incident)
    if timed is not None:
        return Estimate(option, timed[0], timed[0], "; ".join((timed[1], *parts)), "plan")
    if written is not None and written.duration_high_s is not None:
        low = written.duration_low_s
        return Estimate(option, low, written.duration_high_s, "; ".join(parts), "document")
    steps_s = _steps_s(option, incident)
    if steps_s:
        parts.insert(0, f"takes about {span(steps_s)} by its steps")
        return Estimate(option, steps_s, steps_s, "; ".join(parts), "plan")
    if flown is not None:
        return Estimate(option, flown.p50_s, flown.p90_s, "; ".join(parts), "measured")
    return Estimate(option, None, None, NOT_KNOWN, "")


def late_words(found: Estimate, elapsed_s: int | None, deadline_s: int | None) -> str:
    """``cannot be done before T+15:00: about 10 min are needed, 6 min left``; empty: it can, or nothing is known.

    Both times are seconds since the declaration; None: there is none.
    """
    return late_by(found.high_s, elapsed_s, deadline_s)


def late_by(high_s: int | None, elapsed_s: int | None, deadline_s: int | None) -> str:
    """The same, of a number of seconds that it takes."""
    if high_s is None or elapsed_s is None or deadline_s is None:
        return ""
    left = deadline_s - elapsed_s
    if high_s <= left:
        return ""
    until = t_plus(deadline_s * 1000)
    needed = f"about {_coarse(high_s)} are needed"
    if left <= 0:
        return f"cannot be done before {until}, which has passed: {needed}"
    return f"cannot be done before {until}: {needed}, {_left(left)} left"


def timing(incident: Incident, measured: Mapping[str, Measured], elapsed_ms: int) -> Timing | None:
    """What is said of the present plan at this moment of the incident; None while there is none, or it is over."""
    plan = incident.plan
    if plan is None or incident.closed is not None or incident.proven:
        return None
    found = estimate(plan.option, incident, measured.get(plan.option))
    deadline, _ = decide_or_back_by(incident)
    begun = _begun_s(incident)
    if begun is None or found.high_s is None:
        return Timing(found.words, late_words(found, elapsed_ms // 1000, deadline))
    end = begun + found.high_s
    words = f"begun at {t_plus(begun * 1000)}, back by {t_plus(end * 1000)} if it takes {_coarse(found.high_s)}"
    late = f"may not be done before {t_plus(deadline * 1000)}" if deadline is not None and end > deadline else ""
    return Timing(f"{words}; {found.words}", late)


def timings(
    options: tuple[str, ...], incident: Incident, measured: Mapping[str, Measured], elapsed_ms: int
) -> tuple[tuple[str, Timing], ...]:
    """(option, what is said of it) for every way back that is configured, for whoever is to decide or choose."""
    deadline, _ = decide_or_back_by(incident)
    rows = []
    for option in options:
        found = estimate(option, incident, measured.get(option))
        rows.append((option, Timing(found.words, late_words(found, elapsed_ms // 1000, deadline))))
    return tuple(rows)


def _written(option: str, procedure: Procedure | None) -> OptionText | None:
    """The section of the document on this option that says how long it takes, else the first on it."""
    sections = [one for one in procedure.options if one.option == option] if procedure is not None else []
    said = (one for one in sections if one.duration_high_s is not None)
    return next(said, sections[0] if sections else None)


def _steps_s(option: str, incident: Incident | None) -> int:
    plan = incident.plan if incident is not None else None
    if plan is None or plan.option != option:
        return 0
    return sum(step.about_s for step in plan.steps if not step.optional and not step.pays)


def _timed(option: str, incident: Incident | None) -> tuple[int, str] | None:
    """Seconds and words of a plan whose long parts were measured, each for itself: more than a document knows."""
    plan = incident.plan if incident is not None else None
    if plan is None or plan.option != option or not plan.facts.get("timed"):
        return None
    then = plan.facts.get("then s", "")
    seconds = _steps_s(option, incident) + (int(then) if then.isascii() and then.isdigit() else 0)
    return seconds, f"takes about {span(seconds)} by its steps ({plan.facts['timed']})"


def _begun_s(incident: Incident) -> int | None:
    """Seconds since the declaration at which the first step of the present plan that changes the system began."""
    plan = incident.plan
    assert plan is not None
    ours = (run for run in incident.runs if run.digest == incident.plan_digest and not run.undo)
    first = next((run for run in ours if changes(plan.step(run.code))), None)
    return _since_s(incident, first) if first is not None else None


def _since_s(incident: Incident, run: Run) -> int:
    if run.boot == incident.declared_boot:
        return max(0, run.started_mono - incident.declared_mono) // 1000
    return max(0, round((parse_stamp(run.started) - parse_stamp(incident.declared_at)).total_seconds()))


def _range(low_s: int | None, high_s: int) -> str:
    """``10-15 min``, ``45 s``, ``50 s to 2 min``."""
    if low_s is None or low_s >= high_s:
        return span(high_s)
    for unit, name in ((3600, "h"), (60, "min")):
        if low_s % unit == 0 and high_s % unit == 0 and low_s:
            return f"{low_s // unit}-{high_s // unit} {name}"
    if high_s < 60:
        return f"{low_s}-{high_s} s"
    return f"{span(low_s)} to {span(high_s)}"


def _coarse(seconds: int) -> str:
    """Whole minutes, rounded up, from ten minutes on: nobody needs the seconds of an estimate."""
    return span(seconds if seconds < 600 else -(-seconds // 60) * 60)


def _left(seconds: int) -> str:
    """Whole minutes, rounded down, from two minutes on: less than what there is, never more."""
    return span(seconds if seconds < 120 else seconds // 60 * 60)
