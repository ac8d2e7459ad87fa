"""Scratch databases of trials: which stand on the server, and how one is taken away.

Only what a trial of ours made, and says so in its comment, is dropped; the server itself looks, in the statement that
drops. Which process still lives is left to the caller.
"""

from __future__ import annotations

from actions.model.database_client import DatabaseClient
from actions.model.database_names import literal
from actions.model.effect_database import RunSql
from actions.model.errors import CommandFailed
from actions.model.outside_text import sanitise
from actions.model.ports import Reporter, World
from actions.model.quick_dataclass import dataclass
from actions.model.side_note import drop_side_sql, read_note
from actions.model.trial import Trial, read_trial
from actions.steps.database_reading import ask
from actions.steps.perform import perform
from actions.steps.side_reading import MAINTENANCE

_SQL = """SELECT coalesce(json_agg(json_build_array(datname, shobj_description(oid, 'pg_database'),
    pg_database_size(oid)) ORDER BY datname), '[]')
  FROM pg_database WHERE datname ~ '_try_'"""


@dataclass(frozen=True)
class Scratch:
    """A database with the name of a scratch database of this one. ``name`` is exact: for SQL."""

    name: str
    size: int
    trial: Trial | None
    """Who made it; None: its comment does not say so, and it is never touched."""


def scratches(world: World, client: DatabaseClient, database: str) -> tuple[Scratch, ...]:
    """Those of this database. Raises what ``ask`` raises."""
    out = []
    for name, comment, size in ask(world, client, MAINTENANCE, _SQL, admin=True):
        note = read_note(comment)
        trial = read_trial(note.goaround) if note is not None and not note.live else None
        if trial is not None and trial.scratch(database) == name:
            out.append(Scratch(name, int(size), trial))
        elif trial is None and name.startswith(f"{database}_try_"):
            out.append(Scratch(name, int(size), None))
    return tuple(out)


def drop(world: World, client: DatabaseClient, name: str, trial: Trial, report: Reporter) -> None:
    """Take it away, if it is of this trial. Raises CommandFailed where the server does not."""
    sql = drop_side_sql(name, trial.incident)
    argv = client.psql(MAINTENANCE, admin=True)
    effect = RunSql(client.host, argv, sql, MAINTENANCE, cwd=client.cwd, env=dict(client.env))
    ended = perform((effect,), world, report)
    if not ended.ok:
        raise CommandFailed(
            f"{sanitise(name)} could not be dropped", ended.summary, f"drop it by hand: it is a trial ({trial.mark})"
        )


def is_there(world: World, client: DatabaseClient, name: str) -> bool:
    """Whether there is a database of this name."""
    sql = f"SELECT json_build_array(count(*)) FROM pg_database WHERE datname = {literal(name)}"
    return bool(ask(world, client, MAINTENANCE, sql, admin=True)[0])
