"""What the cockpit says before an incident is open: the system, what runs, and whether Enter would declare."""

from __future__ import annotations

from actions.engine.lease import holder_lives
from actions.model.release import Release, WayBack
from app.parking import elsewhere
from app.session import Session
from widgets.incident_bar import host_words
from widgets.presentation import day_text
from widgets.start_card import StartFacts

ONLY_LOOKING = "this cockpit was opened with --observe, no key changes anything"


def start_facts(session: Session, releases: tuple[Release, ...], observe: bool) -> StartFacts:
    """The facts for the card. ``releases`` may not be read yet."""
    system = session.settings.system
    blocked = ONLY_LOOKING if observe else ""
    if not blocked and not session.driver:
        row = session.journal.lease(system.name)
        if row is not None and holder_lives(row, session.who.host, session.clock):
            blocked = f"{session.holder_line()} flies; T takes over, with a reason"
    now = session.clock.now()
    records = sorted(elsewhere(session), key=lambda one: (bool(one.debts), -one.overdue(now)))
    return StartFacts(
        system.name,
        system.environment,
        host_words(system.host),
        _running(session, releases),
        blocked,
        parked=tuple(one.words(now) for one in records),
        overdue=any(one.overdue(now) for one in records),
    )


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
