"""``goaround review``: a past record in the same panes, event by event; or its time line as text."""

from __future__ import annotations

import sys
from pathlib import Path

from actions.gateways.journal import SqliteJournal
from actions.model.branching import RESTRICTED_WORDS
from actions.model.clock import SystemClock
from actions.model.errors import BadInput
from actions.model.incident import restricted
from actions.model.record_timeline import timeline
from app.replay import Replay


def open_replay(folder: Path, wanted: str) -> Replay:
    """The replay of a record (empty: the newest). Raises BadInput when there is none."""
    journal = SqliteJournal(folder, SystemClock(), read_only=True)
    newest = journal.newest(1)
    if not newest:
        raise BadInput(f"no records yet in {folder}", "", "goaround demo makes one")
    incident = journal.find(wanted) if wanted else newest[0].id
    return Replay(incident, journal.events(incident), journal.incident_folder(incident))


def review(folder: Path, wanted: str, *, plain: bool) -> int:
    """Show a record. Exit status 0."""
    replay = open_replay(folder, wanted)
    if plain:
        marked = [RESTRICTED_WORDS] if restricted(replay.incident) else []
        sys.stdout.write("\n".join((*marked, *timeline(replay.events))) + "\n")
        return 0
    from app.review_screen import open_review

    return open_review(replay)
