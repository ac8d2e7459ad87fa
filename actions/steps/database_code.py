"""Chooses the code that is started over a restored database: what runs where it fits, else a release that does.

First asked is the release that ``goaround predeploy`` recorded for this very backup, then the one that was live when it
was made, then the others from the newest on. A code that cannot be asked is not guessed at. Nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from actions.model.code_fit import CodeFit, Fit, fit_of
from actions.model.database_client import DatabaseClient
from actions.model.django_code import DjangoCode
from actions.model.effect_schema import AskSchema
from actions.model.errors import GoaroundError
from actions.model.migrations import Inside, Recorded, verdict
from actions.model.ports import World
from actions.model.release import Release, WayBack, short_id
from actions.model.side_note import SideNote
from actions.model.swap_sql import SwapNames
from actions.model.system import Settings
from actions.model.system_database import DjangoTable
from actions.steps.compose_facts import ComposeFacts
from actions.steps.compose_releases import complete, releases_from
from actions.steps.git_releases import survey
from actions.steps.schema_code import commit_code, configured, image_code, running_code
from actions.steps.schema_reading import inside, recorded

MOST = 8
"""Releases whose images are asked, a container each; others are passed over, and that is said."""
MOST_COMMITS = 40
"""The same of commits, whose files are only listed."""
NOT_ASKED = "[django] is not configured, so nobody can tell which code knows the backup's migrations"


class Way(Enum):
    """What becomes of the code when the restored database is live."""

    STAYS = "stays"
    SWITCHED = "is switched"
    BY_HAND = "is deployed by hand"
    NONE = "none fits"
    UNKNOWN = "is not known"
    UNASKED = "is not asked"


@dataclass(frozen=True)
class Judged:
    """A release and whether it fits."""

    release: Release
    code: DjangoCode
    found: CodeFit

    def words(self) -> str:
        """``2026.9 does not fit: …``."""
        return f"{self.release.name} {self.found.fit.value}: {self.found.why}"


@dataclass(frozen=True)
class Choice:
    """Which code is started, why, and what was asked to find it."""

    way: Way
    why: str
    chosen: Judged | None = None
    """What will run: also where it does not fit, or nobody knows, and it stays for want of another."""
    running: Judged | None = None
    others: tuple[Judged, ...] = ()
    """Asked, and not chosen; what runs is not among them."""
    passed_over: int = 0
    asked: AskSchema | None = None
    """The question to be asked once more before anything is stopped; None: there is none."""


@dataclass(frozen=True)
class _Ground:
    settings: Settings
    table: DjangoTable
    world: World
    client: DatabaseClient
    names: SwapNames
    note: SideNote
    facts: ComposeFacts | None
    rows: tuple[Recorded, ...]
    read: dict[tuple[str, str], Inside] = field(default_factory=dict)
    """What was read already, by image and commit."""

    def judge(self, release: Release, code: DjangoCode, running: Inside | None = None) -> Judged:
        """Reads the code and compares."""
        return Judged(release, code, fit_of(verdict(self.rows, self.inside(code), running)))

    def inside(self, code: DjangoCode) -> Inside:
        key = (code.image, code.commit)
        if key not in self.read:
            found = inside(self.world, code, self.rows)
            if found.database and found.database != self.names.live:
                words = f"its settings name the database {found.database}, the configuration {self.names.live}"
                found = Inside(unknown=words)
            self.read[key] = found
        return self.read[key]


def choose(
    settings: Settings,
    world: World,
    client: DatabaseClient,
    names: SwapNames,
    note: SideNote,
    facts: ComposeFacts | None,
) -> Choice:
    """The code for the database ``names.side``. Asks images (or commits); what cannot be asked is UNKNOWN."""
    if not configured(settings) or settings.django is None:
        return Choice(Way.UNASKED, NOT_ASKED)
    try:
        rows = recorded(world, client, names.side)
        if not rows:
            table = "no migration is recorded in it" if rows is not None else "it has no table django_migrations"
            return Choice(Way.UNKNOWN, f"which code fits the backup is not known: {table}")
        return _choose(_Ground(settings, settings.django, world, client, names, note, facts, rows))
    except GoaroundError as error:
        return Choice(Way.UNKNOWN, f"which code fits the backup is not known: {error.line()}")


def _choose(ground: _Ground) -> Choice:
    present, candidates = _compose(ground) if ground.facts is not None else _git(ground)
    inside_running = ground.inside(present.code)
    running = ground.judge(present.release, present.code, inside_running)
    if running.found.fit is Fit.FITS:
        why = f"{running.release.name}, which runs, fits the backup: {running.found.why}"
        return Choice(Way.STAYS, why, running, running, asked=_question(ground, running, running))
    others: list[Judged] = []
    for release, code in candidates[: MOST if ground.facts is not None else MOST_COMMITS]:
        one = ground.judge(release, code, inside_running)
        if one.found.fit is Fit.FITS:
            way = Way.SWITCHED if ground.facts is not None else Way.BY_HAND
            why = f"{release.name} fits the backup: {one.found.why}; {running.words()}"
            return Choice(way, why, one, running, tuple(others), asked=_question(ground, one, running))
        others.append(one)
    known = running.found.fit is Fit.NOT
    asked = _question(ground, running, running)
    over = len(candidates) - len(others)
    return Choice(Way.NONE if known else Way.UNKNOWN, running.words(), running, running, tuple(others), over, asked)


def _question(ground: _Ground, one: Judged, running: Judged) -> AskSchema:
    names = ground.names
    return AskSchema(ground.client, names.side, one.code, running.code, names=names.live, whole=True)


@dataclass(frozen=True)
class _Present:
    release: Release
    code: DjangoCode


def _compose(ground: _Ground) -> tuple[_Present, tuple[tuple[Release, DjangoCode], ...]]:
    """What runs, and the earlier releases of which every image is there, each of another code, the likeliest first."""
    facts, table, world = ground.facts, ground.table, ground.world
    assert facts is not None  # the caller has looked
    assert ground.settings.compose is not None
    records = tuple(_recorded_for(ground))
    known = (*world.known_releases(), *records)
    found = releases_from(facts, ground.settings.compose, known, ground.settings.system.name)
    code = running_code(ground.settings, table, world, facts)
    present = next((one for one in found if one.way_back is WayBack.RUNNING), None)
    release = present or Release(code.release, images=facts.running, way_back=WayBack.RUNNING)
    moving = tuple(s for s in facts.services if s in facts.running)
    there = [
        one
        for one in found
        if one.way_back is not WayBack.RUNNING
        and complete(one, moving)
        and all(one.images[s] in facts.images for s in moving)
    ]
    seen, out = {code.image}, []
    for one in _ordered(there, release, records, ground.note.at):
        other = image_code(table, world, facts, one, code.image)
        if other.image not in seen:
            seen.add(other.image)
            out.append((one, other))
    return _Present(release, replace(code, release=release.name)), tuple(out)


def _git(ground: _Ground) -> tuple[_Present, tuple[tuple[Release, DjangoCode], ...]]:
    """The same by commits: what lies in the deployed folder, and what was deployed or tagged before."""
    settings, world = ground.settings, ground.world
    code = running_code(settings, ground.table, world, None)
    if settings.git is None or world.repository is None:
        return _Present(Release("what runs"), code), ()
    found = survey(settings.git, world).releases
    records = tuple(_recorded_for(ground))
    present = next((one for one in found if one.way_back is WayBack.RUNNING), None)
    if present is not None:
        asked = commit_code(settings.git, world, present) if code.unknown else code
        code = replace(asked, release=present.name)
    runs = present or Release(code.release)
    there = [one for one in found if one.commit and one.way_back is WayBack.READY]
    deployed = [one for one in there if one.source == "git tag" or one.live_since]
    ordered = _ordered(deployed or there, runs, records, ground.note.at)
    rows = tuple((one, commit_code(settings.git, world, one)) for one in ordered)
    return _Present(runs, code), rows


def _recorded_for(ground: _Ground) -> Iterator[Release]:
    """What ran when ``goaround predeploy`` took this very backup."""
    note = ground.note
    for one in ground.world.predeploys():
        of_it = any(
            kept.place == note.path or (kept.sha256 and note.backup == f"sha256:{kept.sha256}") for kept in one.kept
        )
        if one.system == ground.settings.system.name and one.release is not None and of_it:
            yield one.release


def _ordered(found: list[Release], running: Release, records: tuple[Release, ...], at: str) -> list[Release]:
    """Of the backup's own record first, then what was live when it was made, then the newest before what runs."""
    present = running.created or running.live_since

    def rank(one: Release) -> tuple[int, str]:
        made = one.created or one.live_since
        if any(_same(one, record) for record in records):
            return 3, made
        if at and one.live_since and one.live_since <= at and (not one.live_until or at < one.live_until):
            return 2, one.live_since
        return (1 if not present or made <= present else 0), made

    return sorted(found, key=rank, reverse=True)


def _same(one: Release, record: Release) -> bool:
    if record.images:
        return bool(one.images) and record.images.items() <= one.images.items()
    return bool(record.commit) and one.commit == record.commit


def named(release: Release) -> str:
    """A release for the eye, with what identifies it."""
    return f"{release.name} ({short_id(release.identity)})" if release.identity else release.name
