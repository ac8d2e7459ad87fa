"""Plain mode's words for another way back, and for beginning at a later step. The loop around them is ``plain``'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError, Refused
from actions.model.start_at import Answered, start_reason, waits_for
from actions.model.ways_back import lines
from app.begin import Begin
from app.starting_at import ask_before, begin_at
from app.ways import choose_option, ways_of

if TYPE_CHECKING:
    from app.plain import Plain


def option(plain: Plain, name: str) -> None:
    """List the ways back; with a name: choose it, then its release."""
    found = ways_of(plain.session, read=True)
    if not name:
        plain.show(lines(found))
        return
    plain.show(f"! {caution}" for caution in found.cautions)
    way = found.of(name.casefold())
    if way is not None and way.late:
        plain.show((f"! {way.late}",))
    if not choose_option(plain.session, name.casefold()):
        plain.say(f"{name.casefold()} is the way back that is in use")
        return
    plain.say(f"the way back is {name.casefold()} now: choose its release")
    plain.choose()


def start_at(plain: Plain, code: str) -> None:
    """Ask the system about the steps before this one, then for the reason."""
    if not code:
        raise Refused("give the step to begin at", "", "h X2")
    answers = _ask(plain, code)
    reason = plain.operator.ask("reason", f"Why is it begun at {code}? (Enter: it is not) > ").strip()
    if not reason:
        raise Refused("not begun there: nothing was recorded")
    _record(plain, code, answers, reason)


def begin(plain: Plain, wished: Begin) -> Begin:
    """Do what the command line says as soon as it can be done; what is left of it."""
    incident = plain.session.incident
    if incident.declared is None or incident.closed is not None or not plain.session.driver:
        return wished
    if wished.option:
        if choose_option(plain.session, wished.option):
            plain.say(f"the way back is {wished.option} now")
        return Begin(code=wished.code, reason=wished.reason)
    if not wished.code or incident.plan is None:
        return wished
    code = next((one.code for one in incident.plan.steps if one.code.casefold() == wished.code.casefold()), wished.code)
    if start_reason(incident, code) and waits_for(incident, code):
        return wished  # the list comes to it
    try:
        _record(plain, code, _ask(plain, code), wished.reason)
    except GoaroundError as error:
        plain.say(f"! --start-at {code}: {error.line()}")
    return Begin()


def _ask(plain: Plain, code: str) -> tuple[Answered, ...]:
    plain.say(f"asking the system what became of the steps before {code}")
    answers = ask_before(plain.session, code)
    plain.show(f"{'' if one.found else '! '}{one.line}" for one in answers)
    return answers


def _record(plain: Plain, code: str, answers: tuple[Answered, ...], reason: str) -> None:
    begin_at(plain.session, code, answers, reason)
    plain.look_at(code)
    passed = [one.step.code for one in answers if not one.found]
    loud = f"! OVERRIDDEN, although not found done: {', '.join(passed)}; " if passed else ""
    plain.say(f"{loud}begun at {code}: {reason}")
