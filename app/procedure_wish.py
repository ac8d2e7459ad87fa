"""The procedure's page on the screens: opened at once, and filled by a thread where the document is read first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.procedure_line import Line, Look
from app.procedure_page import known_page, page, read_page
from widgets.procedure_screen import ProcedureScreen

if TYPE_CHECKING:
    from app.incident_screen import IncidentScreen
    from app.review_screen import ReviewScreen


def show(screen: IncidentScreen) -> None:
    """The page of the present incident, or of the configured document while none is declared."""
    session = screen.session
    read: list[tuple[Line, ...]] = [(Line("reading the document ...", Look.QUIET),)]
    screen.app.push_screen(ProcedureScreen(lambda: page(session) or read[0], ascii=screen.ascii))
    if session.incident.declared is not None:
        return

    def reading() -> None:
        try:
            lines = read_page(session)
        except GoaroundError as error:
            lines = (Line(error.line(), Look.WARNING),)
        screen.app.call_from_thread(arrived, lines)

    def arrived(lines: tuple[Line, ...]) -> None:
        read[0] = lines
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
