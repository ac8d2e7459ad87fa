"""The procedure's page on the screens: opened at once, and filled by a thread where the document is read first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.procedure_line import Line, Look
from app.procedure_page import known_page, page, read_page
from widgets.procedure_screen import ProcedureScreen

if TYPE_CHECKING:
    from actions.model.procedure import Procedure
    from actions.model.readiness import Card
    from app.incident_screen import IncidentScreen
    from app.review_screen import ReviewScreen


def show(screen: IncidentScreen) -> None:
    """The page of the present incident, or of the configured document while none is declared."""
    session = screen.session
    read: list[tuple[Line, ...]] = [(Line("reading the document ...", Look.QUIET),)]
    known: list[tuple[tuple[Card, ...], str]] = [((), "reading how ready the releases are ...")]
    screen.app.push_screen(ProcedureScreen(lambda: page(session, *known[0]) or read[0], ascii=screen.ascii))

    def reading() -> None:
        from app.readiness_reading import read_cards  # the page stands

        def look(procedure: Procedure) -> tuple[Card, ...]:
            return read_cards(session, procedure, screen.releases or None)

        pinned = session.incident.procedure if session.incident.declared is not None else None
        lines, words = read[0], ""
        cards: tuple[Card, ...] = ()
        try:
            if pinned is not None:
                cards = look(pinned)
            else:
                lines = read_page(session)
                screen.app.call_from_thread(arrived, lines, (), "")  # whom to reach is not waited for
                lines = read_page(session, look)
        except GoaroundError as error:
            words = error.line()
            lines = lines if pinned is not None else (Line(words, Look.WARNING),)
        screen.app.call_from_thread(arrived, lines, cards, words)

    def arrived(lines: tuple[Line, ...], cards: tuple[Card, ...], words: str) -> None:
        read[0], known[0] = lines, (cards, words)
        shown = screen.app.screen
        if isinstance(shown, ProcedureScreen):
            shown.look_again()

    screen.run_worker(reading, thread=True, exit_on_error=False, group="procedure")


def show_then(screen: ReviewScreen) -> None:
    """The page as it was known at the event of a record that is read."""
    replay = screen.replay
    lines = known_page(replay.incident, replay.authority_rules(), replay.elapsed_ms())
    title = "Procedure, as known then (n: next section)"
    screen.app.push_screen(ProcedureScreen(lambda: lines, title=title, ascii=screen.ascii))
