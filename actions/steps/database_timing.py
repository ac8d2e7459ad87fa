"""How long the two plans of the database option take, by what was measured, and which part of it is downtime.

Only the swap takes the database away; what is restored, verified and counted before it happens beside the live one.
"""

from __future__ import annotations

from collections.abc import Sequence

from actions.model.clock import span
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.plan import PlannedStep

SWAP_S = 2
"""The names, swapped in one transaction, with the sessions that are ended before."""
AFTER_S = 60
"""About what the second plan takes: stop, count once more, swap, start, prove."""


def prepared(dump: bool | None, restore: bool) -> dict[str, str]:
    """Facts of the first plan. ``dump``: whether the dump's time was measured (None: there is none); ``restore`` alike.

    ``timed`` is there when every long part was measured: then the steps say more than a document.
    """
    if not restore or dump is False:
        return {}
    what = "the restore as in its trial" if dump is None else "the dump as it took last, the restore as in its trial"
    return {"timed": f"{what}; the swap after it about {span(AFTER_S)}", "then s": str(AFTER_S)}


def beside() -> Note:
    """Of the first plan: nobody waits for it but the one who flies."""
    return NoteKind.DOWNTIME.note(
        "the application keeps its database meanwhile: no downtime. The swap that is drawn afterwards takes it away, "
        f"for about {span(SWAP_S)}"
    )


def swapping(steps: Sequence[PlannedStep], stopped: bool) -> Note:
    """Of the second plan. ``stopped``: services are stopped for it."""
    words = f"without a database for the swap alone (Y3): about {span(SWAP_S)}; the restore is done already"
    if stopped:
        down = [step for step in steps if step.code in ("Y1", "Y2", "Y3", "Y4", "Y5")]
        seconds = sum(step.about_s for step in down)
        words += f". What is stopped by Y1 is down until {down[-1].code} ends: about {span(seconds)}"
    return NoteKind.DOWNTIME.note(words)
