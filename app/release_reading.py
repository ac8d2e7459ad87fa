"""Reads the releases of the way back in use, behind the screen: the list first, then what is known beside it.

How the list and what all sources join to is shown is left to the screen and to ``history_wishes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.release import Release
from app import history_wishes
from app.clock_skew import observe_skew
from widgets.history import ReleaseHistory

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen
    from app.session import Session

NO_WAY_BACK = "no way back is configured: add a [git] or [compose] table"


def read(screen: IncidentScreen) -> None:
    """Begin to read in a thread; a reading that is at work goes on."""
    if screen.reading_releases:
        return
    if not screen.session.settings.options:
        screen.query_one(ReleaseHistory).show_error(NO_WAY_BACK)
        return
    screen.reading_releases = True
    screen.query_one(ReleaseHistory).show_loading()
    screen.run_worker(lambda: _read(screen), thread=True, exit_on_error=False, group="releases")


def turn_to_option(screen: IncidentScreen) -> None:
    """When another way back is in use than the one whose releases are shown: read its releases."""
    if screen.releases_of and not screen.reading_releases and screen.releases_of != screen.session.option():
        screen.releases = ()
        if screen.past is not None:
            screen.past.forget()
        screen.query_one(ReleaseHistory).show(())
        read(screen)


def wants_schema(session: Session) -> bool:
    """Whether releases of the code can be asked for their schema verdict."""
    return session.settings.asks_schema and bool(session.settings.options) and session.option() != "database"


def _read(screen: IncidentScreen) -> None:
    """In the thread; only posts back."""
    session, post = screen.session, screen.app.call_from_thread
    option = session.option()
    try:
        observe_skew(session)
        found = session.older_releases(option, screen.past.depth if screen.past is not None else 1)
    except GoaroundError as error:
        post(_failed, screen, error.line(), option)
        history_wishes.read_all(screen, (), option, error.line())
        return
    history_wishes.read_record(screen, found, option)
    post(_arrived, screen, found, option)
    if session.settings.readiness.file:
        from app.readiness_reading import with_gaps  # the list stands

        noted = with_gaps(session, found)
        post(_noted, screen, found, noted)
        found = noted
    history_wishes.read_all(screen, found, option)
    # One-off containers of releases are started for it: never before an incident is declared, nor by an observer.
    if wants_schema(session) and session.incident.declared is not None and session.driver:
        from app.schema_column import SchemaColumn  # the list stands

        screen.schema_column = screen.schema_column or SchemaColumn()
        screen.schema_column.read(screen, screen.releases)


def _noted(screen: IncidentScreen, found: tuple[Release, ...], noted: tuple[Release, ...]) -> None:
    if screen.releases == found:
        screen.releases = noted
        screen.show_releases()


def _failed(screen: IncidentScreen, words: str, option: str) -> None:
    screen.reading_releases = False
    if option != screen.session.option():
        read(screen)  # another way back was chosen meanwhile
        return
    screen.releases_of = option
    screen.query_one(ReleaseHistory).show_error(words)


def _arrived(screen: IncidentScreen, found: tuple[Release, ...], option: str) -> None:
    screen.reading_releases = False
    if option != screen.session.option():
        read(screen)
        return
    first = not screen.releases
    screen.releases, screen.releases_of = found, option
    screen.show_releases()
    screen.query_one(ReleaseHistory).show_note("; ".join(note.words() for note in screen.session.release_notes))
    if first:
        history_wishes.propose(screen)
    screen.show_next()
