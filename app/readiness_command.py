"""``goaround procedure readiness``: how ready the running release, and the plan's target, are by the prevention list.

It refuses nothing and holds up nothing: gaps are shown, and the exit status is 0 with any number of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from actions.model.procedure_line import as_text
from actions.model.readiness import Card, Standing
from actions.model.readiness_sheet import prevention_lines
from app.procedure_page import read_procedure_of
from app.readiness_reading import read_cards
from app.settings import find_config, load
from app.store import open_session


def run_readiness(config: str | None, store: str, *, as_json: bool) -> int:
    """Print the cards. Raises what reading the configuration and the document raises."""
    loaded = load(find_config(config))
    for warning in loaded.warnings:
        sys.stderr.write(f"goaround: warning: {warning}\n")
    session = open_session(loaded, store=store)
    try:
        session.open()
        procedure = session.incident.procedure or read_procedure_of(session)
        cards = read_cards(session, procedure)
    finally:
        session.close()
        session.journal.close()
    if as_json:
        print(json.dumps({"cards": list(_data(cards))}, indent=2, ensure_ascii=True))
    else:
        text = "\n".join(as_text(prevention_lines(procedure, cards)))
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        print(text if utf8 else text.encode("ascii", "replace").decode())
    return 0


def _data(cards: Iterable[Card]) -> Iterable[dict[str, Any]]:
    for card in cards:
        yield {
            "release": card.release,
            "words": card.words,
            "items": len(card.rows),
            "ready": card.count(Standing.READY),
            "gaps": card.count(Standing.GAP),
            "not_known": card.count(Standing.NOT_KNOWN),
            "notes": list(card.notes),
            "rows": [
                {"code": row.code, "text": row.text, "list": row.part, "standing": row.standing.value, "why": row.why}
                for row in card.rows
            ],
        }
