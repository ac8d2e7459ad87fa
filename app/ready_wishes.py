"""What the key on the lamp leads to: what was found, looking anew, and protecting the target.

Protecting is a step of the plan like any other: the key goes to it and shows it; Enter runs it as shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.incident import step_state
from actions.model.ready import Finding, ReadyReport
from actions.model.ready_moves import Standing, next_move, protected_first, protecting
from actions.model.release import Release
from app.attempts import may_not

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen
    from widgets.ready_dialog import Looked


def ready(screen: IncidentScreen) -> None:
    """Show what was found; it is read again while it is shown."""
    from widgets.ready_dialog import PROTECT, ReadyDialog

    if screen.ready is None:
        screen.say("the screen is not ready yet")
        return

    def answered(wish: str | None) -> None:
        if wish == PROTECT:
            protect(screen, dialog.about)

    dialog = ReadyDialog(lambda: _looked(screen), lambda: _look(screen), ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)


def _looked(screen: IncidentScreen) -> Looked:
    from widgets.ready_dialog import Looked

    look = screen.ready
    assert look is not None  # the caller has looked
    standing = _standing(screen)

    def move(finding: Finding) -> str:
        return next_move(finding, standing)

    return Looked(look.report, look.words(), move)


def _look(screen: IncidentScreen) -> str:
    """Look again; the answer: why not, or nothing."""
    return screen.ready.look_now() if screen.ready is not None else "not ready yet"


def _standing(screen: IncidentScreen) -> Standing:
    session = screen.session
    option = session.option() if session.settings.options else ""
    report = screen.ready.report if screen.ready is not None else None
    holder = session.incident.holder
    flier = holder.holder if holder is not None else ""
    return Standing(session.incident, session.driver, screen.observe, option, report, flier)


def protect(screen: IncidentScreen, about: str = "") -> None:
    """To the step that protects the target; where no plan is drawn, draw the one to the proposed target.

    ``about``: the way back that it is asked for; else the one that needs it most.
    """
    from app import wishes
    from widgets.checklist import Checklist

    if may_not(screen, flying=True):
        return
    if screen.session.incident.closed is not None:
        screen.say("the incident is closed: nothing is protected any more")
        return
    standing = _standing(screen)
    incident, report = standing.incident, standing.report
    plan = incident.plan
    if plan is None:
        option = about or (protected_first(report, standing.option) if report is not None else standing.option)
        if option != screen.releases_of:
            screen.say(f"the releases shown are those of {screen.releases_of or 'no way back'}: choose {option} (W)")
            return
        release = _proposed(report, option, screen.releases)
        if release is None:
            screen.say("no target is known yet: choose one (t), its plan protects it where it can")
            return
        wishes.choose(screen, release)
        return
    step = protecting(plan)
    if step is None:
        screen.say(f"nothing to protect: the plan ({plan.option} to {plan.target.name}) has no step for it")
        return
    screen.action_pane("checklist")
    screen.query_one(Checklist).highlight(step.code)
    if step_state(incident, step).settled:
        screen.say(f"{step.code} {step.title}: done already")
        return
    screen.show_preview()
    screen.say(f"{step.code} protects {plan.target.name}: Enter runs it as shown")


def _proposed(report: ReadyReport | None, option: str, releases: tuple[Release, ...]) -> Release | None:
    rows = report.targets if report is not None else ()
    wanted = {one.identity for one in rows if one.proposed and one.option == option}
    return next((one for one in releases if one.identity in wanted), None)
