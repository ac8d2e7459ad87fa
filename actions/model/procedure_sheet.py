"""The procedure as a page to be read at night: whom to reach, who decides, the ways back, prevention, documents. Pure.

Its lines are painted by the widgets and said by plain mode. Facts of the moment (how long since the declaration, until
when) come in, so a record shows what was true then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from actions.model.estimate import late_by
from actions.model.listing import inhibited
from actions.model.procedure import Link, OptionText, Procedure
from actions.model.procedure_line import Around, Line, Look
from actions.model.procedure_people import deciding, people
from actions.model.readiness_sheet import prevention_lines
from actions.model.system import ways_in


def sheet(procedure: Procedure, facts: Around) -> tuple[Line, ...]:
    """The whole page."""
    parts = (
        _about(procedure, facts),
        _section("Who to reach", people(procedure, facts)),
        _section("Who decides", deciding(procedure, facts)),
        _section("Ways back", _ways(procedure, facts)),
        _section("Prevention", prevention_lines(procedure, facts.cards, facts.reading)),
        _section("Related documents", _links(procedure.links)),
        _section("Not understood of the document", _not_understood(procedure)),
        _section("Does not apply here", _inhibited(procedure, facts)),
        _section("How it is done", _steps(procedure)),
    )
    return tuple(line for part in parts for line in part)


def _section(name: str, lines: Iterable[Line]) -> Iterator[Line]:
    found = tuple(lines)
    if found:
        yield Line(name, Look.HEADING)
        yield from found


def _about(procedure: Procedure, facts: Around) -> Iterator[Line]:
    yield Line(procedure.title, Look.TITLE)
    said = (("owner", procedure.owner), ("updated", procedure.updated), ("next review", procedure.next_review))
    for name, value in said:
        yield Line(f"{name}: {value or 'the document does not say'}", Look.PLAIN if value else Look.QUIET)
    if facts.overdue:
        yield Line(f"its review is overdue since {facts.overdue}", Look.WARNING)
    where = procedure.path or "the built-in document: name your own in [procedure] file"
    yield Line(f"{where}, sha256 {procedure.sha256[:12]}", Look.QUIET)


def _ways(procedure: Procedure, facts: Around) -> Iterator[Line]:
    there = ways_in(facts.settings)
    first = (facts.settings.get("system") or {}).get("option") or (there[0] if there else "")
    told = [one for one in procedure.options if one.declared or one.option]
    if not told:
        yield Line("the document describes none", Look.QUIET, 1)
    for one in told:
        yield from _way(one, there, first, facts)
    described = {one.option for one in told}
    for name in there:
        if name not in described:
            yield Line(f"{name}: configured; the document does not describe it", Look.NAME, 1)


def _way(one: OptionText, there: Sequence[str], first: str, facts: Around) -> Iterator[Line]:
    words = "not configured here: by hand, as it stands below"
    if one.option in there:
        words = "configured, the first choice" if one.option == first else "configured"
    yield Line(one.name, Look.NAME, 1)
    yield Line(words, Look.PLAIN if one.option in there else Look.QUIET, 2)
    takes = f"takes {one.duration}" if one.duration else "how long it takes is not written"
    yield Line(f"{takes}; risk {one.risk or 'not written'}", Look.PLAIN, 2)
    if one.good_for:
        yield Line(f"good for {one.good_for}", Look.PLAIN, 2)
    known = facts.measured.get(one.option) if one.option else None
    if known is not None:
        for words in filter(None, (known.words(), known.split_words())):
            yield Line(words, Look.PLAIN, 2)
    late = too_late(one, facts)
    if late:
        yield Line(late, Look.WARNING, 2)


def too_late(one: OptionText, facts: Around) -> str:
    """``cannot be done before T+15:00: …`` where it does not fit into what is left; else empty."""
    known = facts.measured.get(one.option) if one.option else None
    high_s = known.p90_s if known is not None and known.enough else one.duration_high_s
    return late_by(high_s, facts.elapsed_s, facts.deadline_s)


def _steps(procedure: Procedure) -> Iterator[Line]:
    for one in procedure.options:
        if not one.steps:
            continue
        yield Line(f"{one.name} (line {one.line})", Look.NAME, 1)
        for number, step in enumerate(one.steps, 1):
            yield Line(f"{number}. {step.text}", Look.PLAIN, 2)
            for block in step.commands:
                for command in (block.runs or block.text).split("\n"):
                    yield Line(command, Look.QUIET, 4)


def _links(links: Sequence[Link]) -> Iterator[Line]:
    for one in links:
        name = f"{one.text}{f' -> {one.target}' if one.target and one.target != one.text else ''}"
        note = "" if not one.note or one.note.casefold() in one.text.casefold() else one.note
        if one.exists is False:
            yield Line(f"{name}: missing{f', {note}' if note else ''}", Look.WARNING, 1)
        else:
            state = "there" if one.exists else f"not looked at{f', {note}' if note else ''}"
            yield Line(f"{name}: {state}", Look.PLAIN, 1)


def _not_understood(procedure: Procedure) -> Iterator[Line]:
    for one in procedure.not_understood:
        yield Line(f"line {one.line}: {one.text}: {one.why}", Look.WARNING, 1)


def _inhibited(procedure: Procedure, facts: Around) -> Iterator[Line]:
    for item in inhibited(procedure, facts.settings):
        yield Line(f"{item.code} {item.text}: only with {item.when}, which is not configured", Look.QUIET, 1)
