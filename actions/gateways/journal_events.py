"""Events as the journal's file holds them: a canonical line each, and what is said when a line or the file is none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from actions.model import events as ev
from actions.model.errors import GoaroundError, Unreachable


def event_from_line(line: bytes) -> ev.Event:
    """An event from its stored line. Raises ValueError when it is none."""
    data = json.loads(line)
    return ev.Event(**data)


def events_of(incident: str, rows: Sequence[tuple[bytes]]) -> list[ev.Event]:
    """The events of these stored lines, in order. Raises GoaroundError naming the record when one is none."""
    try:
        return [event_from_line(row[0]) for row in rows]
    except (ValueError, TypeError, RecursionError) as error:
        raise GoaroundError(
            f"the record {incident} is damaged: what stands there is no event", "", f"goaround verify {incident}"
        ) from error


def event_of(incident: str, line: bytes) -> ev.Event | None:
    """The event of this record, of a shape that is known; None when that is not what stands there."""
    try:
        event = event_from_line(line)
        whole = event.incident == incident and not isinstance(event.body, ev.Unknown)
    except (ValueError, TypeError, RecursionError):
        return None
    return event if whole else None


def store_error(path: Path, error: sqlite3.Error) -> GoaroundError:
    """What is said when SQLite could not do it."""
    return Unreachable(
        f"the record {path} cannot be written",
        str(error),
        "without a record nothing is done: check disk space and rights",
    )
