"""Plain mode lists what there is to go back to, and draws the plan for the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from actions.engine.planner import propose
from actions.model.errors import Refused
from actions.model.last_good import judge
from actions.model.release import Release, short_id
from actions.model.release_search import means
from app import plain_decision
from app.clock_skew import observe_skew
from app.plain_schema import words_of
from app.release_sources import read_history
from app.release_words import golden_of, health_of
from widgets.presentation import filled

if TYPE_CHECKING:
    from actions.model.release_history import History
    from app.plain import Plain

SHOWN = 20
"""Lines of releases at once."""
SHORTEST_ID = 4
"""Fewer digits are the number of a line, as git takes no shorter id."""


def choose(plain: Plain) -> None:
    """List what there is to go back to, draw the plan, show it."""
    session = plain.session
    observe_skew(session)
    releases = session.releases()
    if session.settings.readiness.file:
        from app.readiness_reading import with_gaps  # where there is such a file

        releases = with_gaps(session, releases)
    if not releases:
        raise Refused("no release to go back to was found")
    plain.show([note.words() for note in session.release_notes])
    option = session.option()

    past = read_history(session, releases, option) if option != "database" else None
    for words in past.errors if past is not None else ():
        plain.operator.say(f"   ! not read: {words}")
    proposal = propose(releases, past)
    proposed = proposal.release

    row = _rows(releases, proposed, words_of(session, releases, plain.operator.say), past)
    for number in range(1, min(len(releases), SHOWN) + 1):
        plain.operator.say(row(number))
    if len(releases) > SHOWN:
        plain.operator.say(f"    {len(releases) - SHOWN} older ones: a text finds one")
    plain.operator.say(f"    {'proposed: ' if proposed else ''}{proposal.why}")
    for words in proposal.newer:
        plain.operator.say(f"      {words}")
    number = _asked(plain, releases, past, releases.index(proposed) + 1 if proposed else 0, row)
    plan = session.draw(releases[number - 1])
    plain.say(f"plan {plan.digest[:12]}: {plan.option} to {plan.target.name} ({short_id(plan.target.identity)})")
    plain.show([note.words() for note in plan.notes])
    plain_decision.say_warnings(session, plain.say)
    plain_decision.say_timing(session, plain.say)
    for step in plan.steps:
        plain.operator.say(f"    {step.code:<3} {step.title} ({step.risk.value})")


def _rows(
    releases: Sequence[Release], proposed: Release | None, schema: Callable[[Release], str], past: History | None
) -> Callable[[int], str]:
    """The line of a release, by its number from 1."""

    def row(number: int) -> str:
        release = releases[number - 1]
        when = release.live_since or release.created
        return (
            f"   {'*' if release == proposed else ' '}{number:>2} {filled(release.name, 24)} {when[:19]:<19}"
            f" {short_id(release.identity):<16} {schema(release)}{release.way_back.value}"
            f"{_life(past, release)}  {release.note or release.subject}"
        )

    return row


def _life(past: History | None, release: Release) -> str:
    """How it fared, and as what it was pinned, where anything is known of that."""
    known = past.of(release.identity) if past is not None and past.tells else None
    if past is None or known is None:
        return ""
    return f"  {'; '.join(filter(None, (health_of(judge(past, known)), golden_of(known))))}"


def _asked(
    plain: Plain, releases: Sequence[Release], past: History | None, default: int, row: Callable[[int], str]
) -> int:
    """The number that is chosen; other text lists the releases that hold it. Raises Refused for a number of none."""
    prompt = f"Number of the release{f' (Enter: {default})' if default else ''}, or a text to find one > "
    while True:
        text = plain.operator.ask("release", prompt).strip()
        number = int(text) if text.isdecimal() and len(text) < 7 else 0 if text else default
        if 1 <= number <= len(releases):
            return number
        meant = not text.isdecimal() or len(text) >= SHORTEST_ID
        found = [at for at, one in enumerate(releases, 1) if meant and means(text, one, past)]
        if not found:
            raise Refused("no such release", "", "give the number at its line, a name, or the beginning of an id")
        for at in found[:SHOWN]:
            plain.operator.say(row(at))
        if len(found) > SHOWN:
            plain.operator.say(f"    and {len(found) - SHOWN} more that hold it")
