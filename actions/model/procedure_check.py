"""Whether a procedure can be flown, and what should be looked at. Pure; reading and showing are left to others.

A reason makes a procedure unusable: nothing to do in it, codes given twice, or a matrix that contradicts itself. A
warning does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations, pairwise

from actions.model.procedure import MatrixLine, Procedure
from actions.model.procedure_words import decision_of, last_day


def reasons(procedure: Procedure) -> tuple[str, ...]:
    """Why it cannot be flown; empty: it can."""
    return (*_nothing_to_do(procedure), *_codes_twice(procedure), *contradictions(procedure.matrix))


def usable(procedure: Procedure) -> bool:
    """Whether something can be flown with it."""
    return not reasons(procedure)


def _nothing_to_do(procedure: Procedure) -> Iterator[str]:
    if not any(one.items for one in procedure.checklists) and not any(one.steps for one in procedure.options):
        yield "there is nothing to do in it: no item of a checklist, no step, no command"


def _codes_twice(procedure: Procedure) -> Iterator[str]:
    lines: dict[str, list[int]] = {}
    for checklist in procedure.checklists:
        for item in checklist.items:
            lines.setdefault(item.code, []).append(item.line)
    for code, where in lines.items():
        if len(where) > 1:
            yield f"code {code} is given more than once: lines {', '.join(map(str, where))}"


def contradictions(matrix: Sequence[MatrixLine]) -> Iterator[str]:
    """Rows of a matrix that cannot both hold."""
    for row in matrix:
        if row.users_low is not None and row.users_high is not None and not 0 <= row.users_low <= row.users_high <= 100:
            yield f"line {row.line}: {row.users} is no range between 0 and 100 %"
    for one, other in combinations(matrix, 2):
        where = f"lines {one.line} and {other.line}"
        if one.severity.lower() == other.severity.lower():
            if _differ(one, other):
                yield f"{where}: {one.severity} asks for {one.decision} and for {other.decision}"
        elif _overlap(one, other) and decision_of(one.decision) is not decision_of(other.decision):
            yield f"{where}: a share of users that is in both ({one.users}; {other.users}) asks for two decisions"


def _differ(one: MatrixLine, other: MatrixLine) -> bool:
    means, others = decision_of(one.decision), decision_of(other.decision)
    if means is None or others is None:
        return False
    return means is not others


def _overlap(one: MatrixLine, other: MatrixLine) -> bool:
    """Whether two ranges share more than a bound. Thresholds ("over 80", "over 50") hold the worse row's and overlap
    by their nature: the worst row wins."""
    if one.users_low is None or one.users_high is None or other.users_low is None or other.users_high is None:
        return False
    if one.users_high == other.users_high == 100 or one.users_low == other.users_low == 0:
        return False
    return max(one.users_low, other.users_low) < min(one.users_high, other.users_high)


def warnings(procedure: Procedure, today: date) -> tuple[str, ...]:
    """What should be looked at, although it can be flown."""
    return tuple(_warnings(procedure, today))


def _warnings(procedure: Procedure, today: date) -> Iterator[str]:
    due = last_day(procedure.next_review) if procedure.next_review else None
    if due is not None and due < today:
        yield f"its review was due in {procedure.next_review}: {(today - due).days} days ago"
    missing = [link for link in procedure.links if link.exists is False]
    if missing:
        lines = ", ".join(str(link.line) for link in missing[:8]) + (", …" if len(missing) > 8 else "")
        yield f"{len(missing)} of its {len(procedure.links)} links lead nowhere (lines {lines})"
    unreachable = [contact.role for contact in procedure.contacts if not contact.address]
    if unreachable:
        yield f"no way to reach: {', '.join(unreachable)}"
    yield from _deadlines(procedure.matrix)


def _deadlines(matrix: Sequence[MatrixLine]) -> Iterator[str]:
    for worse, lesser in pairwise(matrix):
        if worse.within_s is not None and lesser.within_s is not None and worse.within_s > lesser.within_s:
            yield f"lines {worse.line} and {lesser.line}: {worse.severity} has more time than {lesser.severity}"
