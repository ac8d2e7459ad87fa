"""The dates in a procedure's head after a review: looked at today, and next as long after as it was before. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from actions.model.procedure import Procedure
from actions.model.procedure_proposal import Change
from actions.model.procedure_words import last_day

A_QUARTER = timedelta(days=91)
SHORTEST = timedelta(days=28)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def dates(procedure: Procedure, lines: Sequence[str], today: date) -> Iterator[Change]:
    """The next review, where the one that is written comes before it, and the day of the change."""
    due = last_day(procedure.next_review) if procedure.next_review else None
    if due is None:
        return
    updated = last_day(procedure.updated) if procedure.updated else None
    between = max(SHORTEST, due - updated) if updated is not None else A_QUARTER
    coming = today + between
    if coming <= due:
        return
    overdue = f", {(today - due).days} days overdue" if due < today else ""
    why = f"an incident is a review; the next one was due {procedure.next_review}{overdue}"
    head = list(lines)
    reasons: dict[int, str] = {}
    label = re.compile("updat|chang|revis|version|date", re.IGNORECASE)
    for written, day, named, said in (
        (procedure.next_review, coming, re.compile("review", re.IGNORECASE), why),
        (procedure.updated, today, label, "the day of this change"),
    ):
        at = _dated(head, written, day, named) if written else 0
        if at:
            reasons[at] = f"{reasons[at]}; {said}" if at in reasons else said
    for at, said in sorted(reasons.items()):
        yield Change(at, (head[at - 1],), said)


def _dated(lines: list[str], written: str, day: date, label: re.Pattern[str]) -> int:
    """Put the day in the place of the written date, on the line that names it; its number, 0: there is none."""
    for number, line in enumerate(lines, 1):
        at = line.find(written)
        if at >= 0 and label.search(line[:at]):
            lines[number - 1] = line[:at] + as_written(written, day) + line[at + len(written) :]
            return number
    return 0


def as_written(like: str, day: date) -> str:
    """A day as another date was written: ``January 2026``, ``2 October 2025``, ``Q1 2026``, else ``2026-11-22``."""
    month = _MONTHS[day.month - 1]
    if re.search(r"\bQ[1-4]\b", like, re.IGNORECASE):
        return f"Q{(day.month + 2) // 3} {day.year}"
    if re.search(r"^\s*\d{1,2}(?:st|nd|rd|th)?\s+[A-Za-z]+,?\s+\d{4}", like):
        return f"{day.day} {month} {day.year}"
    if re.search(r"^\s*[A-Za-z]+\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}", like):
        return f"{month} {day.day}, {day.year}"
    if re.search(r"^\s*[A-Za-z]+,?\s+\d{4}", like):
        return f"{month} {day.year}"
    return day.isoformat()
