"""What is told of one release: each fact with its source, what sources tell differently, and all in one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actions.model.clock import short_time
from actions.model.deployed import FINISHED, UNDER_WAY
from actions.model.git_text import is_full_id
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack, short_id
from actions.model.release_join import Group
from actions.model.release_rows import Fact, Life
from actions.model.release_times import SAME_S, near, seconds_between


def merged(group: Group, lives: Sequence[Life]) -> Release:
    """What the way back in use does not tell, told by the others. Identity and way back stay its own."""
    one = group.release
    if not group.told:
        return one
    others = [told for _, told, _ in group.told]
    if not one.live_since and lives:
        last = lives[0]
        until = "" if last.live or last.guessed else last.until
        one = replace(one, live_since=last.since, live_until=until, ended=one.ended or last.ended)
    subject = one.subject or next((told.subject for told in others if told.subject), "")
    author = one.author or next((told.author for told in others if told.author), "")
    commit = one.commit or next((told.commit for told in others if one.images and is_full_id(told.commit)), "")
    return replace(one, subject=subject, author=author, commit=commit)


def names(release: Release, told: Sequence[tuple[str, Release]]) -> frozenset[str]:
    """All by which a record may have called it."""
    every = [release, *(one for _, one in told)]
    return frozenset(key for one in every for key in (one.identity, one.commit) if key)


def facts(source: str, one: Release) -> Iterator[Fact]:
    """What one source tells, by what it calls it."""
    images = sorted(set(one.images.values()))
    last = one.deployments[0] if one.deployments else None
    pairs = (
        ("called", one.name),
        ("commit", one.commit),
        ("image", images[0] if len(images) == 1 else ", ".join(f"{k} {one.images[k]}" for k in sorted(one.images))),
        ("digest", ", ".join(sorted(set(one.digests.values())))),
        ("made", one.created),
        ("deployed", one.live_since),
        ("replaced", one.live_until),
        ("trigger", last.trigger if last is not None else ""),
        ("ended", one.ended),
        ("there", one.way_back.value if one.way_back is not WayBack.UNKNOWN else ""),
        ("message", one.subject),
        ("author", one.author),
        ("note", one.note),
    )
    for what, said in pairs:
        if said:
            yield Fact(what, said, f"{source}, {one.source}" if one.source and one.source != source else source)


def conflicts(told: Sequence[tuple[str, Release]], now: str) -> Iterator[str]:
    """What they tell differently, and times that have not come yet; a line each."""
    times = [(source, one.live_since) for source, one in told if one.live_since]
    for source, at in times[1:]:
        if not near(times[0][1], at):
            yield f"deployed last: {times[0][0]} says {short_time(times[0][1])}, {source} says {short_time(at)}"
    for source, at in times:
        if in_future(at, now):
            yield f"deployed: {source} says {short_time(at)}, which has not come yet: its clock or its zone is wrong"
    ends = [(source, one.ended) for source, one in told if one.ended and one.ended not in UNDER_WAY]
    for source, end in ends[1:]:
        if (end in FINISHED) != (ends[0][1] in FINISHED):
            yield f"how its last deployment ended: {ends[0][0]} says {ends[0][1]}, {source} says {end}"
    commits = [(source, one.commit) for source, one in told if is_full_id(one.commit)]
    for source, commit in commits[1:]:
        if commit != commits[0][1]:
            yield f"commit: {commits[0][0]} says {short_id(commits[0][1])}, {source} says {short_id(commit)}"


def in_future(at: str, now: str) -> bool:
    """So far after now that it is no matter of two clocks."""
    return at > now and (seconds_between(now, at) or 0) > SAME_S


def called(release: Release) -> str:
    """Its name, and what proves it in short where the name does not say it."""
    short = short_id(release.identity)
    return release.name if not short or release.name in release.identity else f"{release.name} ({short})"
