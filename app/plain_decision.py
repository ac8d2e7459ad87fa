"""Plain mode's questions about the damage, the decision and the end: numbered, one after the other.

What they may answer is the session's to judge; the loop around them is left to ``plain``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actions.model.bent import bent_words
from actions.model.branching import option_warning, warnings
from actions.model.criteria import (
    NONE_THERE,
    change_since_decision,
    criteria,
    over_codes,
    proposal_words,
    proposed_codes,
    row_change,
    sensed_words,
)
from actions.model.debts import deadline_words, holding
from actions.model.due import FORMS, due_words, parse_due
from actions.model.errors import Refused
from actions.model.incident import Incident, branches, forward_decided, proposed_severity, recommended
from actions.model.matrix import Decision, Inputs, has_users, named, parse_users
from app.session import Session

if TYPE_CHECKING:
    from app.plain_operator import Operator

Say = Callable[[str], None]
UNKNOWN = "?"
_ENDS = {"f": "forward", "n": "not recovered", "a": "abandoned", "x": "false alarm"}
_DECISIONS = {"b": Decision.ROLL_BACK, "f": Decision.FIX_FORWARD}


def decide(session: Session, operator: Operator, say: Say) -> None:
    """Ask for what is known of the damage, show what the matrix says, record the decision."""
    matrix = session.incident.matrix
    say_proposed(session, say)
    severity = _severity(session, operator, say)
    low, high = _users(operator, say) if has_users(matrix) else (-1, -1)
    risk = _choice(operator, say, "data risk", named([row.data_risk for row in matrix]))
    before = session.incident
    session.set_inputs(Inputs(severity, low, high, risk))
    _say_row(say, before, session.incident)
    found = recommended(session.incident)
    if found is None:
        say("the matrix says nothing: nothing is known")
    else:
        say(f"the matrix says: {found.row.decision.value}, within {found.row.within}; {found.words()}")
    say_warnings(session, say)
    since = change_since_decision(session.incident)
    if since is not None:
        say(f"new facts since it was decided: {since.words()}")
    for line in times(session):
        say(line)
    authority, _ = session.authority()
    say(f"deciding now: {' or '.join(authority.roles)}")
    says = found.row.decision if found else None
    prompt = f"Enter: {says.value}; or b (roll back), f (fix forward) > " if says else "b: roll back; f: fix forward > "
    decision = _DECISIONS.get(operator.ask("decision", prompt).strip(), says)
    if decision is None:
        raise Refused("not decided")
    reason = "" if decision is says else operator.ask("reason", "Why otherwise than the matrix says? > ")
    session.decide(decision, reason)
    say(f"decided: {decision.value}")


def times(session: Session) -> tuple[str, ...]:
    """How long each way back takes here, a line each; ``!`` before what is not in time. Reads the record once."""
    from app.measured import decide_lines, measured_of

    measured_of(session)
    return decide_lines(session)


def say_timing(session: Session, say: Say) -> None:
    """How long the plan takes, and whether that is in time."""
    from app.measured import measured_of, timing_of

    measured_of(session)
    found = timing_of(session)
    if found is not None:
        say(found.words)
        if found.late:
            say(f"! {found.late}")


def ask_criteria(session: Session, operator: Operator, say: Say) -> None:
    """List the criteria and tick them by number until Enter; each tick is recorded, and what it changes is said."""
    rows = criteria(session.incident)
    if not rows:
        raise Refused(NONE_THERE)
    while True:
        rows = criteria(session.incident)
        level = None
        for one in rows:
            if one.level != level:
                level = one.level
                operator.say(f"    -- {one.level or 'no level named'}{': ' + one.action if one.action else ''} --")
            operator.say(f"    [{'x' if one.met else ' '}] {one.code:<3} {one.text}")
            for line in filter(None, (one.look_words(one.met), *one.notes)):
                operator.say(f"            {line}")
        proposed = say_proposed(session, say)
        say(proposal_words(proposed_severity(session.incident), sum(one.met for one in rows), len(rows)))
        take = f"t: {' '.join(proposed)} as the sensors say; " if proposed else ""
        text = operator.ask(
            "criteria", f"What holds, or not any more: numbers, such as 1 3; {take}Enter: that is all > "
        )
        if not text.strip():
            return
        codes = {one.code: one.met for one in rows}
        wanted = [f"Y{word.strip().lstrip('yY')}" for word in text.replace(",", " ").split()]
        if text.strip().casefold() == "t":
            if not proposed:
                say("! no sensor proposes anything that is not ticked")
                continue
            wanted = list(proposed)
        wrong = [code for code in wanted if code not in codes]
        if wrong:
            say(f"! there is no criterion {wrong[0]}; nothing was ticked")
            continue
        before = session.incident
        for code in dict.fromkeys(wanted):
            session.mark_criterion(code, not codes[code])
        _say_row(say, before, session.incident)
        if branches(session.incident) != branches(before):
            say_warnings(session, say)


def say_proposed(session: Session, say: Say) -> tuple[str, ...]:
    """What sensors propose that nobody has ticked, and what looks over; gives back the codes that look met."""
    rows = criteria(session.incident)
    proposed = proposed_codes(rows)
    words = sensed_words(proposed, over_codes(rows))
    if words:
        say(f"! sensors: {words} (y)")
    return proposed


def say_newly_proposed(session: Session, say: Say, known: tuple[str, ...]) -> tuple[str, ...]:
    """The same, where a sensor proposes something that is not ``known`` yet."""
    if session.incident.closed is not None or not session.incident.observations:
        return known
    proposed = proposed_codes(criteria(session.incident))
    if set(proposed) - set(known):
        say_proposed(session, say)
    return proposed


def say_warnings(session: Session, say: Say) -> None:
    """What the open branches ask first, and why the way back that is planned is not enough by itself."""
    incident = session.incident
    opened = branches(incident)
    loud = warnings(incident, opened)
    alone = option_warning(incident, incident.plan.option, opened) if incident.plan else ""
    for words in (*loud, alone.partition(". ")[0]):
        if words:
            say(f"! {words}")


def close(session: Session, operator: Operator, say: Say) -> None:
    """The outcome; what goes forward with its ticket and deadline. What is bent has the record parked instead."""
    incident = session.incident
    if incident.is_parked:
        _close_parked(session, operator, say)
        return
    held = holding(incident.debts)
    for words in bent_words(incident):
        say(f"! {words}; {'parking' if held else 'closing'} leaves it so")
    for one in held:
        say(f"! bent: {one.name} {one.text}; {deadline_words(one, session.clock.now())}; {one.undo}")
    if held:
        say("the record cannot be closed until that is straightened (f CODE pays one): it is parked, and closed then")
    verb, end, done = ("park", session.park_incident, "parked") if held else ("close", session.close_incident, "closed")
    outcome = "recovered" if incident.proven else "forward" if forward_decided(incident) else "not recovered"
    answer = operator.ask(
        "close",
        f"Enter: {verb} as {outcome!r}; f: fix forward; n: not recovered; a: abandoned; x: false alarm; q: not yet > ",
    ).strip()
    chosen = {"": outcome, **_ENDS}.get(answer)
    if chosen is None:
        raise Refused(f"not {done}")
    if chosen != "forward":
        end(chosen)
        say(f"{done}: {chosen}")
        return
    ticket = operator.ask("ticket", "Ticket in which the fix is followed > ").strip()
    due = _due(session, operator, say)
    end(chosen, "", ticket, due)
    said = session.incident.closed
    if said is not None:
        say(f"{done}: forward; the fix is followed in {said.ticket}, due {due_words(said.due)}")


def _close_parked(session: Session, operator: Operator, say: Say) -> None:
    from app.parking import close_parked  # rarely

    if operator.ask("close", "Nothing is bent any more. Enter: close the record; q: not yet > ").strip():
        raise Refused("not closed")
    say(f"closed: {close_parked(session).outcome}; it is signed off once more, over this head")


def _due(session: Session, operator: Operator, say: Say) -> str:
    while True:
        text = operator.ask("due", f"Due when? {FORMS} > ")
        try:
            parse_due(text, session.clock.now())
        except ValueError as error:
            if not text.strip():
                raise Refused("not closed: a fix forward needs a deadline") from error
            say(f"! {error}")
            continue
        return text


def _severity(session: Session, operator: Operator, say: Say) -> str:
    """The severity that a person sets; ``y`` goes through the criteria first."""
    words = named([row.severity for row in session.incident.matrix])
    while True:
        rows = criteria(session.incident)
        proposed = proposed_severity(session.incident)
        met = f"{sum(one.met for one in rows) or 'none'} of {len(rows)} met"
        more = f", y the criteria first ({met})" if rows else ""
        more += f", Enter: as they propose, {proposed}" if proposed else ""
        answer = _choice(operator, say, "severity", words, more, "y" if rows else "", may_be_empty=bool(proposed))
        if answer != "y":
            return answer
        ask_criteria(session, operator, say)


def _users(operator: Operator, say: Say) -> tuple[int, int]:
    while True:
        text = operator.ask("users", "Users affected in percent (60, 60-80; ? not known) > ").strip()
        if text == UNKNOWN:
            return -1, -1
        try:
            return parse_users(text)
        except ValueError as error:
            say(f"! {error}")


def _choice(
    operator: Operator,
    say: Say,
    kind: str,
    words: tuple[str, ...],
    more: str = "",
    other: str = "",
    *,
    may_be_empty: bool = False,
) -> str:
    """A word of the list; empty: not known, or nothing to choose from. ``other``: a letter that is given back."""
    if not words:
        return ""
    prompt = ", ".join(f"{index} {word}" for index, word in enumerate(words, 1))
    while True:
        text = operator.ask(kind, f"{kind}: {prompt}, ? not known{more} > ").strip()
        if text == UNKNOWN or (may_be_empty and not text):
            return ""
        if other and text.casefold() == other:
            return other
        if text.isdecimal() and 1 <= int(text) <= len(words):
            return words[int(text) - 1]
        match = [word for word in words if word.casefold() == text.casefold()]
        if match:
            return match[0]
        say(f"! a number from 1 to {len(words)}")


def _say_row(say: Say, before: Incident, after: Incident) -> None:
    change = row_change(before, after)
    if change is None:
        return
    again = "the decision is open again: " if after.decision_stale and not before.decision_stale else "the matrix: "
    say(f"new facts, {again}{change.words()}")
