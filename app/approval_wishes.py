"""The cockpit's key for approvals: asks, takes what was said over the phone, breaks the glass. The model rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.approval import ApprovalState, answer_roles, people_of
from actions.model.approval_text import state_lines
from actions.model.chain import hash_groups
from actions.model.incident import Incident
from app import approving
from app.attempts import attempt, may_not
from widgets.approval_dialog import ApprovalDialog, BreakGlassAnswer, BreakGlassDialog, PersonAnswer, PersonDialog

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen


def ask(screen: IncidentScreen) -> None:
    """Ask for what is missing; from then on the rows say who is waited for."""
    if may_not(screen, flying=True):
        return
    session = screen.session
    if attempt(screen, lambda: approving.request_approval(session)):
        screen.say(f"asked; they answer with: goaround approve {session.incident.id}")


def possible(state: ApprovalState, incident: Incident) -> tuple[str, ...]:
    """What can be done about the approvals now."""
    if incident.plan is None or not people_of(incident):
        return ()
    found = ["ask"] if state.missing else []
    found += ["code", "no"] if any(not reason for _, _, reason in callers(incident)) else []
    return (*found, "break") if state.can_break else tuple(found)


def callers(incident: Incident) -> tuple[tuple[str, str, str], ...]:
    """Everybody of ``[people]``: login, name and roles, and why they may not answer."""
    rows = []
    for login, person in people_of(incident).items():
        roles, reason = answer_roles(incident, login)
        rows.append((login, f"{person.get('name') or ''}  {', '.join(roles)}".strip(), reason))
    return tuple(rows)


def approval(screen: IncidentScreen) -> None:
    """How they stand, and what to do."""
    session = screen.session
    if session.incident.plan is None or session.incident.closed is not None:
        screen.say("no plan is drawn: there is nothing to approve")
        return
    if not session.driver and not screen.observe:
        screen.say(f"you observe: answer from your own login with: goaround approve {session.incident.id}")
        return
    if may_not(screen, flying=True):
        return
    state = session.approvals()
    actions = {
        "ask": lambda: ask(screen),
        "code": lambda: _code(screen),
        "no": lambda: _denied(screen),
        "break": lambda: _break(screen),
    }

    def answered(wish: str | None) -> None:
        if wish is not None:
            actions[wish]()

    lines = [*state_lines(session.incident, state), f"plan      {hash_groups(session.incident.plan_digest)[:39]}"]
    screen.app.push_screen(ApprovalDialog(lines, possible(state, session.incident), ascii=screen.ascii), answered)


def _code(screen: IncidentScreen) -> None:
    session = screen.session

    def answered(answer: PersonAnswer | None) -> None:
        if answer is not None and attempt(screen, lambda: approving.read_back(session, answer.person, answer.text)):
            screen.say(f"approved by {answer.person}, read back: {session.approvals().words}")

    dialog = PersonDialog(
        "Code read back",
        f"They run: goaround approve {session.incident.id} --read-back\nand read twelve digits out. The code shows that"
        " this very plan was on a screen; it does not show whose.",
        callers(session.incident),
        "The code:",
        accept="Approve",
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def _denied(screen: IncidentScreen) -> None:
    session = screen.session

    def answered(answer: PersonAnswer | None) -> None:
        if answer is not None:
            attempt(screen, lambda: approving.deny_by_phone(session, answer.person, answer.text))

    dialog = PersonDialog(
        "No by phone",
        "A no is recorded as loudly as a yes: nothing of this plan may start until they approve it, or it changes.",
        callers(session.incident),
        "Why not?",
        accept="Record the no",
        ascii=screen.ascii,
    )
    screen.app.push_screen(dialog, answered)


def _break(screen: IncidentScreen) -> None:
    session = screen.session
    plan = session.incident.plan
    if plan is None:
        return

    def answered(answer: BreakGlassAnswer | None) -> None:
        if answer is not None and attempt(screen, lambda: approving.break_glass(session, answer.reason, answer.typed)):
            screen.say("BREAK-GLASS is on record; it is to be explained within 24 hours")

    state = session.approvals()
    dialog = BreakGlassDialog([state.words], plan.system, ascii=screen.ascii)
    screen.app.push_screen(dialog, answered)
