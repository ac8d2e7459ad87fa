"""What the key on the lamp leads to: what was found, looking anew, and protecting the target.

Protecting is a step of the plan like any other: the key goes to it and shows it; Enter runs it as shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.incident import step_state
from actions.model.plan import PlannedStep
from actions.model.ready import ReadyReport
from actions.model.release import Release
from app.attempts import may_not

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen

KEEP_MORE = "docker_images_to_keep"


def ready(screen: IncidentScreen) -> None:
    """Show what was found."""
    from widgets.ready_dialog import LOOK, PROTECT, ReadyDialog

    look = screen.ready
    if look is None:
        screen.say("the screen is not ready yet")
        return
    shown = look.lamp()
    words = f"looked at {shown.age} by {look.report.by}" if shown is not None and look.report is not None else ""
    said = look.trouble or ("it is being looked at" if look.looking else words or "nobody has looked yet")

    def answered(wish: str | None) -> None:
        if wish == PROTECT:
            protect(screen)
        elif wish == LOOK:
            will = screen.ready is not None and screen.ready.look_again()
            no = "not now: it is looked at while an incident is open, by the one who flies, while no step runs"
            screen.say("looking whether a rollback would work ..." if will else no)

    screen.app.push_screen(ReadyDialog(look.report, said, ascii=screen.ascii), answered)


def protect(screen: IncidentScreen) -> None:
    """To the step that protects the target; where no plan is drawn, draw the one to the proposed target."""
    from app import wishes
    from widgets.checklist import Checklist

    if may_not(screen, flying=True):
        return
    incident = screen.session.incident
    plan = incident.plan
    if plan is None:
        release = _proposed(screen.ready.report if screen.ready is not None else None, screen.releases)
        if release is None:
            screen.say("no target is known yet: choose one (t), its plan protects it")
            return
        wishes.choose(screen, release)
        return
    step = protecting(plan.steps)
    if step is None:
        screen.say(f"nothing to protect: the plan to {plan.target.name} has no step for it")
        return
    screen.action_pane("checklist")
    screen.query_one(Checklist).highlight(step.code)
    if step_state(incident, step).settled:
        screen.say(f"{step.code} {step.title}: done already")
        return
    screen.show_preview()
    screen.say(f"{step.code} protects {plan.target.name}: Enter runs it as shown")


def protecting(steps: tuple[PlannedStep, ...]) -> PlannedStep | None:
    """The first step of a plan that protects the target against a prune."""
    kept = (one for one in steps if one.step == "compose.protect" or _keeps_more(one))
    return next(kept, None)


def _keeps_more(step: PlannedStep) -> bool:
    return step.step == "coolify.set" and step.params.get("key") == KEEP_MORE and not step.pays


def _proposed(report: ReadyReport | None, releases: tuple[Release, ...]) -> Release | None:
    wanted = {one.identity for one in report.targets if one.proposed} if report is not None else set()
    return next((one for one in releases if one.identity in wanted), None)
