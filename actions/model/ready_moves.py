"""The next move of a finding of ``goaround ready`` inside an incident: only one that exists as things stand. Pure.

Without an incident nothing is changed and nothing recorded: then a finding's own next move counts, which is by hand.
"""

from __future__ import annotations

from actions.model.blocking import blocked_reason
from actions.model.incident import Incident, step_state
from actions.model.plan import Plan, PlannedStep
from actions.model.quick_dataclass import dataclass
from actions.model.ready import Finding, ReadyReport, TargetState

PROTECT_IMAGES, SET_FIELD = "compose.protect", "coolify.set"
KEEP_MORE = "docker_images_to_keep"


@dataclass(frozen=True)
class Standing:
    """As things stand in a cockpit."""

    incident: Incident
    driver: bool
    observes: bool
    """Opened to look only."""
    option: str
    """The way back in use; empty: none is configured."""
    report: ReadyReport | None
    flier: str = ""
    """Who holds the controls."""
    plain: bool = False
    """Lines instead of a screen: other keys."""

    def target(self, option: str) -> TargetState | None:
        """The release that this way back would go to."""
        rows = self.report.targets if self.report is not None else ()
        return next((one for one in rows if one.option == option and one.proposed), None)


def protecting(plan: Plan) -> PlannedStep | None:
    """The first step of a plan that protects its target against a clean-up."""
    return next((one for one in plan.steps if one.step == PROTECT_IMAGES or _keeps_more(one)), None)


def _keeps_more(step: PlannedStep) -> bool:
    return step.step == SET_FIELD and step.params.get("key") == KEEP_MORE and not step.pays


def next_move(finding: Finding, now: Standing) -> str:
    """What to do about a finding, in one line."""
    if not finding.step:
        return finding.next_move
    step = _step_for(finding, now)
    if step is not None and now.driver:
        return _to_step(step, now)
    key = _towards(finding, now)
    return f"{key}; by hand, not on record, {finding.next_move}" if key else f"by hand, {finding.next_move}"


def _step_for(finding: Finding, now: Standing) -> PlannedStep | None:
    """The step of the plan drawn that does it for this target; None: there is none, or no plan."""
    plan, target = now.incident.plan, now.target(finding.about)
    if now.incident.closed is not None or now.observes or plan is None or plan.option != finding.about:
        return None
    return protecting(plan) if target is None or target.identity == plan.target.identity else None


def _to_step(step: PlannedStep, now: Standing) -> str:
    named = f"{step.code} {step.title}"
    if step_state(now.incident, step).settled:
        return f"{named}: done; {'ready now' if now.plain else 'l'} looks again"
    reason = blocked_reason(now.incident, step.code, driver=now.driver)
    key = f"{step.code}, then Enter: {step.title}" if now.plain else f"p goes to {named}"
    return f"{key}{f' (not yet: {reason})' if reason else ''}"


def _towards(finding: Finding, now: Standing) -> str:
    """What it takes to come to such a step; empty: nothing does any more."""
    incident, plan = now.incident, now.incident.plan
    if incident.closed is not None:
        return ""
    if incident.declared is None:
        return "a step of the plan protects it, once an incident is declared"
    if now.observes or not now.driver:
        return f"protecting is for who flies{f' ({now.flier})' if now.flier else ''}"
    target = now.target(finding.about)
    if plan is not None and plan.option == finding.about and protecting(plan) is not None:
        return f"the plan drawn is for {plan.target.name}, and protects that"
    if plan is not None:
        return f"the plan drawn ({plan.option} to {plan.target.name}) has no step for it"
    if finding.about != now.option:
        way = f"option {finding.about}, then t" if now.plain else f"W, choose {finding.about}, then p here"
        return f"{way}: its plan has a step for it"
    name = target.name if target is not None else "it"
    how = f"t, choose {name}: its plan" if now.plain else f"p draws the plan to {name}, which"
    return f"{how} has a step for it"


def protected_first(report: ReadyReport, option: str) -> str:
    """The way back that p is for: that of the first finding a step mends, the one in use before others."""
    ways = [one.about for one in report.findings if one.step]
    return option if option in ways or not ways else ways[0]
