"""Shares that the criteria of a document leave open: "more than 50 %" and "under 30 %" say nothing of 40 %. Pure.

Nothing is guessed: only two criteria that say the same up to their number are compared. What lies between counts for
the worse of them, and the screen says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from actions.model.late_pattern import late_pattern
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.procedure import Criterion

_SHARE = late_pattern(
    r"\b(?:by |of |for |to )*(?P<how>more than|over|above|at least|exceed(?:s|ing)?|under|less than|below|at most|up to"
    r"|[<>]=?) ?(?P<share>\d{1,3}) ?%",
    re.IGNORECASE,
)
_BELOW = ("under", "less than", "below", "at most", "up to", "<", "<=")


@dataclass(frozen=True)
class _Bound:
    place: int
    subject: str
    share: int
    below: bool


def open_shares(criteria: Sequence[Criterion]) -> dict[int, tuple[int, int]]:
    """Place of a criterion (from 0) -> the shares just below it, in percent, of which no other criterion speaks.

    The criterion is the worse of the two around the gap: what lies in it counts as met there.
    """
    bounds = [one for place, criterion in enumerate(criteria) for one in _bounds(place, criterion.text)]
    found: dict[int, tuple[int, int]] = {}
    for high in bounds:
        low = max(
            (one.share for one in bounds if one.below and not high.below and one.subject == high.subject), default=-1
        )
        if 0 <= low < high.share:
            found[high.place] = (low, high.share)
    return found


def gap_words(low: int, high: int) -> str:
    """What the screen says under the worse criterion."""
    return f"between {low} and {high} % the document says nothing: counts here, as the worse"


def _bounds(place: int, text: str) -> list[_Bound]:
    found = _SHARE.search(text)
    if found is None:
        return []
    subject = " ".join(text[: found.start()].casefold().split())
    below = found["how"].casefold() in _BELOW
    return [_Bound(place, subject, int(found["share"]), below)] if subject else []
