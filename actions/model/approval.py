"""Approvals: what the present plan still waits for, by whose word, and until when. Pure, like everything it reads.

An approval counts for one plan, from somebody who holds the role and is another person than the one who flies, until
it expires. A denial counts as loudly. What the rules are stands in ``approval_rules``; asking is left to the app.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from actions.model import events as ev
from actions.model.approval_match import Missing, matched
from actions.model.approval_rules import Need, Rules, rules_of
from actions.model.clock import parse_stamp, t_plus
from actions.model.incident import Incident, Said
from actions.model.quick_dataclass import dataclass, replace
from actions.model.role import role_key

if TYPE_CHECKING:
    from actions.model.clock import Clock

NO_PEOPLE = "no people are configured: approvals are not asked for"
NOBODY = "[people] names nobody who could; close, add two people, and declare anew"
BACKWARDS_S = 60
"""A wall clock that stands further back than this before an approval, after a restart, cannot say when it expires."""


@dataclass(frozen=True)
class Moment:
    """A reading of both clocks."""

    wall: datetime
    mono: int
    boot: str

    def since_ms(self, at: str, mono: int, boot: str) -> int:
        """Milliseconds since a recorded moment; negative only where another boot's wall clock stood later."""
        if self.boot == boot:
            return max(0, self.mono - mono)
        return round((self.wall - parse_stamp(at)).total_seconds() * 1000)


def moment_of(clock: Clock) -> Moment:
    """Now."""
    return Moment(clock.now(), clock.monotonic_ms(), clock.boot())


@dataclass(frozen=True)
class ApprovalState:
    """Where the approvals of the present plan stand."""

    needed: tuple[Need, ...] = ()
    given: tuple[Said, ...] = ()
    """``ApprovalGiven`` that count now."""
    missing: tuple[Missing, ...] = ()
    denied: tuple[Said, ...] = ()
    expired: tuple[Said, ...] = ()
    void: tuple[Said, ...] = ()
    """Answers to other plans."""
    uncounted: tuple[tuple[Said, str], ...] = ()
    """Given for this plan, and why they do not count."""
    broken: Said | None = None
    """``GlassBroken``, while it holds."""
    asked: Said | None = None
    """``ApprovalRequested``, while it asks for what is missing."""
    asked_ms: int = 0
    alone_until_s: int | None = None
    """Seconds since the declaration at which another rule begins, where who flies may act alone until then."""
    note: str = ""
    words: str = ""
    """One line for the screen; empty: there is nothing to say."""

    @property
    def blocked(self) -> str:
        """Why nothing that changes the system may start; empty: it may."""
        if self.broken is not None:
            return self.alone
        return self.words if self.denied or self.missing else ""

    @property
    def alone(self) -> str:
        """What no broken glass stands for: a step that nobody does alone waits for a second person; or empty."""
        found = next((one for one in self.missing if one.need.said), None)
        return f"needs {found.words()}, also with the glass broken ({found.who_words()})" if found else ""

    @property
    def can_break(self) -> bool:
        """There is a glass, and breaking it would open something."""
        return self.broken is None and bool(self.denied or any(not one.need.said for one in self.missing))

    @property
    def can_ask(self) -> bool:
        """Asking is what would help now."""
        return bool(self.blocked) and not self.denied and self.asked is None and not self.note

    @property
    def missing_roles(self) -> tuple[str, ...]:
        """Everybody who is waited for, by role: ``tech-manager``, ``2 of on-call``."""
        return tuple(one.words() for one in self.missing)


def people_of(incident: Incident) -> dict[str, dict[str, object]]:
    """Login -> {name, roles, signer}, as configured at the declaration."""
    return incident.declared.people if incident.declared else {}


def same_person(incident: Incident, login: str) -> str:
    """Who a login is: two logins of one configured name are one person."""
    name = people_of(incident).get(login, {}).get("name") or ""
    plain = " ".join(str(name).casefold().split())
    return f"name {plain}" if plain else f"login {login.strip().casefold()}"


def roles_of(incident: Incident, login: str) -> tuple[str, ...]:
    """The configured roles of a login."""
    held = people_of(incident).get(login, {}).get("roles") or ()
    return tuple(role_key(str(role)) for role in held) if isinstance(held, list | tuple) else ()


def flyers(incident: Incident) -> frozenset[str]:
    """The people who may not approve: who flies, who drew the plan, who asked."""
    logins = [incident.holder.holder] if incident.holder else []
    logins += [incident.plan_by] if incident.plan_by else []
    asked = (one for one in incident.approvals if isinstance(one.body, ev.ApprovalRequested))
    logins += [one.by for one in asked if one.body.digest == incident.plan_digest]
    return frozenset(same_person(incident, login) for login in logins)


def answer_roles(
    incident: Incident, login: str, as_role: str = "", rules: Rules | None = None
) -> tuple[tuple[str, ...], str]:
    """(roles it would count for, why this person may not answer): one of the two is empty."""
    if incident.declared is None:
        return (), "no incident is declared"
    if incident.closed is not None:
        return (), "the incident is closed"
    if incident.plan is None:
        return (), "no plan is drawn: there is nothing to approve"
    if not people_of(incident):
        return (), NO_PEOPLE
    if login not in people_of(incident):
        return (), f"{login} is nobody of [people]: the roles are configured there"
    if same_person(incident, login) in flyers(incident):
        return (), f"{login} flies, drew this plan or asked: somebody else must approve"
    wanted = (rules or rules_of(incident)).roles(incident.plan.option)
    held = roles_of(incident, login)
    if as_role:
        held = tuple(role for role in held if role == role_key(as_role))
        if not held:
            return (), f"{login} does not hold the role {as_role}"
    roles = tuple(role for role in held if role in wanted)
    if not roles:
        has = f"holds {', '.join(held)}" if held else "holds no role"
        return (), f"{login} {has}; this plan wants {' or '.join(wanted)}"
    return roles, ""


def approval_state(incident: Incident, now: Moment, rules: Rules | None = None) -> ApprovalState:
    """Where the approvals of the present plan stand at this moment."""
    plan = incident.plan
    if plan is None or incident.declared is None:
        return ApprovalState()
    ours = [one for one in incident.approvals if getattr(one.body, "digest", "") == incident.plan_digest]
    void = tuple(one for one in incident.approvals if one not in ours and _answers(one))
    rules = rules or rules_of(incident)
    if not people_of(incident):
        nobody = (Missing(rules.second, 1, ()),) if rules.second else ()
        words = f"needs {rules.second.words()}: {NOBODY}" if rules.second else ""
        return ApprovalState(missing=nobody, void=void, note=NO_PEOPLE, words=words)
    elapsed = now.since_ms(incident.declared_at, incident.declared_mono, incident.declared_boot) // 1000
    needed = rules.needs(plan.option, max(0, elapsed))
    denied = _denied(incident, ours, rules.roles(plan.option))
    given, expired, uncounted = _given(incident, ours, denied, now, rules)
    holder = incident.holder.holder if incident.holder else ""
    missing = matched(
        needed,
        [(same_person(incident, one.body.person), _counts_for(incident, one)) for one in given],
        (same_person(incident, holder), roles_of(incident, holder)) if holder else None,
        {login: (same_person(incident, login), roles_of(incident, login)) for login in people_of(incident)},
        flyers(incident),
    )
    broken = _broken(ours, denied)
    asked = _asked(ours, missing, expired, denied)
    asked_ms = max(0, now.since_ms(asked.at, asked.mono, asked.boot)) if asked else 0
    until = rules.changes_at(plan.option, max(0, elapsed))
    state = ApprovalState(needed, given, missing, denied, expired, void, uncounted, broken, asked, asked_ms, until)
    return replace(state, words=_words(state, void))


def _answers(said: Said) -> bool:
    return not _is(said, ev.ApprovalRequested) and getattr(said.body, "what", "approval") == "approval"


def _is(said: Said, kind: type) -> bool:
    return isinstance(said.body, kind)


def _counts_for(incident: Incident, said: Said) -> tuple[str, ...]:
    held = roles_of(incident, said.body.person)
    return tuple(role for role in map(role_key, said.body.roles) if role in held)


def _denied(incident: Incident, ours: Iterable[Said], wanted: tuple[str, ...]) -> tuple[Said, ...]:
    """The denials that stand: of people with a say, who have not approved since."""
    standing: dict[str, Said] = {}
    for one in ours:
        if not _is(one, ev.ApprovalGiven) and not _is(one, ev.ApprovalDenied):
            continue
        who = same_person(incident, one.body.person)
        if _is(one, ev.ApprovalDenied) and any(role in wanted for role in roles_of(incident, one.body.person)):
            standing[who] = one
        elif _is(one, ev.ApprovalGiven):
            standing.pop(who, None)
    return tuple(standing.values())


def _given(
    incident: Incident, ours: list[Said], denied: tuple[Said, ...], now: Moment, rules: Rules
) -> tuple[tuple[Said, ...], tuple[Said, ...], tuple[tuple[Said, str], ...]]:
    """(counting, expired, (not counting, why)), oldest first; what its giver has since denied is in none of them."""
    counting: list[Said] = []
    expired: list[Said] = []
    uncounted: list[tuple[Said, str]] = []
    last_denial: dict[str, int] = {}
    for at, one in enumerate(ours):
        if _is(one, ev.ApprovalDenied):
            last_denial[same_person(incident, one.body.person)] = at
    for at, one in enumerate(ours):
        if not _is(one, ev.ApprovalGiven) or at < last_denial.get(same_person(incident, one.body.person), -1):
            continue
        reason = _why_not(incident, one, rules)
        if reason:
            uncounted.append((one, reason))
        elif _has_expired(one, now, rules.expires_s):
            expired.append(one)
        else:
            counting.append(one)
    again = {same_person(incident, one.body.person) for one in counting}
    late = tuple(one for one in expired if same_person(incident, one.body.person) not in again)
    return tuple(counting), late, tuple(uncounted)


def _why_not(incident: Incident, said: Said, rules: Rules) -> str:
    body = said.body
    if same_person(incident, body.person) in flyers(incident):
        return "given by the one who flies"
    if not _counts_for(incident, said):
        return "the role is not held"
    if body.how != "read back" and said.by != body.person:
        return f"entered at the login of {said.by}"
    if rules.require_signatures:
        signer = str(people_of(incident).get(body.person, {}).get("signer") or "")
        if body.how != "signed" or not body.signature:
            return "not signed, and signatures are required"
        if signer and signer != body.signer:
            return f"signed by {body.signer or 'nobody named'}, not by {signer}"
    return ""


def _has_expired(said: Said, now: Moment, longest_s: int) -> bool:
    """Within one boot by the monotonic clock, so that no setting of the wall clock makes it last; else by the wall."""
    try:
        lasts = (parse_stamp(said.body.expires) - parse_stamp(said.at)).total_seconds() * 1000
        since = now.since_ms(said.at, said.mono, said.boot)
    except (ValueError, OverflowError):
        return True
    return since >= min(lasts, longest_s * 1000) or since < -BACKWARDS_S * 1000


def _broken(ours: list[Said], denied: tuple[Said, ...]) -> Said | None:
    """The newest break-glass over approvals; a denial after it stands again."""
    found = next((one for one in reversed(ours) if _is(one, ev.GlassBroken) and one.body.what == "approval"), None)
    if found is None or any(ours.index(one) > ours.index(found) for one in denied):
        return None
    return found


def _asked(
    ours: list[Said], missing: tuple[Missing, ...], expired: tuple[Said, ...], denied: tuple[Said, ...]
) -> Said | None:
    """The newest request, as long as it asks for all that is missing and its answer has not expired or been a no."""
    found = next((one for one in reversed(ours) if _is(one, ev.ApprovalRequested)), None)
    if found is None or not missing:
        return None
    if any(ours.index(one) > ours.index(found) for one in (*expired, *denied)):
        return None
    return found if {one.words() for one in missing} <= set(found.body.roles) else None


def ago(milliseconds: int) -> str:
    """``04:12 ago``."""
    return f"{t_plus(milliseconds)[2:]} ago"


def person_words(said: Said) -> str:
    """``Second Operator (ops2)``."""
    body = said.body
    return f"{body.name} ({body.person})" if body.name else str(body.person)


def _words(state: ApprovalState, void: tuple[Said, ...]) -> str:
    if state.broken is not None:
        still = f"; {state.alone}" if state.alone else ""
        return f"BREAK-GLASS by {state.broken.by}: {state.broken.body.reason}{still}"
    if state.denied:
        return "; ".join(f"DENIED by {person_words(one)}: {one.body.reason}" for one in state.denied)
    if state.missing:
        before = "".join(f"the approval of {one.body.person} has expired; " for one in state.expired)
        if not before and void and not state.given and state.asked is None:
            before = "the plan has changed: earlier answers are void; "
        who = " and ".join(f"{one.words()} ({one.who_words()})" for one in state.missing)
        if state.asked is not None:
            return f"{before}waits for {who}; asked {ago(state.asked_ms)}"
        return f"{before}needs {who}; not asked yet"
    if state.given:
        return "approved by " + ", ".join(given_words(one) for one in state.given)
    if state.needed:
        until = "" if state.alone_until_s is None else f" until {t_plus(state.alone_until_s * 1000)}"
        return f"no other approval is needed: who flies may act alone{until}"
    return ""


def given_words(said: Said) -> str:
    """``ops2 (tech-manager, signed) until 10:31Z``."""
    body = said.body
    return f"{body.person} ({', '.join(body.roles)}, {body.how}) until {body.expires[11:16]}Z"
