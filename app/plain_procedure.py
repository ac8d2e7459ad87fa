"""The procedure in plain lines: the same page as on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.procedure_line import as_text
from app.procedure_page import page, read_page

if TYPE_CHECKING:
    from app.plain import Plain


def show(plain: Plain) -> None:
    """Say the whole page; the document of the configuration is read while no incident is declared."""
    session = plain.session
    for text in as_text(page(session) or read_page(session)):
        plain.operator.say(f"    {text}")
