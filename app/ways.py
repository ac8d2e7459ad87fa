"""Choosing among the configured ways back: what there is to choose from, and the choice on record.

What each says of itself is told by ``actions.model.ways_back``; reading its releases and drawing its plan stay with the
session. Choosing changes no plan: another one is drawn when its release is chosen.
"""

from __future__ import annotations

from actions.model import events as ev
from actions.model.blocking import running_reason
from actions.model.errors import BadInput, Refused
from actions.model.incident import Incident
from actions.model.ways_back import Ways, ways
from app.measured import is_known, measured_of
from app.session import Session


def ways_of(session: Session, *, read: bool = False) -> Ways:
    """The ways back of this system as they stand now.

    ``read``: earlier records are read for how long they took, which takes a moment; else what is known of that counts.
    """
    session.sync()
    incident = session.incident
    options = tuple(map(str, session.settings.options))
    given = len(session.approvals().given) if incident.plan is not None else 0
    known = measured_of(session) if read else session.measured if is_known(session) else {}
    elapsed = session.elapsed_ms() // 1000 if incident.declared is not None and incident.closed is None else None
    return ways(incident, options, session.option() if options else "", elapsed, known, given)


def choose_option(session: Session, option: str) -> bool:
    """Record that this way back is to be gone from now on; False when it is the one in use.

    Raises BadInput for one that is not configured, Refused with the reason while a step runs or for an observer.
    """
    options = session.settings.options
    if option not in options:
        raise BadInput(f"{session.clean(option, 40) or 'nothing'!r} is no configured way back: {', '.join(options)}")
    session.sync()
    before = session.option()
    if option == before:
        return False
    way = ways_of(session).of(option)

    def rule(incident: Incident) -> str | None:
        if incident.declared is None:
            return "no incident is declared"
        if not session.driver:
            return f"you observe; {incident.holder.holder if incident.holder else 'somebody else'} flies"
        return "the incident is closed" if incident.closed is not None else running_reason(incident)

    reason = rule(session.incident)
    if reason:
        raise Refused(reason)
    session.record(ev.OptionChosen(option, before, way.late if way else ""), rule)
    return True
