"""Snapshots as releases of the database option: what was before a deployment, and can be swapped in at once.

Which snapshots there are is told by ``snapshots``; what a plan over one of them is, by ``database_snapshot_option``.
"""

from __future__ import annotations

from collections import Counter

from actions.model.database_client import DatabaseClient
from actions.model.errors import Refused
from actions.model.outside_text import sanitise
from actions.model.ports import World
from actions.model.predeploy import Predeploy
from actions.model.quick_dataclass import replace
from actions.model.release import Release, WayBack
from actions.model.sensor_rules import size_words
from actions.steps.release_ages import Ages
from actions.steps.snapshots import Snapshot, look

SNAPSHOT = "snapshot"
"""The source of such a release."""


def snapshot_releases(world: World, client: DatabaseClient, database: str, ages: Ages) -> list[Release]:
    """Every snapshot of this database, and what looks like one and is none. Raises what asking the server raises."""
    found, strays = look(world, client, database)
    records = tuple(world.predeploys())
    out = [_release(one, record_of(records, one), world, ages) for one in found]
    names = Counter(one.name for one in out)
    out = [
        replace(one, name=f"{one.name} ({snap.name.rpartition('_snap_')[2]})") if names[one.name] > 1 else one
        for one, snap in zip(out, found, strict=True)
    ]
    return [*out, *(_stray(name) for name in strays)]


def find_snapshot(release: Release, world: World, client: DatabaseClient, database: str) -> Snapshot:
    """The one of a release. Raises Refused where it is gone, is none, or cannot be swapped in."""
    found, _ = look(world, client, database)
    one = next((one for one in found if one.identity == release.identity), None)
    if one is None:
        why = "it does not say that it is one" if release.way_back is WayBack.GONE else "it is no snapshot any more"
        raise Refused(f"{sanitise(release.name)} cannot be used", why, "choose another release", code="target-gone")
    if why := _unusable(one):
        raise Refused(f"{sanitise(one.name)} cannot be used", why, _move(one), code="snapshot-unusable")
    return one


def record_of(records: tuple[Predeploy, ...], one: Snapshot) -> Predeploy | None:
    """What was written down when it was taken; None: that is not here."""
    place = sanitise(one.name)
    return next(
        (record for record in records if any(kept.kind == SNAPSHOT and kept.place == place for kept in record.kept)),
        None,
    )


def warnings(one: Snapshot) -> list[str]:
    """What one should know of it before it is chosen, in words; what the server knows of its use since."""
    out = []
    if one.open and not one.adopted:
        out.append("it lets connections in: somebody may have written to it")
    if one.written:
        out.append(f"{one.written} rows were written in it since, by the server's counters")
    elif not one.counters:
        out.append("the server has lost its counters since: whether somebody wrote to it is told by its numbers alone")
    if one.held is None:
        out.append("what it holds was not counted when it was taken")
    return out


def _unusable(one: Snapshot) -> str:
    return "" if one.mine else f"it belongs to {one.owner}, whose rights we do not have"


def _move(one: Snapshot) -> str:
    return f"set database.admin to {one.owner}, or to a superuser; or choose a backup"


def _release(one: Snapshot, record: Predeploy | None, world: World, ages: Ages) -> Release:
    before = _before(one, record, world)
    size = size_words(one.size) if one.size >= 0 else "of unknown size"
    against = f"{one.at[:10]} {one.at[11:16]}Z"
    words = [size, ages.words(one.at), "swapped in at once"]
    told = [_unusable(one), *warnings(one)]
    if record is not None:
        told.append(f"predeploy record of {record.at[:16]}Z")
    if one.adopted:
        told.append(f"verified for {one.adopted}" + (", ready to be swapped in" if one.ready else ""))
    elif not (one.open or one.written) and one.counters:
        told.append("closed, and nobody wrote to it since")
    return Release(
        name=f"snapshot {against}" + (f", before {before}" if before else ""),
        images={SNAPSHOT: one.identity},
        source=SNAPSHOT,
        created=one.at,
        live_since=one.at,
        way_back=WayBack.GONE if _unusable(one) else WayBack.READY,
        subject=", ".join(words),
        note="; ".join(part for part in told if part),
    )


def _stray(name: str) -> Release:
    return Release(
        name=name,
        images={SNAPSHOT: f"database {name}"},
        source=SNAPSHOT,
        way_back=WayBack.GONE,
        subject="of unknown age",
        note="named like a snapshot, and does not say that it is one: its making was cut off, or it is somebody's",
    )


def _before(one: Snapshot, record: Predeploy | None, world: World) -> str:
    """What was deployed after it: as it was named for ``goaround predeploy``, else the first that is recorded since."""
    if record is not None and record.new:
        return sanitise(record.new, limit=60)
    later = [known for known in world.known_releases() if known.live_since > one.at]
    first = min(later, key=lambda known: known.live_since, default=None)
    return sanitise(first.name, limit=60) if first is not None else ""
