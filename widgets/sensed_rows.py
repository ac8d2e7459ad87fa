"""What sensors propose of the criteria, and what open branches ask first, as rows that several panes share; pure."""

from __future__ import annotations

from actions.model.incident import Incident, branches
from widgets.painted import Row
from widgets.presentation import harmless


def proposal_rows(incident: Incident) -> list[Row]:
    """``! 2 criteria look met: Y1 Y7   y``; nothing while nobody need be told."""
    if incident.procedure is None or incident.closed is not None or not incident.observations:
        return []
    from actions.model.criteria import criteria, over_codes, proposed_codes, sensed_words  # the first screen stands

    there = criteria(incident)
    proposed, over = proposed_codes(there), over_codes(there)
    if not proposed and not over:
        return []
    words = sensed_words(proposed, over)
    return [((f"{'!' if proposed else '△'} {words}", "tone--failed" if proposed else "tone--warning"), *_KEY)]


def warning_rows(incident: Incident, *, brief: bool = False) -> list[Row]:
    """One loud line for each part of the procedure that a criterion has opened; ``brief``: one for all of them."""
    opened = branches(incident)
    if not opened:
        return []
    from actions.model.branching import brief_warning, warnings

    lines = [brief_warning(incident, opened)] if brief else warnings(incident, opened)
    return [((f"! {harmless(words)}", "tone--danger"),) for words in lines if words]


def option_rows(incident: Incident, option: str) -> list[Row]:
    """Why this way back is not enough by itself, where it is not."""
    opened = branches(incident)
    if not opened:
        return []
    from actions.model.branching import option_warning

    words = option_warning(incident, option, opened)
    return [((f"! {harmless(words)}", "tone--danger"),)] if words else []


_KEY = (("   y", "tone--key"),)
