"""Pinning a release as golden and taking the pin back: in the record of the open incident first, then in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.model.clock import stamp
from actions.model.errors import Refused
from actions.model.golden import LABEL, Pin, pin_of
from actions.model.release import Release, short_id
from app import golden_file

if TYPE_CHECKING:
    from app.session import Session


def pin(session: Session, release: Release, label: str = "") -> str:
    """Pin it; what to say. Raises Refused for one that nothing identifies, GoaroundError where it cannot be kept."""
    if not release.identity:
        raise Refused(f"{release.name} cannot be pinned", "nothing identifies it", "pin one with a commit or an image")
    return _add(session, release, session.clean(label, LABEL), golden=True)


def unpin(session: Session, release: Release, why: str = "") -> str:
    """Take the pin back, ``why`` in words or empty; what to say. Raises Refused where it is not pinned."""
    pins, _ = golden_file.read(session.journal.folder, session.settings.system.name)
    known = pin_of(pins, release)
    if known is None:
        raise Refused(f"{release.name} is not pinned as golden")
    # The very pin that means it, by whichever way back it was made.
    return _add(session, release, known.label, golden=False, identity=known.identity, commit=known.commit, why=why)


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
    )
    called = f" as {label}" if label else ""
    told = f": {session.clean(why, 200)}" if why else ""
    what = f"pinned as golden{called}" if golden else f"is golden no more{told}"
    words = f"{one.name} ({short_id(one.identity)}) {what}"
    incident = session.incident
    if incident.declared is not None and incident.closed is None:
        session.note(words)
    golden_file.append(session.journal.folder, one)
    return words
