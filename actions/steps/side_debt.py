"""What is owed for a database that stands beside the live one: from when it is made until it is swapped in or dropped.

The facts that a step tells of it; opening and paying the debt is the engine's.
"""

from __future__ import annotations

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.errors import GoaroundError
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.sensor_rules import size_words
from actions.steps.database_reading import ask
from actions.steps.side_reading import MAINTENANCE, note_of


def kept_facts(world: World, client: DatabaseClient, side: str, due: str) -> dict[str, str]:
    """It stands there, however the run ended: a debt that is due then. Empty without a due time: nobody owes it."""
    if not due:
        return {}
    name = sanitise(side)
    return {
        "debt": f"side database {name} is kept beside the live one{_size(world, client, side)}",
        "debt of": "",  # of the step that tells it, however that ended
        "debt about": name,
        "due": due,
        "by hand": f"once nobody needs it, by hand: a person drops {name}",
    }


def gone_facts(side: str) -> dict[str, str]:
    """No database of this name stands there any more: it was dropped, or swapped in."""
    return {"pays about": sanitise(side)}


def left_facts(world: World, client: DatabaseClient, side: str, incident: str, due: str) -> dict[str, str]:
    """After a failure: whether something of it is left. Empty where nobody can say."""
    try:
        there, note = note_of(world, client, side, incident)
    except GoaroundError:
        return {}
    if not there:
        return gone_facts(side)
    mine = note is not None and note.goaround == incident and not note.live
    return kept_facts(world, client, side, due) if mine else {}


def _size(world: World, client: DatabaseClient, side: str) -> str:
    sql = f"SELECT to_json(pg_database_size({literal(side)}))"
    try:
        return f" ({size_words(int(ask(world, client, MAINTENANCE, sql, admin=True)))})"
    except (GoaroundError, TypeError, ValueError):  # the debt stands without a number, too
        return ""
