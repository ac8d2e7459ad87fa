"""The criteria of an incident: which apply here, which are met and since when, and what new facts change. Pure.

Reading a document is left to ``procedure``, what the matrix says of it all to ``matrix``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from actions.model.branching import consequence
from actions.model.criteria_gaps import gap_words, open_shares
from actions.model.criteria_sensed import NOTHING_SENSED, Look, Sensed, look, look_words, sensed
from actions.model.incident import Incident, Said, proposed_severity
from actions.model.listing import applies
from actions.model.matrix import Inputs, Recommendation, recommend, severity_of_level
from actions.model.quick_dataclass import dataclass

NONE_THERE = "there are no criteria: this incident follows no procedure that has any"
NOTHING = "nothing known"
"""Where a row is told from which, or to which, there is no way."""


@dataclass(frozen=True)
class CriterionState:
    """One reason to act, and where it stands."""

    code: str
    """``Y1``, ``Y2`` … by its place in the document; what does not apply here keeps its number."""
    level: str
    text: str
    action: str
    """What the document says to do at this level, or empty."""
    severity: str
    """The severity that it proposes when it is met."""
    met: bool = False
    by: str = ""
    at: str = ""
    """Who said so last, and when; empty: nobody has looked."""
    history: tuple[Said, ...] = ()
    """Every ``CriterionMarked`` of it, oldest first."""
    sensed: Sensed = NOTHING_SENSED
    """What its sensor says; it proposes, a person says whether it holds."""
    branch: str = ""
    """The part of the procedure that is asked for while it is met."""
    notes: tuple[str, ...] = ()
    """What else is to be known of it: shares that the document leaves open, what ticking it opens."""

    @property
    def looks_met(self) -> bool:
        """Its sensor was read, and is not well."""
        return self.sensed.looks_met

    @property
    def looks_over(self) -> bool:
        """It is met, and its sensor has turned well since."""
        return self.look(self.met) is Look.OVER

    def look(self, ticked: bool) -> Look:
        """How it looks beside this tick, which need not be recorded yet."""
        return look(self.sensed, self.history[-1] if self.history else None, ticked)

    def look_words(self, ticked: bool) -> str:
        """The same in words: ``looks met since 10:02:18Z: 0 of 3 pass``; empty where nothing is sensed."""
        return look_words(self.sensed, self.look(ticked))


@dataclass(frozen=True)
class RowChange:
    """New facts that lead to another row of the matrix."""

    before: str
    after: str
    """Severities of the rows."""
    why: str
    """``users 60 -> 85 %, criteria 0 -> 1 met (Y2)``."""

    def words(self) -> str:
        """``High -> Critical (users 60 -> 85 %)``."""
        return f"{self.before} -> {self.after}" + (f" ({self.why})" if self.why else "")


def criteria(incident: Incident) -> tuple[CriterionState, ...]:
    """The criteria that apply to this system, in the document's order."""
    if incident.procedure is None:
        return ()
    every = incident.procedure.criteria
    levels = tuple(dict.fromkeys(one.level for one in every))
    there = applies(incident.declared.settings if incident.declared else {})
    gaps = open_shares(every)
    found = []
    for place, one in enumerate(every, 1):
        if one.when and one.when not in there:
            continue
        code = f"Y{place}"
        said = incident.criteria.get(code)
        found.append(
            CriterionState(
                code,
                one.level,
                one.text,
                one.action,
                severity_of_level(one.level, levels, incident.matrix),
                said is not None and said.body.met,
                said.by if said else "",
                said.at if said else "",
                tuple(past for past in incident.criteria_history if past.body.code == code),
                sensed(incident, one),
                one.branch,
                tuple(filter(None, (_gap(gaps, place - 1), consequence(incident, one.branch)))),
            )
        )
    return tuple(found)


def _gap(gaps: dict[int, tuple[int, int]], place: int) -> str:
    return gap_words(*gaps[place]) if place in gaps else ""


def proposed_codes(rows: Sequence[CriterionState], met: Collection[str] | None = None) -> tuple[str, ...]:
    """Codes of what looks met to its sensor and is not ticked. ``met``: the ticks that stand there; None: recorded
    ones.
    """
    return tuple(one.code for one in rows if one.look(one.met if met is None else one.code in met) is Look.PROPOSED)


def over_codes(rows: Sequence[CriterionState], met: Collection[str] | None = None) -> tuple[str, ...]:
    """Codes of what is ticked, and looks over to its sensor."""
    return tuple(one.code for one in rows if one.look(one.met if met is None else one.code in met) is Look.OVER)


def sensed_words(proposed: Sequence[str], over: Sequence[str] = ()) -> str:
    """``2 criteria look met: Y1 Y7; 1 looks over: Y9``, or empty."""
    parts: list[str] = []
    for codes, word in ((proposed, "met"), (over, "over")):
        if codes:
            noun = "" if parts else " criterion" if len(codes) == 1 else " criteria"
            parts.append(f"{len(codes)}{noun} {'looks' if len(codes) == 1 else 'look'} {word}: {' '.join(codes)}")
    return "; ".join(parts)


def met_codes(incident: Incident) -> frozenset[str]:
    """Codes of the criteria that are met now."""
    return frozenset(code for code, said in incident.criteria.items() if said.body.met)


def proposed_by(rows: Collection[CriterionState], met: Collection[str], incident: Incident) -> str:
    """The severity that would be proposed if exactly these codes were met, or empty."""
    names = {one.severity for one in rows if one.code in met}
    return next((row.severity for row in incident.matrix if row.severity in names), "")


def proposal_words(proposed: str, met: int, of: int) -> str:
    """``criteria propose Critical: 2 of 18 met``, or how many are met of those that there are."""
    if not of:
        return ""
    return f"criteria propose {proposed}: {met} of {of} met" if proposed else f"criteria: none of {of} met"


def marks_for(incident: Incident, met: Collection[str]) -> tuple[tuple[str, bool], ...]:
    """(code, met) of everything that is to be recorded until exactly these are met, in the document's order."""
    return tuple((one.code, one.code in met) for one in criteria(incident) if one.met is not (one.code in met))


def mark_reason(incident: Incident, code: str) -> str | None:
    """Why this criterion cannot be said to be met, or not to be, or None."""
    rows = criteria(incident)
    if not rows:
        return NONE_THERE
    if any(one.code == code for one in rows):
        return None
    every = len(incident.procedure.criteria) if incident.procedure else 0
    if code in {f"Y{place}" for place in range(1, every + 1)}:
        return f"{code} does not apply to this system"
    return f"there is no criterion {code!r}"


def said_then(incident: Incident, inputs: Inputs, marked: dict[str, Said]) -> Recommendation | None:
    """What the matrix says of these facts."""
    return recommend(inputs, incident.matrix, proposed_severity(incident, marked))


def row_change(before: Incident, after: Incident) -> RowChange | None:
    """What changed between two moments of one incident, when the matrix points to another row since; else None."""
    return _change(after, before.inputs, before.criteria)


def change_since_decision(incident: Incident) -> RowChange | None:
    """As ``row_change``, since the decision that stands; None where there is none."""
    if incident.decision is None or incident.decided_inputs is None:
        return None
    return _change(incident, incident.decided_inputs, incident.decided_criteria)


def _change(incident: Incident, inputs: Inputs, marked: dict[str, Said]) -> RowChange | None:
    then = said_then(incident, inputs, marked)
    now = said_then(incident, incident.inputs, incident.criteria)
    if (then.index if then else None) == (now.index if now else None):
        return None
    why = (*_inputs_changed(inputs, incident.inputs), *_criteria_changed(marked, incident.criteria))
    return RowChange(then.row.severity if then else NOTHING, now.row.severity if now else NOTHING, ", ".join(why))


def _inputs_changed(before: Inputs, after: Inputs) -> list[str]:
    parts = []
    if before.severity != after.severity:
        parts.append(f"severity {before.severity or '?'} -> {after.severity or '?'}")
    if before.users_text() != after.users_text():
        parts.append(f"users {before.users_text().removesuffix(' %')} -> {after.users_text()}")
    if before.data_risk != after.data_risk:
        parts.append(f"data risk {before.data_risk or '?'} -> {after.data_risk or '?'}")
    return parts


def _criteria_changed(before: dict[str, Said], after: dict[str, Said]) -> list[str]:
    old = {code for code, said in before.items() if said.body.met}
    new = {code for code, said in after.items() if said.body.met}
    if old == new:
        return []
    changed = [*(f"+{code}" for code in _in_order(new - old)), *(f"-{code}" for code in _in_order(old - new))]
    return [f"criteria {len(old)} -> {len(new)} met: {' '.join(changed)}"]


def _in_order(codes: Collection[str]) -> list[str]:
    return sorted(codes, key=lambda code: (len(code), code))
