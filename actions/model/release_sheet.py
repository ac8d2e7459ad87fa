"""All that is known of one release as lines to be read: facts with sources, its life, why it counts as good. Pure.

The same lines stand in the cockpit's sheet and in ``goaround releases NAME``; how they look is left to others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actions.model.clock import span
from actions.model.codec import to_json
from actions.model.last_good import judge
from actions.model.quick_dataclass import dataclass
from actions.model.release import WayBack
from actions.model.release_history import History, HistoryRow, Life

HEAD, FACT, WARNING = "head", "fact", "warning"
"""Kinds of lines."""


@dataclass(frozen=True)
class Behind:
    """What is read for one release when somebody looks at it; an empty text: not read yet."""

    difference: str = ""
    """Files and lines between what runs and this one, or why that is not known."""
    migrations: tuple[str, ...] = ()
    """Paths of migrations that differ."""
    environment: str = ""
    """Which variables are others since, or why that is not known."""
    environment_differs: bool = False
    gaps: tuple[str, ...] = ()
    """What CI and people said was left out before it was deployed, a line each."""
    gaps_why: str = ""
    """Where the file lies that says so, or why nothing is said; empty: none is configured."""

    def words(self) -> str:
        """One line for the border of the list."""
        count = len(self.migrations)
        more = f", {count} migration{'' if count == 1 else 's'}" if count else ""
        return f"{self.difference}{more}"


Line = tuple[str, str]
"""(kind, text)."""


def sheet(history: History, row: HistoryRow, behind: Behind | None = None) -> tuple[Line, ...]:
    """The lines. ``behind``: None where it is not read."""
    return (*_standing(history, row), *_lives(row), *_behind(row, behind), *_facts(row), *_sources(history))


def _standing(history: History, row: HistoryRow) -> Iterator[Line]:
    judged = judge(history, row)
    yield HEAD, f"{row.release.name}: {judged.standing.value}"
    yield FACT, judged.why
    if row.pin is not None:
        yield FACT, row.pin.words()
    if not row.own:
        only = " and ".join(row.sources)
        yield WARNING, f"only {only} knows it: {history.option or 'the way back in use'} cannot go back to it"
    else:
        yield FACT, f"to go back to it: {row.release.way_back.value}"
    if row.release.note:
        yield FACT, row.release.note
    for words in row.conflicts:
        yield WARNING, f"the sources differ: {words}"


def _lives(row: HistoryRow) -> Iterator[Line]:
    yield HEAD, "When it ran"
    if not row.lives:
        yield FACT, "no source tells that it was deployed"
    for life in row.lives:
        yield FACT, _life(life)
        for incident in life.incidents:
            yield WARNING, f"{incident} was declared while it was live"
    for one in row.fled:
        yield WARNING, f"{one.incident} went back from it ({_short(one.closed_at)})"
    for one in row.proven:
        yield FACT, f"{one.incident} went back to it and proved it ({_short(one.closed_at)})"


def _life(life: Life) -> str:
    ended = f", its deployment ended {life.ended}" if life.ended else ""
    if life.live:
        until = "runs now"
    elif life.until:
        until = f"until {_short(life.until)}{', when the next was deployed' if life.guessed else ''}"
    else:
        until = "until when is not known"
    took = f", {span(life.seconds)}" if life.seconds is not None else ""
    return f"since {_short(life.since)}, {until}{took}{ended} ({life.source})"


def _behind(row: HistoryRow, behind: Behind | None) -> Iterator[Line]:
    if behind is None:
        return
    yield HEAD, "Between what runs and it"
    if row.release.way_back is WayBack.RUNNING:
        yield FACT, "it runs now: nothing is between"
    else:
        yield FACT, behind.difference or "reading ..."
        for path in behind.migrations:
            yield WARNING, f"migration {path}: the code goes back, the database does not"
    yield HEAD, "Environment since it ran"
    yield WARNING if behind.environment_differs else FACT, behind.environment or "reading ..."
    if behind.gaps_why or behind.gaps:
        yield HEAD, "Before it was deployed"
        yield FACT, behind.gaps_why or "said by its file"
        for gap in behind.gaps:
            yield WARNING, f"left out: {gap}"


def _facts(row: HistoryRow) -> Iterator[Line]:
    yield HEAD, "What the sources tell"
    for fact in row.facts:
        said = _short(fact.said) if fact.what in ("made", "deployed", "replaced") else fact.said
        yield FACT, f"{fact.what}: {said} ({fact.source})"


def _sources(history: History) -> Iterator[Line]:
    for words in history.errors:
        yield WARNING, f"not read: {words}"


def as_json(history: History, row: HistoryRow, behind: Behind | None = None) -> dict[str, Any]:
    """The same for programs."""
    judged, release = judge(history, row), row.release
    data: dict[str, Any] = {
        "name": release.name,
        "identity": release.identity,
        "commit": release.commit,
        "images": dict(release.images),
        "sources": list(row.sources),
        "option_knows_it": row.own,
        "way_back": release.way_back.value,
        "created": release.created,
        "standing": judged.standing.value,
        "why": judged.why,
        "healthy_s": judged.healthy_s,
        "golden": to_json(row.pin) if row.pin is not None else None,
        "incidents": list(row.followed),
        "lives": [{**to_json(life), "seconds": life.seconds} for life in row.lives],
        "facts": [to_json(fact) for fact in row.facts],
        "conflicts": list(row.conflicts),
        "subject": release.subject,
        "author": release.author,
        "note": release.note,
    }
    if behind is not None:
        data["behind"] = to_json(behind)
    return data


def _short(at: str) -> str:
    return f"{at[:16].replace('T', ' ')}Z" if len(at) >= 16 else at
