"""The schema verdicts in the plain list of releases: read before the list is said, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actions.model.errors import GoaroundError
from actions.model.release import Release
from app.session import Session

if TYPE_CHECKING:
    from actions.steps.schema_listing import Verdicts

_KEPT: dict[str, Verdicts] = {}
"""By incident: what was read is kept while this process lives."""
UNREAD = "not read yet"


def words_of(session: Session, releases: tuple[Release, ...], say: Callable[[str], None]) -> Callable[[Release], str]:
    """What stands in the row of a release; nothing where verdicts are not configured. Ctrl-C: the rest is not read."""
    settings = session.settings
    if not settings.asks_schema or session.option() == "database":
        return lambda release: ""
    from actions.steps.schema_listing import Verdicts

    found: dict[str, str] = {}
    why: dict[str, str] = {}
    say("    reading the schema verdicts (Ctrl-C: go on without) ...")
    try:
        for identity, one in _KEPT.setdefault(session.incident.id, Verdicts()).of(settings, session.world(), releases):
            if one is not None:
                found[identity], why[identity] = one.verdict, one.why
    except KeyboardInterrupt:
        say("    not all of them were read; a plan asks anew")
    except GoaroundError as error:
        say(f"    the schema verdicts cannot be read: {error.line()}")
    for words in dict.fromkeys(why.values()):
        say(f"    schema: {words}")
    return lambda release: f"schema {found.get(release.identity, UNREAD):<14} "
