"""Opening the cockpit (or plain lines) on a configuration: lease or observing, resuming, leaving."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

from actions.model.errors import BadInput
from actions.model.quick_dataclass import dataclass
from app.begin import AS_ALWAYS, Begin
from app.places import DEMO_MARKER
from app.session import Session
from app.settings import find_config, load
from app.store import open_session


@dataclass(frozen=True)
class _Demo:
    """A demo's system that is still there, after its cockpit was killed."""

    adopt: Callable[[], None]
    stop: Callable[[], None]


def open_flight(
    config: str | None,
    store: str,
    *,
    observe: bool,
    take_over: str,
    plain: bool,
    begin: Begin = AS_ALWAYS,
    record: str = "",
) -> int:
    """Open, fly, leave. Exit status 0, or 128 and the number of the signal that ended the cockpit.

    ``begin``: how plain mode begins; ``record``: this one instead of the open one.
    """
    status = 0
    loaded = load(find_config(config))
    begin.check(loaded.settings.options)
    for warning in loaded.warnings:
        sys.stderr.write(f"goaround: warning: {warning}\n")
    demo = _demo_at(loaded.path.parent)
    session = open_session(loaded, store=store, acting_as="ops1" if demo else "")
    if demo is not None and not observe:
        demo.adopt()
    try:
        _open(session, record)
        if not observe:
            session.take_lease(takeover_reason=take_over)
        if plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
            from app.plain import Plain
            from app.terminal_operator import TerminalOperator

            gc.enable()
            _say_observing(session)
            Plain(session, TerminalOperator(), begin).fly()
        else:
            from app.cockpit import fly

            status = fly(session, observe=observe)
    finally:
        ended = session.incident.closed is not None and (session.driver or session.incident.is_parked)
        session.close()
        session.journal.close()
        if demo is not None and ended:
            demo.stop()
    return status


def _open(session: Session, wanted: str) -> None:
    """The record that is named, else the open one. Raises BadInput where it cannot be the one that is meant."""
    if not wanted:
        session.open()
        return
    name = session.settings.system.name
    found = session.journal.find(wanted)
    other = session.journal.open_incident(name)
    if other is not None and other != found:
        raise BadInput(f"{other} is open for {name}", "", "fly that one first; goaround debts pays what is owed")
    session.open(found)
    declared = session.incident.declared
    if declared is not None and declared.system != name:
        raise BadInput(f"{found} is of {declared.system}, and this configuration of {name}", "", "give its --config")
    if session.incident.finished:
        raise BadInput(f"{found} is closed and signed", "", f"goaround review {found} shows it")


def _demo_at(folder: Path) -> _Demo | None:
    """The demo whose configuration lies in this folder, or None."""
    if not (folder / DEMO_MARKER).exists():
        return None  # what makes a demo is not loaded for a real system
    from app import demo_compose, demo_system

    if demo_system.is_demo_folder(folder):
        system = demo_system.load(folder)
        return _Demo(lambda: demo_system.adopt(system), lambda: demo_system.stop(system))
    if demo_compose.is_stack_folder(folder):
        stack = demo_compose.load(folder)
        return _Demo(lambda: demo_compose.adopt(stack), lambda: demo_compose.stop(stack))
    return None


def _say_observing(session: Session) -> None:
    if not session.driver:
        sys.stdout.write(f"you observe: {session.holder_line()} flies (--take-over REASON)\n")
