"""Telling people, over a session: what there is to say, through what, sending it, and writing down how that ended.

Knows no Textual. The intent is recorded before a channel gets a message, its end afterwards; a failure is recorded and
said, and stops nothing. Nothing is sent again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actions.model import events as ev
from actions.model.branching import outside_words, outsiders
from actions.model.clock import parse_stamp
from actions.model.errors import Refused, WorldMoved
from actions.model.incident import Incident
from actions.model.message import Rendered, render, template_problem, templates
from actions.model.message_facts import Now
from actions.model.message_post import Post, Way, ways
from actions.model.message_rules import (
    COPIED,
    Attempt,
    Ended,
    claims_solved,
    message_reason,
    newest,
    suggested,
    under_way,
)
from actions.model.procedure import Message
from actions.model.quick_dataclass import dataclass
from app.measured import measured_of
from app.session import Session

Terminal = Callable[[str], str]
LOOK_S = 15
"""Longest wait for one probe before "solved" is said."""


@dataclass(frozen=True)
class Draft:
    """A message as it was shown: what is sent is this, or nothing."""

    message: Message
    now: Now
    rendered: Rendered


@dataclass(frozen=True)
class Row:
    """One message of the list."""

    message: Message
    state: str
    """``sent 10:02Z to management (smtp:mail)``; empty: nothing was tried."""
    reason: str
    """Why it may not go out now; empty: it may."""
    last: Attempt | None = None
    suggested: bool = False


def rows(session: Session) -> tuple[Row, ...]:
    """All messages of the incident with their states."""
    incident, now = session.incident, session.clock.now()
    best = suggested(incident)
    found = []
    for message in templates(incident):
        last = newest(incident, message, now)
        reason = message_reason(incident, message) or ""
        if not reason and last is not None and last.ended is Ended.UNDER_WAY:
            reason = "is being sent"
        found.append(Row(message, state_words(last), reason, last, message is best))
    return tuple(found)


def state_words(last: Attempt | None) -> str:
    """How the newest attempt ended, in few words."""
    if last is None:
        return ""
    at = parse_stamp(last.at).strftime("%H:%MZ")
    whom = f"{', '.join(last.to)} ({last.through})"
    if last.ended is Ended.SENT:
        return f"told {at} {whom}" if last.reached else f"copied {at}, not yet sent"
    if last.ended is Ended.UNDER_WAY:
        return f"being sent since {at} to {whom}"
    word = "FAILED" if last.ended is Ended.FAILED else "END NOT KNOWN"
    return f"{word} {at} {whom}: {last.detail}"


def draft(session: Session, message: Message) -> Draft:
    """The message as it is now. Raises BadInput for a template that cannot be read."""
    table = session.settings.messages
    now = Now(
        session.clock.now(),
        session.elapsed_ms(),
        session.who.login,
        table.link,
        table.next_update_s,
        measured_of(session),
    )
    return Draft(message, now, render(session.incident, message, now, session.redactor.redact))


def ways_for(session: Session, shown: Draft, roles: Sequence[str]) -> tuple[Way, ...]:
    """Through what it can go to these roles."""
    settings, procedure = session.settings, session.incident.procedure
    people = procedure.contacts if procedure is not None else ()
    found = ways(settings.channel, settings.contacts, people, shown.rendered, roles, session.incident.id)
    return tuple(
        replace(way, words=session.redactor.redact(way.words), shown=tuple(map(session.redactor.redact, way.shown)))
        for way in found
    )


def refuse(session: Session, message: Message, reason: str) -> None:
    """Record a wish that was refused."""
    incident = session.incident
    if incident.declared is not None and incident.closed is None:
        body = ev.MessageRefused(session.clean(message.name, 80), session.clean(reason))
        session.record(body, drive=False)


def look(session: Session) -> tuple[str, ...]:
    """Read every probe once and record what was seen; the names of the red ones. Slow: not for the screen's thread."""
    from actions.steps.configured_probes import configured_probes

    session.sync()
    if session.incident.declared is None or session.incident.closed is not None:
        return ()
    red = []
    for probe in configured_probes(session.settings):
        effect = replace(probe, passes=1, seconds=0, answer_s=min(LOOK_S, probe.answer_s))
        seen = session.world().prober.read(effect)
        words, expected = session.clean(seen.detail, 300), session.clean(probe.expect.words(), 300)
        body = ev.Observed(0, f"probe {session.clean(probe.name, 80)}", seen.ok, words, expected, seen.ms)
        session.record(body, drive=False)
        if not seen.ok:
            red.append(probe.name)
    return tuple(red)


def outside(session: Session, roles: Sequence[str]) -> str:
    """What is to be answered before these may be told, or empty: a RESTRICTED incident is not everybody's."""
    found = outsiders(session.incident, roles)
    return outside_words(found) if found else ""


def send(
    session: Session,
    shown: Draft,
    roles: tuple[str, ...],
    way: Way,
    terminal: Terminal | None = None,
    *,
    why: str = "",
) -> str:
    """Tell these roles through this way; words for the last line. Slow: not for the screen's thread.

    ``why``: why those ``outside`` names may know; it goes into the record before the message does.

    What says "solved" is preceded by a fresh look at every probe. ``terminal`` puts a text into the terminal's
    clipboard and says what was done, or nothing where it is too long. Raises Refused with the reason when it may
    not go out, or when what it says has changed since it was shown. The failure of a channel is recorded and said.
    """
    if way.reason:
        raise Refused(way.reason)
    _let_out(session, shown, roles, session.clean(why))
    if claims_solved(shown.message):
        look(session)
    if way.through == COPIED:
        return _copy(session, shown, roles, way, terminal)
    if way.channel is None:
        return _read_out(session, shown, roles, way)
    attempt = _begin(session, shown, roles, way)
    from actions.gateways.messages import deliver  # when it is needed first
    from app.secrets_in import resolve

    post = Post(shown.rendered, way.addresses, session.incident.id)
    done = deliver(way.channel, post, resolve, session.redactor.redact)
    missed = _missed(session, roles, way, set(done.refused)) if done.ok else roles
    reached = tuple(role for role in roles if role not in missed)
    if reached:
        _end(session, shown, reached, way, True, done.detail, attempt)
    if missed:
        why = "; ".join(f"{address}: {said}" for address, said in done.refused.items()) if done.ok else done.detail
        _end(session, shown, missed, way, False, why, attempt)
        return f"NOT SENT to {', '.join(missed)} ({way.through}): {why}"
    return f"told {', '.join(reached)} ({way.through}): {done.detail}"


def _let_out(session: Session, shown: Draft, roles: tuple[str, ...], why: str) -> None:
    """Whoever does not work on a RESTRICTED incident is told only with a reason, which is recorded first."""
    session.sync()
    found = outsiders(session.incident, roles)
    if not found:
        return
    if not why:
        raise Refused(f"not sent: {outside_words(found)}", "", "give the reason, or take them out")
    reason = _reason(session, session.incident, shown)
    if reason:
        raise Refused(reason)
    words = f"RESTRICTED, and {', '.join(found)} are told all the same ({shown.rendered.name}): {why}"
    session.record(ev.NoteAdded(session.clean(words)), lambda one: _reason(session, one, shown), drive=False)


def _read_out(session: Session, shown: Draft, roles: tuple[str, ...], way: Way) -> str:
    """Over when it is recorded: nothing can be lost on the way."""
    session.record(
        _sent(session, shown, roles, way, True, "", 0), lambda one: _reason(session, one, shown), drive=False
    )
    return f"recorded: {', '.join(roles)} told by voice"


def _copy(session: Session, shown: Draft, roles: tuple[str, ...], way: Way, terminal: Terminal | None) -> str:
    """Into tmux's buffer, else into the terminal's clipboard; what was done is recorded. It tells nobody yet."""
    session.sync()
    reason = _reason(session, session.incident, shown)
    if reason:
        raise Refused(reason)
    how, words = _copy_to_tmux(session, shown)
    if not how and terminal is not None:
        done = terminal(as_text(shown))
        how, words = ("terminal", done) if done else ("", f"{words}; too long for the terminal's clipboard")
    if not how:
        raise Refused("nothing could be copied", words, "mark the text with the mouse, or read it out")
    copied = replace(way, through=f"{COPIED}:{how}")
    session.record(
        _sent(session, shown, roles, copied, True, words, 0), lambda one: _reason(session, one, shown), drive=False
    )
    return f"copied: {words}"


def _reason(session: Session, incident: Incident, shown: Draft) -> str | None:
    """Why this, as it was shown, may not go out at this moment."""
    reason = message_reason(incident, shown.message)
    if reason is None and under_way(incident, shown.message, session.clock.now()) is not None:
        reason = "it is being sent already"
    if reason is None and template_problem(shown.message) == "":
        now = render(incident, shown.message, shown.now, session.redactor.redact)
        if now != shown.rendered:
            raise WorldMoved("what it says has changed since it was shown", "", "look at it again, then send it")
    return reason


def _begin(session: Session, shown: Draft, roles: tuple[str, ...], way: Way) -> int:
    assert way.channel is not None
    while True:
        session.sync()
        number = len(session.incident.message_attempts) + 1

        def rule(incident: Incident, number: int = number) -> str | None:
            if len(incident.message_attempts) + 1 != number:
                raise _Overtaken
            return _reason(session, incident, shown)

        body = ev.MessageStarted(
            attempt=number,
            name=shown.rendered.name,
            to=roles,
            addresses=tuple(session.clean(address, 254) for address in way.addresses),
            through=way.through,
            subject=shown.rendered.subject,
            text=shown.rendered.text,
            within_s=way.channel.deadline,
        )
        try:
            session.record(body, rule, drive=False)
        except _Overtaken:
            continue
        return number


class _Overtaken(Exception):
    """Somebody else has begun an attempt meanwhile: take the next number."""


def _missed(session: Session, roles: tuple[str, ...], way: Way, refused: set[str]) -> tuple[str, ...]:
    """Roles of whose addresses one was not taken."""
    from actions.model.message_post import addresses_of

    assert way.channel is not None
    procedure = session.incident.procedure
    people = procedure.contacts if procedure is not None else ()
    return tuple(
        role for role in roles if refused & set(addresses_of(role, way.channel, session.settings.contacts, people))
    )


def _end(session: Session, shown: Draft, roles: tuple[str, ...], way: Way, ok: bool, detail: str, attempt: int) -> None:
    """The end, whatever was decided meanwhile: it has happened."""
    session.record(_sent(session, shown, roles, way, ok, detail, attempt), drive=False)


def _sent(
    session: Session, shown: Draft, roles: tuple[str, ...], way: Way, ok: bool, detail: str, attempt: int
) -> ev.MessageSent:
    one = shown.rendered
    return ev.MessageSent(one.name, roles, way.through, ok, one.subject, one.text, session.clean(detail), attempt)


def _copy_to_tmux(session: Session, shown: Draft) -> tuple[str, str]:
    """(``tmux``, what was done), or ("", why not) where there is no tmux or it refuses."""
    from actions.gateways.messages_clipboard import copy_to_tmux, in_tmux

    if not in_tmux():
        return "", "not inside tmux"
    done, words = copy_to_tmux(as_text(shown))
    return ("tmux" if done else ""), session.clean(words, 300)


def as_text(shown: Draft) -> str:
    """Subject and text, as they are copied."""
    return f"{shown.rendered.subject}\n\n{shown.rendered.text}\n"
