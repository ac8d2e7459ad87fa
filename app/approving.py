"""Asking for approvals, giving and denying them, reading a code back, and breaking the glass: each wish as its events.

The one who flies asks, types a code that was read back, or breaks the glass; everybody else approves and denies,
without the lease and from their own login. Who counts is the model's to say; signing is in ``approval_signing``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from actions.model import events as ev
from actions.model.approval import ApprovalState, answer_roles, approval_state, moment_of, people_of
from actions.model.approval_rules import rules_of
from actions.model.clock import Clock, stamp
from actions.model.errors import BadInput, Refused
from actions.model.incident import Incident

if TYPE_CHECKING:
    from app.who import Who

CHANGED = "the plan has changed since it was shown: look at the new one first"
EXPLAIN_H = 24
"""Hours within which a break-glass is to be explained."""


class Recorder(Protocol):
    """What is asked of a session here; ``approval_desk`` has one for those who only approve."""

    @property
    def incident(self) -> Incident: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def who(self) -> Who: ...
    def sync(self) -> bool:
        """Fold what is new."""

    def clean(self, text: str, limit: int = 2000) -> str:
        """A text of a person, safe for screen and record."""

    def record_all(
        self, bodies: Sequence[ev.Body], rule: Callable[[Incident], str | None] | None = None, *, drive: bool = True
    ) -> list[ev.Event]:
        """Append all of them or none, when the rule gives no reason against it."""


def state_now(desk: Recorder) -> ApprovalState:
    """Where the approvals of the present plan stand."""
    return approval_state(desk.incident, moment_of(desk.clock))


def _flying(incident: Incident, digest: str) -> str | None:
    if incident.closed is not None:
        return "the incident is closed"
    if incident.plan is None:
        return "no plan is drawn: there is nothing to approve"
    return None if incident.plan_digest == digest else CHANGED


def request_approval(desk: Recorder, text: str = "") -> ev.ApprovalRequested:
    """Ask for what the plan still needs. Raises Refused when nothing is missing."""
    desk.sync()
    state = state_now(desk)
    if not state.missing:
        raise Refused(state.words or state.note or "no approval is missing")
    body = ev.ApprovalRequested(desk.incident.plan_digest, state.missing_roles, desk.clean(text, 300))
    desk.record_all((body,), lambda one: _flying(one, body.digest))
    return body


def check_target(incident: Incident, typed: str) -> None:
    """Raises Refused unless the name of the plan's system was typed exactly."""
    plan = incident.plan
    if plan is None:
        raise Refused("no plan is drawn: there is nothing to approve")
    if typed != plan.system:
        raise Refused(f"the name typed is not {plan.system}: nothing was recorded")


def _roles(desk: Recorder, as_role: str) -> tuple[str, ...]:
    roles, reason = answer_roles(desk.incident, desk.who.login, as_role)
    if reason:
        raise Refused(reason)
    return roles


def approve(desk: Recorder, digest: str, typed: str, *, as_role: str = "", key: str = "") -> ev.ApprovalGiven:
    """Approve the plan with this hash, from the approver's own login. ``typed``: the name of its system.

    Signed where a key can be used; where it cannot the login counts, marked weaker, unless signatures are required.
    Raises Refused with the reason; then nothing is recorded.
    """
    from app.approval_signing import signed

    desk.sync()
    incident, login = desk.incident, desk.who.login
    roles = _roles(desk, as_role)
    check_target(incident, typed)
    rules = rules_of(incident)
    body = ev.ApprovalGiven(
        digest=digest,
        person=login,
        name=_name(incident, login),
        roles=roles,
        how="login",
        expires=stamp(desk.clock.now() + timedelta(seconds=rules.expires_s)),
    )
    body = signed(incident, body, key)
    if rules.require_signatures and body.how != "signed":
        raise Refused("signatures are required ([approval] require_signatures)", body.unsigned, "sign with your key")
    desk.record_all((body,), lambda one: _answering(one, login, as_role, digest), drive=False)
    return body


def deny(desk: Recorder, digest: str, reason: str, *, as_role: str = "", key: str = "") -> ev.ApprovalDenied:
    """Deny the plan with this hash. A "no" needs no name typed and is never refused for want of a signature."""
    from app.approval_signing import signed

    desk.sync()
    incident, login = desk.incident, desk.who.login
    reason = " ".join(desk.clean(reason, 500).split())
    if not reason:
        raise Refused("a denial needs a reason")
    body = ev.ApprovalDenied(
        digest=digest,
        person=login,
        name=_name(incident, login),
        roles=_roles(desk, as_role),
        how="login",
        reason=reason,
    )
    body = signed(incident, body, key)
    desk.record_all((body,), lambda one: _answering(one, login, as_role, digest), drive=False)
    return body


def _answering(incident: Incident, login: str, as_role: str, digest: str) -> str | None:
    return answer_roles(incident, login, as_role)[1] or (None if incident.plan_digest == digest else CHANGED)


def _name(incident: Incident, login: str) -> str:
    return str(people_of(incident).get(login, {}).get("name") or "")


def read_back(desk: Recorder, person: str, typed: str) -> ev.ApprovalGiven:
    """Record the approval of somebody on the phone, whose code the one who flies has typed. Raises Refused."""
    from actions.model.read_back import ReadBack, judge

    desk.sync()
    incident = desk.incident
    rules = rules_of(incident)
    roles, reason = answer_roles(incident, person)
    if reason:
        raise Refused(reason)
    if rules.require_signatures:
        raise Refused("signatures are required: a code read back over the phone does not count")
    answer = judge(incident, person, typed, desk.clock.now())
    if answer is ReadBack.MISHEARD:
        raise Refused("the code is not complete or misheard: have it read out again, digit by digit")
    if answer is ReadBack.OTHER:
        raise Refused(
            f"the code is not {person}'s for this plan, or older than ten minutes",
            "",
            "ask which plan is on their screen, and for a fresh code",
        )
    body = ev.ApprovalGiven(
        digest=incident.plan_digest,
        person=person,
        name=_name(incident, person),
        roles=roles,
        how="read back",
        expires=stamp(desk.clock.now() + timedelta(seconds=rules.expires_s)),
        unsigned=f"read out over the phone and typed by {desk.who.login}",
    )
    desk.record_all((body,), lambda one: _flying(one, body.digest) or answer_roles(one, person)[1] or None)
    return body


def deny_by_phone(desk: Recorder, person: str, reason: str) -> ev.ApprovalDenied:
    """Record a "no" that somebody gave over the phone: the one who flies has no reason to invent it."""
    desk.sync()
    roles, why_not = answer_roles(desk.incident, person)
    if why_not:
        raise Refused(why_not)
    reason = " ".join(desk.clean(reason, 500).split())
    if not reason:
        raise Refused("a denial needs a reason")
    unsigned = f"said over the phone and typed by {desk.who.login}"
    name = _name(desk.incident, person)
    digest = desk.incident.plan_digest
    body = ev.ApprovalDenied(digest, person, name, roles, "by phone", reason, unsigned=unsigned)
    desk.record_all((body,), lambda one: _flying(one, digest))
    return body


def break_glass(desk: Recorder, reason: str, typed: str) -> ev.GlassBroken:
    """Fly the plan without the approvals it lacks: reason, the name of its system typed, and a debt to explain it."""
    desk.sync()
    incident, state = desk.incident, state_now(desk)
    reason = desk.clean(reason, 500)
    if not reason:
        raise BadInput("breaking the glass needs a reason")
    if not state.can_break:
        raise Refused(state.alone or "nothing is missing: there is no glass to break")
    check_target(incident, typed)
    missing = (
        *(one.words() for one in state.missing if not one.need.said),
        *(f"against the denial by {one.body.person}" for one in state.denied),
    )
    body = ev.GlassBroken(incident.plan_digest, "approval", missing, reason)
    number = 1 + sum(isinstance(one.body, ev.GlassBroken) for one in incident.approvals)
    due = desk.clock.now() + timedelta(hours=EXPLAIN_H)
    debt = ev.DebtOpened(
        debt=f"break-glass-{number}",
        text=f"explain break-glass by {desk.who.login} ({reason}) to {', '.join(missing)}",
        undo="",
        due=stamp(due),
    )
    desk.record_all((body, debt), lambda one: _flying(one, body.digest))
    return body
