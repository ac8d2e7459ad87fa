"""All that is known of one release as lines to be read: facts with sources, its life, why it counts as good. Pure.

The same lines stand in the cockpit's sheet and in ``goaround releases NAME``; how they look is left to others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actions.model.clock import short_time, span
from actions.model.codec import to_json
from actions.model.deployed import FINISHED, Deployed
from actions.model.last_good import judge
from actions.model.quick_dataclass import dataclass
from actions.model.release import WayBack
from actions.model.release_history import History
from actions.model.release_rows import HistoryRow, Life

TOLD = 12
"""So many of its newest deployments stand in the sheet."""
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


def sheet(
    history: History, row: HistoryRow, behind: Behind | None = None, proposed: tuple[str, ...] = ()
) -> tuple[Line, ...]:
    """The lines. ``behind``: None where it is not read. ``proposed``: why this one is, and why no newer one is."""
    return (
        *_standing(history, row),
        *_proposed(proposed),
        *_lives(row),
        *_deployments(row),
        *_behind(row, behind),
        *_facts(row),
        *_sources(history),
    )


def _standing(history: History, row: HistoryRow) -> Iterator[Line]:
    judged = judge(history, row)
    yield HEAD, f"{row.release.name}: {judged.standing.value}"
    yield FACT, judged.why
    if row.also:
        yield FACT, f"also called {row.also}"
    if row.pin is not None:
        yield FACT, row.pin.words()
    if not row.own:
        only = " and ".join(row.sources)
        yield WARNING, f"only {only} knows it: {history.option or 'the way back in use'} cannot go back to it"
    else:
        yield FACT, f"way back: {row.release.way_back.value}"
    if row.release.note:
        yield FACT, f"note: {row.release.note}"
    for words in row.conflicts:
        yield WARNING, f"the sources differ: {words}"


def _proposed(words: tuple[str, ...]) -> Iterator[Line]:
    if words:
        yield HEAD, "Proposed to go back to"
        yield from ((FACT, one) for one in words)


def _lives(row: HistoryRow) -> Iterator[Line]:
    yield HEAD, "When it ran"
    if not row.lives:
        yield FACT, "no source tells that it was deployed"
    for life in row.lives:
        yield FACT, _life(life)
        for incident in life.incidents:
            yield WARNING, f"{incident} was declared while it was live"
        for found in life.watched:
            yield WARNING if found.bad else FACT, found.words()
            for more in found.bad[1:]:
                yield WARNING, f"{more.sensor} at {short_time(more.at)}: {more.seen}"
        if life.rolled_back:
            yield WARNING, "it was rolled back from: what replaced it was a rollback"
    for one in row.fled:
        yield WARNING, f"{one.incident} went back from it ({short_time(one.closed_at)})"
    for one in row.proven:
        yield FACT, f"{one.incident} went back to it and proved it ({short_time(one.closed_at)})"


def _life(life: Life) -> str:
    ended = f", its deployment ended {life.ended}" if life.ended else ""
    if life.live:
        until = "runs now"
    elif life.until:
        until = f"until {short_time(life.until)}{', when the next was deployed' if life.guessed else ''}"
    else:
        until = "until when is not known"
    took = f", {span(life.seconds)}" if life.seconds is not None else ""
    return f"since {short_time(life.since)}, {until}{took}{ended} ({life.source})"


def _deployments(row: HistoryRow) -> Iterator[Line]:
    """What set each of them off, how long it took and how it ended."""
    if not row.deployments:
        return
    yield HEAD, "How it was deployed"
    for source, one in row.deployments[:TOLD]:
        by = f" by {one.trigger.removeprefix('by ')}" if one.trigger else ", by what is not told"
        took = f", took {span(one.took_s)}" if one.took_s is not None else ""
        kind = FACT if one.ended in FINISHED else WARNING
        yield kind, f"{short_time(one.at or one.began)}{by}: {one.ended or 'finished'}{took} ({source})"
    left = len(row.deployments) - TOLD
    if left > 0:
        yield FACT, f"and {left} earlier deployment{'' if left == 1 else 's'}"


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
        said = short_time(fact.said) if fact.what in ("made", "deployed", "replaced") else fact.said
        yield FACT, f"{fact.what}: {said} ({fact.source})"


def _sources(history: History) -> Iterator[Line]:
    for words in history.errors:
        yield WARNING, f"not read: {words}"


def as_json(history: History, row: HistoryRow, behind: Behind | None = None) -> dict[str, Any]:
    """The same for programs."""
    judged, release = judge(history, row), row.release
    newest = row.deployments[0][1] if row.deployments else None
    data: dict[str, Any] = {
        "name": release.name,
        "identity": release.identity,
        "commit": release.commit,
        "images": dict(release.images),
        "sources": list(row.sources),
        "option_knows_it": row.own,
        "way_back": release.way_back.value,
        "created": release.created,
        "ended": release.ended,
        "trigger": newest.trigger if newest is not None else "",
        "took_s": newest.took_s if newest is not None else None,
        "standing": judged.standing.value,
        "why": judged.why,
        "healthy_s": judged.healthy_s,
        "golden": to_json(row.pin) if row.pin is not None else None,
        "incidents": list(row.followed),
        "lives": [{**to_json(life), "seconds": life.seconds} for life in row.lives],
        "deployments": [_deployed(source, one) for source, one in row.deployments],
        "facts": [to_json(fact) for fact in row.facts],
        "conflicts": list(row.conflicts),
        "subject": release.subject,
        "author": release.author,
        "note": release.note,
    }
    if behind is not None:
        data["behind"] = to_json(behind)
    return data


def _deployed(source: str, one: Deployed) -> dict[str, Any]:
    return {"source": source, **to_json(one), "took_s": one.took_s}
