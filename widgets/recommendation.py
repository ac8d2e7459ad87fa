"""What the matrix says, in one line that dialogs share; pure."""

from __future__ import annotations

from actions.model.matrix import Decision, Recommendation


def recommendation_words(found: Recommendation | None) -> str:
    """``The matrix: ROLL BACK within 15 min, decided by severity``."""
    if found is None:
        return "The matrix: nothing is known yet, so it says nothing."
    decision = found.row.decision.value
    loud = decision.upper() if found.row.decision is Decision.ROLL_BACK else "FIX FORWARD"
    return f"The matrix: {loud}{within_words(found.row.within)}, {found.words()}"


def within_words(within: str) -> str:
    """`` within 15 min``; a text of the document that does not begin with a number as it stands: ``, next release``."""
    if not within:
        return ""
    return f" within {within}" if within[0].isdigit() else f", {within}"
