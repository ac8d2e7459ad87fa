"""What is sensed of a sensed item: the value seen, the value expected, and whether they agree. Pure.

Some of it is read off the incident itself; the rest comes from readings that the cockpit's lookout has recorded.
Where a system has nothing configured that could be looked at, the item is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from actions.model.checklist import WORKFLOWS, State
from actions.model.quick_dataclass import dataclass

if TYPE_CHECKING:
    from actions.model.incident import Incident

PREFIX = "sensed "
"""Before the sensor's name in what a recorded reading is of: ``sensed probes.green``."""
CHOSEN = ("decision", "target")
"""Sensors of what a person chooses: somebody can do something about them; the others are waited for."""
KEPT_BY_KEY = ("monitoring.kept",)
"""Sensors that are satisfied by what Enter does on the item itself."""
CONFIGURED = ("configured.errors", "configured.response", "configured.database", "configured.resources")
"""Sensors whose reading is the configuration itself."""
NOT_OF_STEPS = (*CHOSEN, *KEPT_BY_KEY, "deployment.time")
"""Sensors of what no step of a plan brings about."""
FROM_INCIDENT = (
    *CHOSEN,
    "logs.exported",
    "configuration.kept",
    "evidence.kept",
    "monitoring.kept",
    "release.running",
    "watch.begun",
    WORKFLOWS,
    *CONFIGURED,
)
"""Sensors that need no reading: the incident says it."""


_UNKNOWN = r"(?:cannot be read|not known|not all logs can be read): |watched for less than |\d+ of \d+ logs are read;"


def unknown(seen: str) -> bool:
    """Whether the words of a reading that is not ok say that nothing could be seen: it ticks nothing, and proposes
    nothing.
    """
    return re.match(_UNKNOWN, seen) is not None


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
    logs = bool(system.get("logs") or settings.get("compose") or settings.get("coolify"))
    own = [probe for probe in probes if not probe.get("external")]
    if sensor.startswith("probe."):
        return _named(sensor, (*probes, *(settings.get("login") or ())))
    if sensor.startswith("check."):
        return _named(sensor, settings.get("check") or ())
    needs: dict[str, bool] = {
        **dict.fromkeys(FROM_INCIDENT, True),
        "watch.begun": bool((settings.get("watch") or {}).get("hours")),
        "monitoring.kept": bool(probes or logs),
        "critical.workflows": bool(settings.get("workflow")),
        "deployment.time": any(settings.get(option) for option in ("compose", "git")),
        "app.runs": bool(settings.get("compose")),
        "coolify.status": bool(settings.get("coolify")),
        "probes.answer": bool(own),
        "probes.green": bool(own),
        "dependencies.answer": len(own) < len(probes),
        "response.times": any(probe.get("slow_ms") for probe in own),
        "response.baseline": bool(own),
        "errors.rate": logs,
        "errors.database": logs,
        "backup.current": bool(database.get("backups") or (database.get("name") and database.get("keep"))),
        "database.answers": bool(database.get("name")),
    }
    return needs.get(sensor, False)


def _named(sensor: str, tables: Iterable[Mapping[str, Any]]) -> bool:
    return any(sensor.partition(".")[2] == table.get("name") for table in tables)


def reading(incident: Incident, sensor: str) -> Reading | None:
    """The newest reading, or None while there is none."""
    known = {
        "decision": _decision,
        "target": _target,
        "logs.exported": _logs,
        "configuration.kept": _configuration,
        "evidence.kept": _evidence,
        "monitoring.kept": _monitoring,
        "release.running": _running,
        "watch.begun": _watched,
        WORKFLOWS: _workflows,
    }
    if sensor in known:
        return known[sensor](incident)
    if sensor in CONFIGURED:
        return _configured(incident, sensor)
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
    files = [one for one in incident.evidence if one.private is private and not one.what]
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


def _evidence(incident: Incident) -> Reading | None:
    logs, configuration = _logs(incident), _configuration(incident)
    if logs is None or configuration is None:
        missing = " and ".join(name for name, one in (("logs", logs), ("configuration", configuration)) if one is None)
        return Reading(False, f"{missing} not kept yet", "logs and configuration kept")
    bad = next((one for one in (logs, configuration) if not one.ok), None)
    return bad or Reading(True, f"logs: {logs.seen}; configuration: {configuration.seen}")


def _monitoring(incident: Incident) -> Reading | None:
    kept = [one for one in incident.evidence if one.what == "monitoring"]
    return Reading(True, kept[-1].note or kept[-1].name) if kept else None


def _watched(incident: Incident) -> Reading | None:
    if not incident.watches:
        return None
    newest = incident.watches[-1]
    if hasattr(newest.body, "until"):
        return Reading(True, f"{newest.by} lets it be watched until {newest.body.until[:16]}Z", "", newest.at)
    return Reading(newest.body.complete, newest.body.words, "", newest.at)


def _running(incident: Incident) -> Reading | None:
    plan = incident.plan
    if plan is None:
        return None
    if incident.proven:
        return Reading(True, f"{plan.target.name} runs, proven", plan.target.name)
    facts = next((run.facts["running"] for run in reversed(incident.runs) if run.facts.get("running")), "")
    return Reading(False, facts or "not proven yet", plan.target.name)


def _configured(incident: Incident, sensor: str) -> Reading | None:
    from actions.model.configured_watch import presence  # the first screen does without

    there = presence(sensor, incident.declared.settings) if incident.declared else None
    return Reading(there.ok, there.seen, there.expected) if there is not None else None


def _workflows(incident: Incident) -> Reading | None:
    from actions.model.workflow_items import Tried, group, words  # where there are any

    if incident.procedure is None or incident.declared is None:
        return None
    tried, newest = [], ""
    for item in group(incident.procedure, incident.declared.settings)[1]:
        mark = incident.marks.get(item.code)
        seen = reading(incident, item.sensor) if item.sensor else None
        by_hand = mark.state if mark is not None and (not item.sensor or mark.state is not State.DONE) else State.OPEN
        red = seen is not None and not seen.ok and not unknown(seen.seen)
        tried.append(Tried(item.text, State.DONE if seen and seen.ok else by_hand, red))
        newest = max(newest, mark.at if mark else "", seen.at if seen else "")
    return Reading(*words(tried), newest) if tried else None
