"""Reads what databases stand beside the live one, and what their comments say; and writes into such a comment."""

from __future__ import annotations

from typing import Any

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.ports import World
from actions.model.side_note import SideNote, add_note_sql, birth_limit, read_note
from actions.steps.database_reading import MAINTENANCE as MAINTENANCE
from actions.steps.database_reading import ask, failure, run_psql


def notes(world: World, client: DatabaseClient) -> dict[str, SideNote]:
    """Every database with a comment of ours, by name."""
    sql = """SELECT coalesce(json_object_agg(datname, shobj_description(oid, 'pg_database')), '{}')
      FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE '{%'"""
    found = ask(world, client, MAINTENANCE, sql, admin=True)
    read = {name: read_note(text) for name, text in found.items()}
    return {name: note for name, note in read.items() if note is not None}


def note_of(world: World, client: DatabaseClient, database: str, incident: str = "") -> tuple[bool, SideNote | None]:
    """Whether there is such a database, and its comment when it is one of ours.

    ``incident``: one that this incident has just made, and that has no comment yet, counts as its own.
    """
    sql = f"""SELECT json_build_array(count(*), max(shobj_description(oid, 'pg_database')), max(datconnlimit))
      FROM pg_database WHERE datname = {literal(database)}"""
    count, text, limit = ask(world, client, MAINTENANCE, sql, admin=True)
    if incident and count and text is None and limit == birth_limit(database, incident):
        return True, SideNote(incident)
    return bool(count), read_note(text)


def add_note(world: World, client: DatabaseClient, database: str, incident: str, more: dict[str, Any]) -> None:
    """Adds to the comment of a database of this incident. Raises what psql's end means."""
    result = run_psql(world, client, MAINTENANCE, add_note_sql(database, incident, more), admin=True)
    if result.exit_status != 0:
        raise failure(client, database, result)
