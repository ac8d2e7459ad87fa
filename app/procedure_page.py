"""The page of the procedure for whoever asks: the one that the incident pinned, else the one that is configured now.

Knows no Textual: the cockpit, a review and plain mode stand on the same ground. Reading the document is the gateway's.
"""

from __future__ import annotations

from collections.abc import Sequence

from actions.model.codec import from_json, to_json
from actions.model.incident import Incident
from actions.model.matrix import Authority
from actions.model.procedure import Procedure
from actions.model.procedure_line import NO_PROCEDURE, Around, Line, Look, around
from actions.model.procedure_sheet import sheet
from app.procedure_pinning import overdue_since, procedure_file
from app.session import Session

NOT_PINNED = "no incident is declared: this is the document of the configuration as it stands now"


def known_page(incident: Incident, rules: Sequence[Authority], elapsed_ms: int) -> tuple[Line, ...]:
    """The page of a declared incident, as its document was understood when it was pinned."""
    if incident.procedure is None:
        return (Line(NO_PROCEDURE, Look.WARNING),)
    return sheet(incident.procedure, around(incident, rules, elapsed_ms))


def page(session: Session) -> tuple[Line, ...] | None:
    """The page of the present incident; None while none is declared: ``read_page`` reads the document then."""
    if session.incident.declared is None:
        return None
    return known_page(session.incident, session.authority_rules(), session.elapsed_ms())


def read_page(session: Session) -> tuple[Line, ...]:
    """Read the configured document and make its page. Takes a moment; raises what reading it raises."""
    from actions.gateways.markdown import read_procedure
    from actions.model.matrix import authority_of

    data = to_json(read_procedure(procedure_file(session.loaded)))
    procedure = from_json(Procedure, session.redactor.redact_json(data), "procedure")
    settings = session.redactor.redact_json(to_json(session.settings))
    rules = session.authority_rules()
    if not session.settings.escalation:
        rules = authority_of(procedure.escalation) or rules
    facts = Around(
        settings=settings,
        people=settings.get("people") or {},
        rules=rules,
        overdue=overdue_since(procedure, session.clock.now().date()),
    )
    if not session.loaded.settings.procedure.file:
        procedure = _without_path(procedure)
    return (Line(NOT_PINNED, Look.QUIET), *sheet(procedure, facts))


def _without_path(procedure: Procedure) -> Procedure:
    """The built-in document is told as such, as a pinned one is, not by where it is installed."""
    from actions.model.quick_dataclass import replace

    return replace(procedure, path="")
