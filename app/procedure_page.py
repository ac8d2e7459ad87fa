"""The page of the procedure for whoever asks: the one that the incident pinned, else the one that is configured now.

Knows no Textual: the cockpit, a review and plain mode stand on the same ground. Reading the document is the gateway's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from actions.model.codec import from_json, to_json
from actions.model.incident import Incident
from actions.model.matrix import Authority
from actions.model.measured import Measured
from actions.model.procedure import Procedure
from actions.model.procedure_line import NO_PROCEDURE, Around, Line, Look, around
from actions.model.procedure_sheet import sheet
from actions.model.quick_dataclass import replace
from app.measured import measured_of
from app.procedure_pinning import overdue_since, procedure_file
from app.session import Session

if TYPE_CHECKING:
    from actions.model.readiness import Card

NOT_PINNED = "no incident is declared: this is the document of the configuration as it stands now"


def known_page(
    incident: Incident,
    rules: Sequence[Authority],
    elapsed_ms: int,
    cards: tuple[Card, ...] = (),
    reading: str = "",
    measured: Mapping[str, Measured] = MappingProxyType({}),
) -> tuple[Line, ...]:
    """The page of a declared incident, as its document was understood when it was pinned.

    ``cards``: how ready the releases are, as far as somebody has looked; ``reading``: what is said until then.
    ``measured``: how long each way back took here.
    """
    if incident.procedure is None:
        return (Line(NO_PROCEDURE, Look.WARNING),)
    facts = around(incident, rules, elapsed_ms)
    return sheet(incident.procedure, replace(facts, cards=cards, reading=reading, measured=measured))


def page(session: Session, cards: tuple[Card, ...] = (), reading: str = "") -> tuple[Line, ...] | None:
    """The page of the present incident; None while none is declared: ``read_page`` reads the document then."""
    if session.incident.declared is None:
        return None
    rules, elapsed = session.authority_rules(), session.elapsed_ms()
    return known_page(session.incident, rules, elapsed, cards, reading, measured_of(session))


def read_procedure_of(session: Session) -> Procedure:
    """The configured document, without secrets. Takes a moment; raises what reading it raises."""
    from actions.gateways.markdown import read_procedure

    data = to_json(read_procedure(procedure_file(session.loaded)))
    procedure: Procedure = from_json(Procedure, session.redactor.redact_json(data), "procedure")
    return procedure


def read_page(session: Session, cards: Callable[[Procedure], tuple[Card, ...]] = lambda _: ()) -> tuple[Line, ...]:
    """Read the configured document and make its page. Takes a moment; raises what reading it raises.

    ``cards``: looks how ready the releases are.
    """
    from actions.model.matrix import authority_of

    procedure = read_procedure_of(session)
    settings = session.redactor.redact_json(to_json(session.settings))
    rules = session.authority_rules()
    if not session.settings.escalation:
        rules = authority_of(procedure.escalation) or rules
    facts = Around(
        settings=settings,
        people=settings.get("people") or {},
        rules=rules,
        overdue=overdue_since(procedure, session.clock.now().date()),
        cards=cards(procedure),
        measured=measured_of(session),
    )
    if not session.loaded.settings.procedure.file:
        procedure = _without_path(procedure)
    return (Line(NOT_PINNED, Look.QUIET), *sheet(procedure, facts))


def _without_path(procedure: Procedure) -> Procedure:
    """The built-in document is told as such, as a pinned one is, not by where it is installed."""
    return replace(procedure, path="")
