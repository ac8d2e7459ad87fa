"""The releases of the database option: backups and snapshots, newest first, with their age against the deployment.

The live database stands among them as what runs, at the time of the last deployment: what is older than that is
proposed first. How backups are found is left to ``backups``, and the snapshots to ``snapshot_releases``.
"""

from __future__ import annotations

import contextlib

from actions.model.backup_file import BackupFile
from actions.model.clock import stamp
from actions.model.database_client import DatabaseClient
from actions.model.errors import BadInput, GoaroundError, Refused
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.release import STANDS, Release, WayBack
from actions.model.sensor_rules import size_words
from actions.model.side_note import SideNote
from actions.model.system import Settings
from actions.steps.backups import backups
from actions.steps.database_reach import client_of
from actions.steps.release_ages import Ages
from actions.steps.side_reading import notes
from actions.steps.snapshot_releases import snapshot_releases

SOURCE = "backup"
DATABASE = "database"
"""``source`` of the live database itself."""


def releases(settings: Settings, world: World, incident: str = "") -> tuple[Release, ...]:
    """Every backup and snapshot as a release, and the live database. With the server down: what lies on disk."""
    client: DatabaseClient | None = None
    sides: dict[str, SideNote] = {}
    with contextlib.suppress(GoaroundError):  # a list is of use without the server, too; a plan tells what is wrong
        client = client_of(settings, world)
        sides = notes(world, client)
    deployed, name = deployment(world)
    now = stamp(world.clock.now())
    found = [_release(one, sides, deployed, name, now) for one in backups(settings, world, client, incident=incident)]
    table = settings.database
    if client is not None and table is not None:
        with contextlib.suppress(GoaroundError):  # as above
            found += snapshot_releases(world, client, table.name, Ages(deployed, name, now))
    live = table.name if table is not None else ""
    running = Release(
        name=sanitise(live),
        images={"database": _running(live, sides)},
        source=DATABASE,
        live_since=deployed or now,
        way_back=WayBack.RUNNING,
        subject=f"the live database; {name} was deployed {deployed[:16]}Z" if name else "the live database",
    )
    return tuple(sorted([running, *found], key=lambda one: one.live_since, reverse=True))


def running_identity(live: str, sides: dict[str, SideNote]) -> str:
    """What the live database is: the backup that it was restored from, or itself."""
    return _running(live, sides)


def _running(live: str, sides: dict[str, SideNote]) -> str:
    note = sides.get(live)
    return note.backup if note is not None and note.live else f"database {sanitise(live)}"


def deployment(world: World) -> tuple[str, str]:
    """When what runs was deployed, and its name; both empty where nobody recorded it."""
    # A backup that an incident went back to is known, too; nobody deployed it.
    known = [
        one
        for one in world.known_releases()
        if one.live_since and one.ended in ("", "ok") and one.source not in (SOURCE, "snapshot", DATABASE)
    ]
    latest = max(known, key=lambda one: one.live_since, default=None)
    return (latest.live_since, latest.name) if latest else ("", "")


def identity_of(one: BackupFile) -> str:
    """What names a backup: its sha256 where it is known, else its path."""
    return f"sha256:{one.sha256}" if one.sha256 else one.path


def time_of(one: BackupFile) -> str:
    """The moment whose data it holds: told by its manifest, else when it was written last."""
    return one.kept.manifest.at if one.kept is not None else one.at


def find(release: Release, settings: Settings, world: World, client: DatabaseClient, incident: str) -> BackupFile:
    """The backup of a release. Raises BadInput where it is none, Refused where it is gone or no source."""
    if release.source != SOURCE:
        raise BadInput(f"{sanitise(release.name)} is no backup", "", "choose a backup", code="target-no-backup")
    known = backups(settings, world, client, incident=incident)
    one = next((one for one in known if identity_of(one) == release.identity), None)
    if one is None:
        raise Refused(f"{sanitise(release.name)} is gone", "", "choose another backup", code="target-gone")
    if one.problem:
        raise Refused(f"{one.name} is no source", one.problem, "choose another backup", code="backup-unusable")
    return one


def _release(one: BackupFile, sides: dict[str, SideNote], deployed: str, name: str, now: str) -> Release:
    at = time_of(one)
    identity = identity_of(one)
    words = [f"{size_words(one.size)} {one.format.value}", Ages(deployed, name, now).words(at)]
    ready = next((side for side, note in sides.items() if note.backup == identity and note.usable), "")
    notes_of = [one.problem]
    if ready:
        notes_of.append(f"{STANDS} {ready}")
    if one.proven is not None:
        notes_of.append(f"a restore was proven {one.proven.at[:16]}Z")
    way = WayBack.GONE if one.problem else WayBack.PROTECTED if one.proven or ready else WayBack.READY
    return Release(
        name=one.name,
        images={SOURCE: identity},
        source=SOURCE,
        created=at,
        live_since=at,
        way_back=way,
        subject=", ".join(words),
        note="; ".join(part for part in notes_of if part),
    )
