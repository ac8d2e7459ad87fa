"""The procedure in plain lines: the same page as on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.procedure_line import as_text
from app.procedure_page import page, read_page

if TYPE_CHECKING:
    from app.plain import Plain


def show(plain: Plain) -> None:
    """Say the whole page; the document of the configuration is read while no incident is declared."""
    from app.readiness_reading import read_cards

    session = plain.session
    pinned = session.incident.procedure
    cards = read_cards(session, pinned) if pinned is not None else ()
    plain.show(as_text(page(session, cards) or read_page(session, lambda one: read_cards(session, one))))
