"""``goaround releases``: the history over all sources as plain lines or JSON, one release in full, and golden pins.

Reads; only ``--golden`` and ``--not-golden`` write, into the store and into the record of the incident that is open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from actions.engine.planner import propose
from actions.model.clock import SystemClock, span
from actions.model.codec import to_json
from actions.model.errors import BadInput
from actions.model.golden import Pin, called
from actions.model.last_good import judge
from actions.model.release import Release, short_id
from actions.model.release_history import History
from actions.model.release_rows import HistoryRow, Listing
from actions.model.release_sheet import WARNING, Behind, as_json, sheet
from actions.steps.propose import Proposal
from app.begin import Begin
from app.command_world import open_world
from app.known import with_bad
from app.places import store_folder
from app.records import open_store
from app.release_past import ENOUGH
from app.release_sources import joined, listing_of, other_listings
from app.release_words import golden_of, health_of
from app.releases_behind import line_of, read_behind
from app.settings import Loaded, find_config, load
from widgets.presentation import filled

if TYPE_CHECKING:
    from actions.model.ports import World
    from actions.model.system import Settings

LIMIT = 50
PAGED = ("coolify", "git")
"""Sources that are read in pages."""
SHORTEST = 7
"""Digits by which a release may be named."""
DEPTHS = (1, 4, 16, 64, 256)
"""So many times as far back a source is read, until there are as many as asked for."""


@dataclass(frozen=True)
class Asked:
    """The command line of ``goaround releases``."""

    name: str = ""
    option: str = ""
    limit: int = LIMIT
    every: bool = False
    behind: bool = False
    golden: str = ""
    label: str = ""
    not_golden: str = ""
    json: bool = False
    config: str | None = None
    store: str = ""


@dataclass(frozen=True)
class Found:
    """What was read."""

    history: History
    own: tuple[Release, ...]
    proposal: Proposal
    now: datetime


def run_releases(asked: Asked) -> int:
    """1 where the way back in use could not be read, or a release could not be pinned. Raises GoaroundError."""
    loaded = load(find_config(asked.config))
    _check(asked, loaded)
    if asked.golden or asked.not_golden:
        return _pin(asked, loaded)
    found = _read(asked, loaded)
    if asked.name:
        return _one(asked, loaded, found)
    rows = list(_rows(found, asked))
    behind = read_behind(loaded, asked.store, found.history, rows) if asked.behind else [None] * len(rows)
    print(_as_json(found, asked, rows, behind) if asked.json else "\n".join(_lines(found, asked, rows, behind)))
    mine = (one for one in found.history.listings if one.source == found.history.option)
    broken = [one for one in mine if one.error and not one.releases]
    return 1 if broken else 0


def _check(asked: Asked, loaded: Loaded) -> None:
    options = loaded.settings.options
    Begin(option=asked.option).check(options)
    if not options:
        raise BadInput("no way back is configured", "", "add a [git], [compose] or [coolify] table")
    if asked.golden and asked.not_golden:
        raise BadInput("releases: either --golden or --not-golden")
    if asked.label and not asked.golden:
        raise BadInput("releases: --as belongs to --golden")
    if asked.name and (asked.golden or asked.not_golden):
        raise BadInput("releases: name the release behind --golden or --not-golden alone")
    if asked.limit < 1:
        raise BadInput("releases: --limit must be at least 1")


def _option(asked: Asked, loaded: Loaded) -> str:
    options = [one for one in loaded.settings.options if one != "database"]
    if asked.option == "database" or not options:
        raise BadInput("releases: backups of a database are no releases", "", "goaround ready lists what is there")
    return asked.option or options[0]


def _read(asked: Asked, loaded: Loaded) -> Found:
    settings, clock = loaded.settings, SystemClock()
    option, folder = _option(asked, loaded), store_folder(loaded.settings, asked.store)
    journal = open_store(folder, clock)
    world = open_world(loaded, asked.store)
    own, depth = _deep_enough(asked, settings, option, world)
    drill, releases = settings.system.environment == "drill", own.releases
    if journal is not None:
        releases = with_bad(releases, journal, settings.system.name, drill=drill)
    own = Listing(option, releases, own.error)
    listings = (own, *other_listings(settings, world, option, depth))
    history = joined(journal, settings, listings, option, now=clock.now(), drill=drill)
    if journal is not None:
        journal.close()
    return Found(history, releases, propose(releases, history), clock.now())


def _deep_enough(asked: Asked, settings: Settings, option: str, world: World) -> tuple[Listing, int]:
    """The listing that holds what was asked for, or all there is; and how far back was read for it."""
    own, depth, before = Listing(option), 1, -1
    for depth in DEPTHS if option in PAGED else (1,):
        own = listing_of(settings, option, world, depth)
        count = len(own.releases)
        there = _matches(own.releases, asked.name) if asked.name else count >= asked.limit
        if own.error or there or count in (before, *range(ENOUGH)):
            break
        before = count
    return own, depth


def _matches(releases: tuple[Release, ...], wanted: str) -> list[Release]:
    """Those that are meant: by the whole commit or image, else all that are called so or whose id begins so.

    A name that looks like the beginning of another one's id means both.
    """
    whole = [one for one in releases if wanted in (one.commit, one.identity)]
    if whole:
        return whole
    begin = wanted.removesuffix("…") if len(wanted) >= SHORTEST else ""
    return [
        one
        for one in releases
        if one.name == wanted
        or (
            begin
            and any(
                key.startswith(begin) for key in (one.commit, one.identity, one.identity.removeprefix("sha256:")) if key
            )
        )
    ]


def _named(found: Found, wanted: str) -> HistoryRow:
    """The release that is meant. Raises BadInput naming what there is."""
    every = found.history.shown(every=True)
    hits = _hits(found, wanted)
    own = [one for one in hits if one in found.own] or hits
    if len({one.identity for one in own}) > 1:
        raise BadInput(f"{wanted}: {len(own)} releases are called so", "", "give the whole commit or image")
    row = found.history.of(own[0].identity) if own else None
    if row is None:
        known = ", ".join(one.name for one in every[:8]) or "none"
        raise BadInput(f"{wanted}: there is no such release", f"there are: {known}", "give one of these names")
    return row


def _hits(found: Found, wanted: str) -> list[Release]:
    """All that are called so; else the golden ones of that name."""
    named = _matches(found.history.shown(every=True), wanted)
    return named or [row.release for row in found.history.pinned() if row.pin is not None and row.pin.label == wanted]


def _one(asked: Asked, loaded: Loaded, found: Found) -> int:
    row = _named(found, asked.name)
    behind = read_behind(loaded, asked.store, found.history, (row,))[0]
    if asked.json:
        print(json.dumps(as_json(found.history, row, behind), indent=1))
        return 0
    for kind, text in sheet(found.history, row, behind, found.proposal.words_for(row.identity)):
        print(text if kind == "head" else f"  {'! ' if kind == WARNING else ''}{text}")
    return 0


def _pin(asked: Asked, loaded: Loaded) -> int:
    from app.golden_desk import pin, take_back, unpin
    from app.store import open_session

    found = _read(Asked(name=asked.golden or asked.not_golden, option=asked.option, store=asked.store), loaded)
    lost = _lost(found, asked.not_golden)
    release = None if lost is not None else _named(found, asked.golden or asked.not_golden).release
    session = open_session(loaded, store=asked.store)
    try:
        session.open()
        if release is None or lost is not None:
            assert lost is not None
            words, identity = take_back(session, lost), lost.identity
        else:
            words = pin(session, release, asked.label) if asked.golden else unpin(session, release)
            identity = release.identity
    finally:
        session.close()
        session.journal.close()
    print(json.dumps({"pinned": bool(asked.golden), "identity": identity}) if asked.json else words)
    return 0


def _lost(found: Found, wanted: str) -> Pin | None:
    """The pin that is to be taken back, where no source tells of its release any more."""
    there = called(found.history.unknown_pins(), wanted) if wanted else []
    return there[0] if there and not _hits(found, wanted) else None


def _rows(found: Found, asked: Asked) -> Iterator[HistoryRow]:
    for release in found.history.shown(every=asked.every)[: asked.limit]:
        row = found.history.of(release.identity)
        if row is not None:
            yield row


def _lines(found: Found, asked: Asked, rows: list[HistoryRow], behind: Sequence[Behind | None]) -> Iterator[str]:
    history = found.history
    for words in history.errors:
        yield f"! not read: {words}"
    for pin in history.unknown_pins():
        yield f"! {pin.words()}: {pin.name}, of which no source tells as far as it was read"
    count = len(rows)
    for row, read in zip(rows, behind, strict=True):
        yield _line(found, row)
        if read is not None:
            yield f"    {line_of(read)}"
    if not rows:
        yield "no release was found"
    left = len(history.shown(every=asked.every)) - count
    if left > 0:
        yield f"and {left} more: --limit {count + left} shows them"
    what = f"proposed: {found.proposal.release.name}: " if found.proposal.release else "nothing is proposed: "
    yield f"{what}{found.proposal.why}"
    for words in found.proposal.newer:
        yield f"  {words}"


def _line(found: Found, row: HistoryRow) -> str:
    release, judged = row.release, judge(found.history, row)
    mark = "*" if found.proposal.release is not None and release.identity == found.proposal.release.identity else " "
    health, pinned = health_of(judged), golden_of(row)
    golden = f"{pinned}; " if pinned else ""
    when = (release.live_since or release.created)[:16].replace("T", " ")
    way = release.way_back.value if row.own else f"{' and '.join(row.sources)} only"
    newest = row.deployments[0][1] if row.deployments else None
    took = f"took {span(newest.took_s)}" if newest is not None and newest.took_s is not None else ""
    how = newest.trigger if newest is not None and newest.trigger not in release.note else ""
    said = "; ".join(part for part in (*row.conflicts, row.also, release.note, how, took, release.subject) if part)
    name = filled(release.name, 24)  # in cells: a name may be of any script
    return f"{mark} {name} {when:<16} {short_id(release.identity):<16} {health:<22} {way}  {golden}{said}"


def _as_json(found: Found, asked: Asked, shown: list[HistoryRow], behind: Sequence[Behind | None]) -> str:
    history, proposal = found.history, found.proposal
    rows = [as_json(history, row, read) for row, read in zip(shown, behind, strict=True)]
    data: dict[str, Any] = {
        "option": history.option,
        "healthy_s": history.healthy_s,
        "releases": rows,
        "left_out": max(0, len(history.shown(every=asked.every)) - len(rows)),
        "sources": [{"source": one.source, "count": len(one.releases), "error": one.error} for one in history.listings],
        "golden": [to_json(pin) for pin in history.pins],
        "proposed": {
            "name": proposal.release.name if proposal.release else "",
            "identity": proposal.release.identity if proposal.release else "",
            "why": proposal.why,
            "not_newer": list(proposal.newer),
            "golden": proposal.golden,
            "known_good": proposal.known_good,
        },
    }
    return json.dumps(data, indent=1)
