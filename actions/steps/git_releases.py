"""Joins tags, the log, the history of deployments and what runs into releases that can be gone back to.

Which one to choose is left to the operator (and ``propose``); reading git and the history to their gateways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from actions.model.clock import stamp
from actions.model.errors import GoaroundError, Refused
from actions.model.note import Note
from actions.model.note_kinds import NoteKind
from actions.model.ports import Commit, Repository, World
from actions.model.release import Release, WayBack, short_id
from actions.model.system import GitTable
from actions.steps.git_running import CommitReader, Running, read_running

COMMITS = 200
OLDER = 20
"""Commits that were deployed, yet lie further back than those listed, are looked up one by one up to this number."""

_LIKE_AN_ID = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True)
class Survey:
    """What there is to go back to, what runs, and what could not be learned (a note each)."""

    releases: tuple[Release, ...]
    running: Running
    notes: tuple[Note, ...] = ()


def releases(table: GitTable, world: World, *, limit: int = COMMITS) -> tuple[Release, ...]:
    """The releases of ``survey`` alone, newest first."""
    return survey(table, world, limit=limit).releases


def survey(table: GitTable, world: World, *, limit: int = COMMITS) -> Survey:
    """Look at everything once. Raises GoaroundError when the repository cannot be read; all else becomes a note."""
    running = read_running(CommitReader.of(table.running, world.host.name), world)
    repository = repository_of(world)
    commits = list(repository.commits(limit))
    notes = [NoteKind.RUNNING_UNKNOWN.note(running.why)] if running.why else []
    try:
        known = world.known_releases()
    except GoaroundError as error:
        known = ()
        notes.append(NoteKind.HISTORY_UNUSED.note(f"the history of deployments is not used: {error.line()}"))
    history = _by_commit(known)
    listed = {commit.id for commit in commits}
    older = [sha for sha in (running.commit, *history) if sha and sha not in listed][:OLDER]
    commits += [commit for sha in dict.fromkeys(older) if (commit := repository.commit(sha)) is not None]
    now = stamp(world.clock.now())
    found = [_release(commit, table.tags, history.pop(commit.id, None), now) for commit in commits]
    further = [*found[len(listed) :], *(_missing(release) for release in history.values())]
    found = _with(further, found[: len(listed)])
    marked = tuple(_marked(release, running) for release in found)
    if running.commit and not any(release.way_back is WayBack.RUNNING for release in marked):
        strange = f"{running.commit} runs, which is not in the clone: run `git fetch --tags` there"
        notes.append(NoteKind.RUNNING_NOT_IN_CLONE.note(strange))
        gone = Release(name=short_id(running.commit), commit=running.commit, source="record")
        now_runs = replace(gone, way_back=WayBack.RUNNING, note="runs, but is not in the clone")
        # A clone that lacks it was last fetched before it was made: all in it is older. Where the history was cut off,
        # it may lie behind the cut, and what is there is then newer.
        marked = (*marked, now_runs) if repository.is_shallow() else (now_runs, *marked)
    return Survey(marked, running, tuple(notes))


def _with(further: list[Release], listed: list[Release]) -> list[Release]:
    """Those that are further back stand where their time puts them; the order of the log stays as it is."""
    found = list(listed)
    for one in sorted(further, key=_time, reverse=True):
        place = len(found)
        while place and _time(found[place - 1]) < _time(one):
            place -= 1
        found.insert(place, one)
    return found


def _time(release: Release) -> str:
    return release.created or release.live_since


def repository_of(world: World) -> Repository:
    """The repository of this system. Raises Refused when there is none."""
    if world.repository is None:
        raise Refused("there is no git option", "git.repository is not configured", "add a [git] table")
    return world.repository


def _by_commit(known: tuple[Release, ...]) -> dict[str, Release]:
    """What is known of each commit; of two that know the same deployment the later source counts."""
    found: dict[str, Release] = {}
    for release in known:
        other = found.get(release.commit)
        if release.commit and (other is None or release.live_since >= other.live_since):
            found[release.commit] = release
    return found


def _release(commit: Commit, pattern: str, known: Release | None, now: str) -> Release:
    tags = [tag for tag in commit.tags if fnmatchcase(tag, pattern)]
    remarks = []
    if len(tags) > 1:
        remarks.append(f"also tagged {', '.join(tags[1:4])}")
    if any(_LIKE_AN_ID.fullmatch(tag) for tag in commit.tags):
        remarks.append("a tag here is named like a commit id; only the full id is used")
    if commit.at > now:
        remarks.append("dated in the future")
    if known is not None and known.ended not in ("", "ok"):
        remarks.append(f"its last deployment: {known.ended}")
    return Release(
        name=tags[0] if tags else short_id(commit.id),
        commit=commit.id,
        source="git tag" if tags else "git log",
        created=commit.at,
        live_since=known.live_since if known else "",
        live_until=known.live_until if known else "",
        ended=known.ended if known else "",
        deployments=known.deployments if known else (),
        way_back=WayBack.READY,
        subject=commit.subject,
        author=commit.author,
        note="; ".join(remarks),
    )


def _missing(known: Release) -> Release:
    name = known.name or short_id(known.commit)
    note = "was deployed, but is not found in the clone: run `git fetch --tags` there"
    return replace(known, name=name, way_back=WayBack.GONE, note=note)


def _marked(release: Release, running: Running) -> Release:
    if running.commit and release.commit == running.commit:
        return replace(release, way_back=WayBack.RUNNING)
    return release
