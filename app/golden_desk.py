"""Pinning a release as golden and taking the pin back: in the record of the open incident first, then in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.clock import stamp
from actions.model.errors import Refused
from actions.model.golden import LABEL, Pin, means
from actions.model.release import Release, short_id
from app import golden_file

DATA = ("backup", "snapshot")
"""Sources of what a database goes back to: nobody deploys it."""

if TYPE_CHECKING:
    from app.session import Session


def in_drill(session: Session) -> bool:
    """Whether a pin that is set now is one of a drill: it must not lead anybody in the real thing."""
    incident = session.incident
    if incident.declared is not None and incident.closed is None:
        return incident.mode == "drill"
    return session.settings.system.environment == "drill"


def pins_of(session: Session) -> tuple[Pin, ...]:
    """Those that count here, the newest first."""
    return golden_file.read(session.journal.folder, session.settings.system.name, drill=in_drill(session))[0]


def pin(session: Session, release: Release, label: str = "") -> str:
    """Pin it; what to say. Raises Refused for one that nothing identifies, GoaroundError where it cannot be kept."""
    if not release.identity:
        raise Refused(f"{release.name} cannot be pinned", "nothing identifies it", "pin one with a commit or an image")
    if release.source in DATA:
        raise Refused(f"{release.name} is a {release.source}, no release", "", "keep it where backups are kept")
    label = session.clean(label, LABEL)
    pins = pins_of(session)
    other = next((one for one in pins if label and one.label == label and not means(one, release)), None)
    if other is not None:
        move = f"choose another name, or take that one back first: goaround releases --not-golden '{label}'"
        raise Refused(f"{other.name} ({short_id(other.identity)}) is golden as {label} already", "", move)
    # Who pins it once more without a name does not take away the one that somebody else gave it.
    label = label or next((one.label for one in pins if one.identity == release.identity), "")
    return _add(session, release, label, golden=True)


def unpin(session: Session, release: Release, why: str = "") -> str:
    """Take the pin back, ``why`` in words or empty; what to say. Raises Refused where it is not pinned."""
    known = [one for one in pins_of(session) if means(one, release)]
    if not known:
        raise Refused(f"{release.name} is not pinned as golden")
    words = ""
    for one in reversed(known):  # every pin that means it, by whichever way back it was made: else it stays golden
        words = _add(session, release, one.label, golden=False, identity=one.identity, commit=one.commit, why=why)
    return words


def take_back(session: Session, wanted: Pin) -> str:
    """Take back a pin whose release no source tells of any more; what to say."""
    release = Release(wanted.name, wanted.commit)
    return _add(session, release, wanted.label, golden=False, identity=wanted.identity, commit=wanted.commit)


def _add(
    session: Session, release: Release, label: str, *, golden: bool, identity: str = "", commit: str = "", why: str = ""
) -> str:
    one = Pin(
        system=session.settings.system.name,
        identity=identity or release.identity,
        name=session.clean(release.name, 200),
        at=stamp(session.clock.now()),
        by=session.who.login,
        label=label,
        commit=commit or release.commit,
        golden=golden,
        drill=in_drill(session),
    )
    called = f" as {label}" if label else ""
    told = f": {session.clean(why, 200)}" if why else ""
    what = f"pinned as golden{called}" if golden else f"is golden no more{told}"
    alone = ", in drills alone" if one.drill and session.settings.system.environment != "drill" else ""
    words = f"{one.name} ({short_id(one.identity)}) {what}{alone}"
    incident = session.incident
    if incident.declared is not None and incident.closed is None:
        session.note(words)
    golden_file.append(session.journal.folder, one)
    return words
