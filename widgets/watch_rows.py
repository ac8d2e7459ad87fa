"""What the preview says of the item that asks for a watch: the exact command, and what the watches have come to."""

from __future__ import annotations

from actions.model.checklist import Item
from actions.model.incident import Incident
from actions.model.watching import command
from widgets.painted import Row
from widgets.presentation import clock_text, harmless

SENSOR = "watch.begun"


def watch_rows(incident: Incident, item: Item) -> list[Row]:
    """Nothing for any other item. The item may be a person's to tick: then the document still names its sensor."""
    if item.sensor != SENSOR and not _named(incident, item.code):
        return []
    settings = incident.declared.settings if incident.declared else {}
    hours = (settings.get("watch") or {}).get("hours") or 0
    rows: list[Row] = [
        (("run    ", "tone--key"), (command(incident.id, hours), "tone--title"), (" in another terminal", "tone--dim"))
    ]
    for said in incident.watches[-2:]:
        body = said.body
        words = f"until {body.until[:16].replace('T', ' ')}Z" if hasattr(body, "until") else body.words
        tone = "tone--warning" if not getattr(body, "ok", True) else ""
        rows.append((("watch  ", "tone--key"), (f"{clock_text(said.at)} {harmless(said.by)}: {harmless(words)}", tone)))
    return rows


def _named(incident: Incident, code: str) -> bool:
    procedure = incident.procedure
    if procedure is None:
        return False
    return any(one.sensor == SENSOR and one.code == code for part in procedure.checklists for one in part.items)
