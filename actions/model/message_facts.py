"""The facts of an incident that a message may name, as ``{placeholders}``: the whole list, and their values.

Pure: the time now is given. Every value is one harmless line; what is not known says so in words, so that no message
goes out with a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta

from actions.model.affirming import UNCOUNTED
from actions.model.clock import parse_stamp, span, stamp
from actions.model.estimate import estimate
from actions.model.incident import Incident
from actions.model.measured import Measured
from actions.model.outside_text import sanitise
from actions.model.plan import Plan
from actions.model.quick_dataclass import dataclass
from actions.model.release import short_id

PLACEHOLDERS: dict[str, str] = {
    "system": "name of the system",
    "environment": "production, staging or drill",
    "incident": "id of the incident",
    "mode": "LIVE or DRILL",
    "title": "what is broken, as it was declared",
    "severity": "severity as it is known now",
    "users": "share of users affected",
    "data_risk": "risk to the data",
    "decision": "what was decided",
    "option": "the way back in use",
    "target": "release that is gone back to",
    "loss": "data that going back loses, in the number that the plan has counted",
    "running": "what was last seen running",
    "state": "where the incident stands, in a few words",
    "since": "when the incident was declared",
    "declared": "the same",
    "finished": "when the proof succeeded, or the incident was closed",
    "takes": "how long going back takes, as it was measured or by the steps of the plan",
    "now": "the time now",
    "duration": "how long it lasts, or lasted",
    "next_update": "when the next update follows",
    "driver": "who flies",
    "decided_by": "the role that decided",
    "sender": "who sends this",
    "outcome": "how it ended",
    "ticket": "where the fix is followed",
    "link": "the configured link",
}
"""Every placeholder and what it stands for. ``{next update}`` and ``{next-update}`` are ``{next_update}``, too."""

_LIMIT = 200


@dataclass(frozen=True)
class Now:
    """What the facts need beside the incident."""

    at: datetime
    """Wall time, aware."""
    elapsed_ms: int = 0
    """Since the declaration."""
    sender: str = ""
    link: str = ""
    next_update_s: int = 1800
    measured: Mapping[str, Measured] = field(default_factory=dict)
    """How long each way back took here, where that is known."""


def facts(incident: Incident, now: Now) -> dict[str, str]:
    """A value for every placeholder; never empty, always one line without control characters."""
    name, inputs, plan = incident.declared, incident.inputs, incident.plan
    lasted_ms = now.elapsed_ms
    if incident.closed_at and incident.declared_at:
        ended = parse_stamp(incident.closed_at) - parse_stamp(incident.declared_at)
        lasted_ms = max(0, round(ended.total_seconds() * 1000))
    found = {
        "system": name.system if name else "",
        "environment": name.environment if name else "",
        "incident": incident.id,
        "mode": "DRILL" if is_drill(incident) else "LIVE",
        "title": name.title if name else "",
        "severity": inputs.severity,
        "users": inputs.users_text() if inputs.users_high >= 0 else "",
        "data_risk": inputs.data_risk,
        "decision": (incident.decision.decision if incident.decision else "") or "not decided yet",
        "option": plan.option if plan else "not chosen yet",
        "target": plan.target.name if plan else "not chosen yet",
        "loss": loss_words(plan),
        "running": _running(incident) or "not observed yet",
        "state": state_words(incident),
        "since": _minute(incident.declared_at),
        "declared": _minute(incident.declared_at),
        "finished": _minute(_finished(incident)) or "not finished yet",
        "takes": _takes(incident, now),
        "now": _minute(stamp(now.at)),
        "duration": span(lasted_ms // 1000),
        "next_update": _minute(stamp(now.at + timedelta(seconds=now.next_update_s))),
        "driver": _person(incident, incident.holder.holder) if incident.holder else "nobody now",
        "decided_by": (incident.decision.role if incident.decision else "") or "nobody yet",
        "sender": _person(incident, now.sender),
        "outcome": incident.closed.outcome if incident.closed else "still open",
        "ticket": (incident.closed.ticket if incident.closed else "") or "(no ticket yet)",
        "link": now.link or "(no link is configured)",
    }
    assert set(found) == set(PLACEHOLDERS)
    return {key: one_line(value) or "not known yet" for key, value in found.items()}


def loss_words(plan: Plan | None) -> str:
    """``27 rows in 5 tables after 02:00Z``, as it stands in the plan that people approve; or why there is no number."""
    if plan is None:
        return UNCOUNTED
    loss = plan.facts.get("loss", "")
    if loss:
        return f"all data that came after the backup: {loss}"
    return UNCOUNTED if plan.option == "database" else "none, no data is replaced"


def is_drill(incident: Incident) -> bool:
    """Whether this is an exercise: by its mode, or because the system itself is one for drills."""
    return incident.mode == "drill" or (incident.declared is not None and incident.declared.environment == "drill")


def state_words(incident: Incident) -> str:
    """Where it stands: ``being looked into``, ``rollback under way``, ``rolled back and proven``, …"""
    if incident.closed is not None:
        return f"closed: {incident.closed.outcome}"
    if incident.proven:
        return "rolled back and proven"
    if incident.decision is None or incident.decision_stale:
        return "being looked into"
    if incident.decision.decision != "roll back":
        return "a fix is being made"
    return "rollback under way" if incident.runs else "a rollback is decided"


def one_line(text: str, limit: int = _LIMIT) -> str:
    """Harmless, on one line, not endless."""
    return " ".join(sanitise(text.replace("\n", " "), limit=limit).replace("⏎", " ").split())


def _running(incident: Incident) -> str:
    running = ""
    for run in incident.runs:
        running = run.facts.get("running", running)
    if not running and incident.plan is not None:
        running = incident.plan.running
    if incident.plan is not None and running == incident.plan.target.identity:
        return incident.plan.target.name
    return short_id(running) if running else ""


def _takes(incident: Incident, now: Now) -> str:
    """As it was measured here, once that says enough; else what the steps of the plan usually take."""
    plan = incident.plan
    if plan is None:
        return ""
    found = estimate(plan.option, incident, now.measured.get(plan.option))
    if found.source == "measured":
        return found.short
    return span(sum(step.about_s for step in plan.steps if not step.optional and not step.pays))


def _person(incident: Incident, login: str) -> str:
    people = incident.declared.people if incident.declared else {}
    return str(people.get(login, {}).get("name", "") or login)


def _finished(incident: Incident) -> str:
    """When it was closed, else when the newest proof came about."""
    if incident.closed_at or not incident.proven or incident.plan is None:
        return incident.closed_at
    proving = {step.code for step in incident.plan.steps if step.proves}
    return max((run.ended for run in incident.runs if run.code in proving), default="")


def _minute(at: str) -> str:
    return parse_stamp(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else ""
