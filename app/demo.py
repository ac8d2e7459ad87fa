"""``goaround demo``: a real small system, broken by its last deployment, and the cockpit (or plain lines) over it."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from actions.model.debts import holding
from actions.model.errors import GoaroundError
from app.debt_desk import pay
from app.parking import close_parked
from app.plain import Plain
from app.session import Session
from app.settings import load
from app.store import open_session
from app.terminal_operator import AutoOperator, TerminalOperator

FIRST, SECOND = "ops1", "ops2"
STORY = {
    "title": "pages fail since the last deployment",
    "severity": "High",
    "users": "60-80",
    "data risk": "Low",
    "executed": FIRST,
    "verified": SECOND,
}
"""What the demo's operator answers; every other question is answered by Enter."""


@dataclass(frozen=True)
class DemoOptions:
    """How the demo is played."""

    auto: bool = False
    plain: bool = False
    json: bool = False
    compose: bool = False
    store: str = ""


def say(line: str) -> None:
    """A line for people, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def quiet(_line: str) -> None:
    """Nothing is shown."""


def run_demo(options: DemoOptions) -> int:
    """Build, break, fly, clean up. Exit status 0 when the record says recovered (or a person left), else 1."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    plain = options.plain or options.json or not terminal
    auto = options.auto or (plain and not sys.stdin.isatty())
    tell = quiet if options.json else say
    begun = time.monotonic()
    with _ending_politely(), _system(options, tell) as config:
        loaded = load(config)
        session = open_session(loaded, store=options.store, acting_as=FIRST)
        _leave_no_older_demo_open(session)
        try:
            session.take_lease()
            if plain:
                operator = AutoOperator(session, STORY, tell) if auto else TerminalOperator()
                Plain(session, operator).fly()
            else:
                from app.cockpit import fly

                fly(session, auto=STORY if auto else None)
        finally:
            session.sync()
            session.close()
    return _report(options, session, time.monotonic() - begun)


@contextmanager
def _ending_politely() -> Iterator[None]:
    """TERM and HUP leave through the clean-up, as Ctrl-C does."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _system(options: DemoOptions, tell: Callable[[str], None]) -> Iterator[Any]:
    """The demo system, running; its configuration's path. Gone afterwards."""
    if options.compose:
        from app import demo_compose

        tell("building a small Compose stack, and breaking it ...")
        stack = demo_compose.build(datetime.now(UTC), report=tell)
        try:
            demo_compose.start(stack, report=tell)
            yield stack.config
        finally:
            demo_compose.stop(stack)
        return
    from app import demo_system

    tell("building a small real system in a temporary folder, and breaking it ...")
    system = demo_system.build(datetime.now(UTC), report=tell)
    try:
        demo_system.start(system, report=tell)
        yield system.config
    finally:
        demo_system.stop(system)


def _leave_no_older_demo_open(session: Session) -> None:
    """An earlier demo that was left open has no system any more: its record is closed as abandoned, and says why."""
    name = session.settings.system.name
    _close_older_parked(session)
    older = session.journal.open_incident(name)
    if older is None:
        return
    session.open(older)
    if not session.take_lease():
        raise GoaroundError(f"another demo is being flown: {session.holder_line()}", "", "end it first, or use --store")
    if session.incident.declared is None or session.incident.declared.mode != "drill":
        raise GoaroundError(f"{older} is open for a system called {name!r}", "", "rename that system")
    if session.incident.running is not None:
        session.record_lost_run("the demo system of this record is gone")
    _pay_what_is_gone(session)
    session.close_incident("abandoned", "the demo was left before its end; its system is gone")
    session.forget()


def _close_older_parked(session: Session) -> None:
    """What an earlier demo left bent went with its system: its record waits for nothing any more, and says so."""
    for older in session.journal.parked(session.settings.system.name):
        session.open(older)
        if session.incident.declared is not None and session.incident.declared.mode == "drill":
            _pay_what_is_gone(session)
            close_parked(session)
        session.forget()


def _pay_what_is_gone(session: Session) -> None:
    for one in holding(session.incident.debts):
        pay(session, one.name, "the demo's system is gone, and this with it")


def _report(options: DemoOptions, session: Session, seconds: float) -> int:
    incident = session.incident
    plan = incident.plan
    closed = incident.closed
    outcome = closed.outcome if closed else "open"
    if options.json:
        result = {
            "id": incident.id,
            "outcome": outcome,
            "option": plan.option if plan else "",
            "notes": [note.to_json() for note in plan.notes] if plan else [],
            "target": closed.target if closed else "",
            "running": closed.running if closed else "",
            "events": incident.head_seq,
            "seconds": round(seconds, 1),
            "store": str(session.journal.folder),
            "parked": incident.is_parked,
            "debts": [one.name for one in holding(incident.debts)],
            "verified_by": incident.verified.person if incident.verified else "",
        }
        print(json.dumps(result))
    elif incident.id:
        for one in holding(incident.debts) if incident.is_parked else ():
            say(f"parked until this is straight: {one.name} {one.text}")
        say(f"the record: goaround review {incident.id}   goaround verify {incident.id}")
        say(incident.id)
    session.journal.close()
    if options.auto or options.json:
        return 0 if outcome == "recovered" and incident.verified else 1
    return 0
