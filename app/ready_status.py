"""Whether a rollback would work, for the one-line status: read from the file of the last look, never asked anew."""

from __future__ import annotations

from pathlib import Path

from actions.model.clock import Clock
from actions.model.incident import Incident
from actions.model.ready import lamp, parachute
from actions.model.status_line import Part
from app.ready_file import read_report

COLOURS = {"done": "green", "failed": "red"}


def ready_parts(folder: Path, system: str, incident: Incident, clock: Clock) -> tuple[Part, ...]:
    """The parachute, red while it is not packed; nothing where nobody has looked, or once it is back and proven."""
    system = system or (incident.declared.system if incident.declared is not None else "")
    back = incident.closed is None and incident.proven
    report = None if back or not system else read_report(folder, system)
    if report is None:
        return ()
    found = lamp(report, clock.now().timestamp())
    return (Part(parachute(found), COLOURS.get(found.tone, "yellow")),)
