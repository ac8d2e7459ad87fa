"""Doing what a key wants, or saying why not: the one way in which a refusal reaches the last line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from app.start_words import ONLY_LOOKING

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen


def may_not(screen: IncidentScreen, *, flying: bool) -> bool:
    """Whether this cockpit may not do what changes the record (``flying``: what is for the one who flies); says why."""
    session = screen.session
    reason = ""
    if screen.observe:
        reason = ONLY_LOOKING
    elif session.incident.declared is None:
        reason = "no incident is open: Enter declares one"
    elif flying and not session.driver:
        reason = f"you observe: {session.holder_line()} flies (T takes over)"
    if reason:
        screen.say(reason)
    return bool(reason)


def attempt(screen: IncidentScreen, do: Callable[[], object]) -> bool:
    """Do it; an expected failure is said in the last line. The panes show the newest state afterwards."""
    try:
        do()
    except GoaroundError as error:
        screen.say(error.line())
        return False
    finally:
        screen.refresh_panes()
    return True
