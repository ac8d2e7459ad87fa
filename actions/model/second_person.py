"""Which steps no operator does alone, whatever the approvals of the way back are: a second person has read them. Pure.

They are done from what somebody wrote, or change a record and nothing that the record is of: a mistake in them is seen
by nobody else. The glass does not open them, as there is nobody for whom it would be broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.model.plan import Plan

SECOND_PERSON: dict[str, str] = {
    "migration.fake": "a record is changed without its schema",
    "migration.fake_forward": "a record is changed without its schema",
    "migration.sql": "SQL that was written by hand",
}
"""Id of the step -> why."""
NAMED = "a second person"


def wants_second(plan: Plan | None) -> str:
    """Why a second person must have approved this plan; empty: none need have."""
    steps = plan.steps if plan is not None else ()
    found = (f"{step.code}: {SECOND_PERSON[step.step]}" for step in steps if step.step in SECOND_PERSON)
    return next(found, "")
