"""What the preview says of a plan's approvals: who is waited for, who answered, and how they can. Pure."""

from __future__ import annotations

from actions.model.approval import ApprovalState, given_words, person_words
from widgets.painted import Row
from widgets.presentation import clock_text, harmless


def approval_rows(state: ApprovalState, incident: str, told: str = "") -> list[Row]:
    """A line for where they stand, then every answer to this plan and what no longer counts. ``told``: said already."""
    rows: list[Row] = []
    if state.note:
        rows.append(_row(state.note, "tone--dim"))
    if told and told == state.words:
        pass
    elif state.broken is not None:
        rows.append(_row(state.words, "tone--danger"))
    elif state.denied:
        rows += [_row(f"DENIED by {person_words(one)}: {one.body.reason}", "tone--danger") for one in state.denied]
    elif state.missing:
        rows.append(_row(state.words, "tone--blocked"))
    elif state.needed and not state.given:
        rows.append(_row(state.words, "tone--dim"))
    rows += [_row(f"by {given_words(one)}", "tone--good" if one.body.signature else "") for one in state.given]
    rows += [_row(f"expired: {given_words(one)}", "tone--warning") for one in state.expired]
    rows += [_row(f"does not count: {one.body.person}, {why}", "tone--warning") for one, why in state.uncounted]
    if state.void:
        newest = state.void[-1]
        words = f"{len(state.void)} void, to another plan; the newest {clock_text(newest.at)} by {newest.by}"
        rows.append(_row(words, "tone--warning"))
    if state.blocked and state.asked is not None:
        rows.append(_row(f"they answer with: goaround approve {incident}; p takes a code, or breaks the glass", ""))
    return rows


def _row(words: str, tone: str) -> Row:
    return (("approval ", "tone--key"), (harmless(words), tone))
