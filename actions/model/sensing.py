"""What is sensed of a sensed item: the value seen, the value expected, and whether they agree. Pure.

Some of it is read off the incident itself; the rest comes from readings that the cockpit's lookout has recorded.
Where a system has nothing configured that could be looked at, the item is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.incident import Incident

PREFIX = "sensed "
"""Before the sensor's name in what a recorded reading is of: ``sensed probes.green``."""
CHOSEN = ("decision", "target")
"""Sensors of what a person chooses: somebody can do something about them; the others are waited for."""
FROM_INCIDENT = (*CHOSEN, "logs.exported", "configuration.kept", "release.running")
"""Sensors that need no reading: the incident says it."""


@dataclass(frozen=True)
class Reading:
    """What a sensor says now."""

    ok: bool
    seen: str
    expected: str = ""
    at: str = ""
    """When it was read: a stamp; empty: it is so by the record itself."""


def can_sense(sensor: str, settings: Mapping[str, Any]) -> bool:
    """Whether a system of this configuration (as JSON) has something to look at for this sensor."""
    probes = settings.get("probe") or ()
    system = settings.get("system") or {}
    database = settings.get("database") or {}
    needs: dict[str, bool] = {
        **dict.fromkeys(FROM_INCIDENT, True),
        "probes.green": bool(probes),
        "response.times": any(probe.get("slow_ms") for probe in probes),
        "errors.rate": bool(system.get("logs") or settings.get("compose")),
        "backup.current": bool(database.get("backups")),
    }
    return needs.get(sensor, False)


def reading(incident: Incident, sensor: str) -> Reading | None:
    """The newest reading, or None while there is none."""
    known = {
        "decision": _decision,
        "target": _target,
        "logs.exported": _logs,
        "configuration.kept": _configuration,
        "release.running": _running,
    }
    if sensor in known:
        return known[sensor](incident)
    at, seen = incident.observations.get(PREFIX + sensor, ("", None))
    return Reading(seen.ok, seen.seen, seen.expected, at) if seen is not None else None


def _decision(incident: Incident) -> Reading | None:
    decision = incident.decision
    if decision is None:
        return None
    if incident.decision_stale:
        return Reading(False, f"was {decision.decision}; new facts re-opened it", "decided again", incident.decided_at)
    return Reading(True, decision.decision, "", incident.decided_at)


def _target(incident: Incident) -> Reading | None:
    return Reading(True, incident.plan.target.name) if incident.plan else None


def _kept(incident: Incident, *, private: bool) -> Reading | None:
    files = [one for one in incident.evidence if one.private is private]
    if not files:
        return None
    partial = [one.name for one in files if not one.complete]
    count = f"{len(files)} file{'' if len(files) == 1 else 's'} kept"
    if partial:
        return Reading(False, f"{count}, {len(partial)} of them not whole: {partial[0]}", "every file whole")
    return Reading(True, count)


def _logs(incident: Incident) -> Reading | None:
    return _kept(incident, private=False)


def _configuration(incident: Incident) -> Reading | None:
    return _kept(incident, private=True)


def _running(incident: Incident) -> Reading | None:
    plan = incident.plan
    if plan is None:
        return None
    if incident.proven:
        return Reading(True, f"{plan.target.name} runs, proven", plan.target.name)
    facts = next((run.facts["running"] for run in reversed(incident.runs) if run.facts.get("running")), "")
    return Reading(False, facts or "not proven yet", plan.target.name)
