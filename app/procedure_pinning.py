"""The procedure that an incident follows: read once, at its declaration, and kept with it. Reading is the gateway's.

A document that is changed in the middle of an incident changes nothing of the incident.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from actions.model.codec import to_json
from actions.model.errors import BadInput
from actions.model.events import ProcedurePinned
from actions.model.matrix import Decision, Row
from actions.model.procedure import MatrixLine, Procedure
from actions.model.quick_dataclass import replace
from app.settings import Loaded

KEPT_AS = "procedure.md"
"""The document's name in the folder of an incident."""
LONGEST_DATE = 24
"""Characters of a date that may stand in the line on top as it was written."""


def procedure_file(loaded: Loaded) -> Path:
    """The document of this configuration: the one it names, else the built-in one."""
    named = loaded.settings.procedure.file
    if not named:
        from app.procedure_check import BUILT_IN

        return BUILT_IN
    return (loaded.path.parent / Path(named).expanduser()).absolute()


def pinned(loaded: Loaded, today: date) -> tuple[ProcedurePinned, bytes]:
    """The event that pins the document on this day, and its bytes. Raises what reading it raises, and BadInput with
    the reasons when it cannot be flown.
    """
    from actions.gateways.markdown import read_procedure
    from actions.model.procedure_check import reasons

    path = procedure_file(loaded)
    procedure = read_procedure(path)
    why = reasons(procedure)
    if why:
        raise BadInput(
            f"the procedure {path.name} cannot be flown: {why[0]}",
            "; ".join(why[1:]),
            f"mend it; goaround procedure check {path} says the same",
        )
    named = loaded.settings.procedure.file
    body = ProcedurePinned(
        title=procedure.title,
        path=named,
        sha256=procedure.sha256,
        procedure=_kept(replace(procedure, path=named)),
        matrix=tuple(to_json(row) for row in rows_of(procedure.matrix)),
        overdue=overdue_since(procedure, today),
    )
    return body, path.read_bytes()


def overdue_since(procedure: Procedure, today: date) -> str:
    """Since when the review of a document is overdue, as it says it itself (``January 2026``); empty: it is not."""
    from actions.model.procedure_words import last_day

    written = procedure.next_review
    due = last_day(written) if written else None
    if due is None or due >= today:
        return ""
    return written if len(written) <= LONGEST_DATE else due.isoformat()


def _kept(procedure: Procedure) -> dict[str, Any]:
    """What the incident needs of it; its prose stays in the document, which is kept as it is."""
    data: dict[str, Any] = to_json(replace(procedure, texts=(), tables=()))
    return data


def rows_of(lines: tuple[MatrixLine, ...]) -> tuple[Row, ...]:
    """The rows of the document's matrix as the cockpit computes with them, worst first; empty where it has none."""
    from actions.model.procedure_words import decision_of

    rows = []
    for one in lines:
        low = one.users_low if one.users_low is not None else 0
        means = decision_of(one.decision)
        rows.append(
            Row(
                severity=one.severity,
                users=one.users.replace(" of users", ""),
                users_above=low + 1 if one.low_open else low,
                data_risk=one.data_risk,
                decision=Decision.ROLL_BACK if means is Decision.ROLL_BACK else Decision.FIX_FORWARD,
                within=one.within,
                within_s=one.within_s,
            )
        )
    return (
        tuple(sorted(rows, key=lambda row: -row.users_above)) if any(row.users_above for row in rows) else tuple(rows)
    )
