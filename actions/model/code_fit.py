"""Whether a code fits a restored schema: it must know all that is recorded, and hold nothing beyond. Pure.

A code that knows more than the database has would miss columns, and its migrations would be applied by the next
``migrate``; one that knows less meets columns that it never fills. How both were read is left to the steps.
"""

from __future__ import annotations

from enum import Enum

from actions.model.migration_way import listed
from actions.model.migrations import SchemaVerdict, Verdict
from actions.model.quick_dataclass import dataclass


class Fit(Enum):
    """How a code and a schema stand to each other."""

    FITS = "FITS"
    NOT = "DOES NOT FIT"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class CodeFit:
    """The answer, and why in one line."""

    fit: Fit
    why: str
    notes: tuple[str, ...] = ()
    """How the migrations were read, where that says something."""


def fit_of(found: SchemaVerdict) -> CodeFit:
    """What the schema verdict of this code over the restored database says of both directions."""
    parts = []
    if found.unknown:
        parts.append(f"it does not know {listed(found.unknown)}, which the backup has recorded")
    if found.missing:
        parts.append(f"it holds {listed(tuple(reversed(found.missing)))}, which the backup's schema does not have")
    if parts:
        return CodeFit(Fit.NOT, "; ".join(parts), found.notes)
    if found.verdict is Verdict.SAFE:
        count = len(found.recorded)
        return CodeFit(
            Fit.FITS, f"it knows all {count} recorded migrations of the backup, and holds no other", found.notes
        )
    return CodeFit(Fit.UNKNOWN, found.why, found.notes)
