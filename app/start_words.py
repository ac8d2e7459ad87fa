"""What the cockpit says before an incident is open: the system, what runs, and whether Enter would declare."""

from __future__ import annotations

from actions.engine.lease import holder_lives
from actions.model.release import Release, WayBack
from app.parking import by_urgency, elsewhere
from app.session import Session
from widgets.incident_bar import host_words
from widgets.presentation import day_text
from widgets.start_card import StartFacts

ONLY_LOOKING = "this cockpit was opened with --observe, no key changes anything"
HELD_DOWN = "Enter came twice at once or is held down: let go, look, press once"


def start_facts(session: Session, releases: tuple[Release, ...], observe: bool) -> StartFacts:
    """The facts for the card. ``releases`` may not be read yet."""
    system = session.settings.system
    now = session.clock.now()
    records = by_urgency(elsewhere(session), now)
    return StartFacts(
        system.name,
        system.environment,
        host_words(system.host),
        _running(session, releases),
        declare_blocked(session, observe),
        parked=tuple(one.words(now) for one in records),
        overdue=any(one.overdue(now) for one in records),
    )


def declare_blocked(session: Session, observe: bool) -> str:
    """Why Enter declares nothing here; empty: it does."""
    if observe:
        return ONLY_LOOKING
    return f"{session.holder_line()} flies; T takes over, with a reason" if flying_elsewhere(session) else ""


def flying_elsewhere(session: Session) -> str:
    """Who else holds the lease of this system, whatever record they have before them; empty: nobody does."""
    row = None if session.driver else session.journal.lease(session.settings.system.name)
    return row.holder if row is not None and holder_lives(row, session.who.host, session.clock) else ""


def _running(session: Session, releases: tuple[Release, ...]) -> str:
    if not session.settings.options:
        return "not known, no way back is configured"
    if not releases:
        return ""
    running = next((one for one in releases if one.way_back is WayBack.RUNNING), None)
    if running is None:
        return "none of the releases that are known"
    since = f" since {day_text(running.live_since, session.clock.now())}" if running.live_since else ""
    return f"{running.name}{since}"
