"""The readiness card of a release: each item of the prevention list, whether it is so, and how that is known. Pure.

What can be sensed is sensed; of the rest speak a file that CI and people write, and the marks of people in an incident.
A card refuses nothing: it shows what was left out, so that it can be seen later with which gaps something was deployed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any

from actions.model import readiness_backups
from actions.model.checklist import Phase, State
from actions.model.configured_watch import Presence, presence
from actions.model.listing import applies
from actions.model.procedure import ListItem, Procedure
from actions.model.quick_dataclass import dataclass
from actions.model.readiness_file import Said

if TYPE_CHECKING:
    from actions.model.incident import Mark
    from actions.model.sensing import Reading

NOBODY = "nobody said"
NO_RESTORE = "not proven by a restore yet"


class Standing(Enum):
    """Where an item stands; the value is its word."""

    READY = "ready"
    GAP = "gap"
    NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Row:
    """One item of a card."""

    code: str
    text: str
    part: str
    standing: Standing
    why: str
    """How it is known: ``sensed: newest 3 h old``, ``99.4 %, ci, 2026-10-02``, ``nobody said``."""
    depth: int = 0


@dataclass(frozen=True)
class Card:
    """A release and how ready it was, or would be, to be deployed."""

    release: str
    """``runs now: v3``, ``target: v2``."""
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    """What hindered: a file that cannot be read, an item that it names and the document lacks."""

    def count(self, standing: Standing) -> int:
        """Items that stand so."""
        return sum(row.standing is standing for row in self.rows)

    @property
    def words(self) -> str:
        """``ready 14 of 20, 4 gaps, 2 not known``."""
        gaps, unknown = self.count(Standing.GAP), self.count(Standing.NOT_KNOWN)
        parts = [f"ready {self.count(Standing.READY)} of {len(self.rows)}"]
        parts += [f"{gaps} gap{'' if gaps == 1 else 's'}"] if gaps else []
        parts += [f"{unknown} not known"] if unknown else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Known:
    """What is known around a release when its card is made."""

    settings: Mapping[str, Any]
    """The configuration as JSON."""
    said: Mapping[str, Said] = field(default_factory=dict)
    """What the file says, by code or text; texts are safe."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """What people have marked in the incident that is open."""
    backup_ages_s: Sequence[int] | None = None
    """Of the backups that are there; None: they were not looked at."""
    backups: str = ""
    """Where they lie, or why they could not be looked at."""
    newest_backup: Reading | None = None
    """What the lookout saw of the newest one, read whole."""
    proof: readiness_backups.Proof | None = None
    """The newest trial restore that was verified; None: none is known."""
    notes: tuple[str, ...] = ()


def card(procedure: Procedure, release: str, known: Known) -> Card:
    """The card of one release."""
    there = applies(known.settings)
    parts = [part for part in procedure.checklists if part.phase is Phase.PREVENTION and not part.paper]
    said = {_key(name): one for name, one in known.said.items()}
    rows: list[Row] = []
    used: set[str] = set()
    for part in parts:
        for item in part.items:
            if item.when and item.when not in there:
                continue
            used |= {_key(item.code), _key(item.text)}
            spoken = said.get(_key(item.code)) or said.get(_key(item.text))
            standing, why = _standing(item, known, spoken)
            rows.append(Row(item.code, item.text, part.name, standing, why, item.depth))
    strangers = sorted(name for name in known.said if _key(name) not in used)
    notes = known.notes
    if strangers:
        notes += (f"the file speaks of what the document lacks: {', '.join(strangers[:5])}",)
    return Card(release, tuple(rows), notes)


def _key(name: str) -> str:
    return " ".join(name.split()).rstrip(".").casefold()


def _standing(item: ListItem, known: Known, said: Said | None) -> tuple[Standing, str]:
    # What is observed comes before what was said, and what CI said of this release before a tick in an incident.
    sensed = _sensed(item.sensor, known)
    if sensed is not None:
        wanted = f", expected {sensed.expected}" if sensed.expected and not sensed.ok else ""
        return (Standing.READY if sensed.ok else Standing.GAP), f"sensed: {sensed.seen}{wanted}"
    if said is not None:
        words = ", ".join(word for word in (said.seen, said.by or "by nobody who is named", said.at) if word)
        return (Standing.READY if said.ok else Standing.GAP), words
    mark = known.marks.get(item.code)
    if mark is not None and mark.state is State.DONE:
        return Standing.READY, f"ticked by {mark.by} {mark.at[:16]}Z"
    if mark is not None and mark.state in (State.OVERRIDDEN, State.NOT_APPLICABLE):
        standing = Standing.GAP if mark.state is State.OVERRIDDEN else Standing.READY
        return standing, f"{mark.state.value}: {mark.reason}, {mark.by} {mark.at[:16]}Z"
    return Standing.NOT_KNOWN, _not_known(item, known)


def _sensed(sensor: str, known: Known) -> Presence | None:
    found = presence(sensor, known.settings)
    if found is None and known.backup_ages_s is not None:
        if sensor == "backups.daily":
            return readiness_backups.daily(known.backup_ages_s, known.backups)
        if sensor == "backups.kept":
            return readiness_backups.kept(known.backup_ages_s, known.backups)
    newest = known.newest_backup
    if sensor == "backups.restorable" and newest is not None and not newest.ok:
        return Presence(False, newest.seen, "one that can be read whole")
    if found is None and sensor == "backups.restorable" and known.proof is not None:
        return readiness_backups.restorable(known.proof)
    return found


def _not_known(item: ListItem, known: Known) -> str:
    if item.sensor == "backups.restorable":
        whole = known.newest_backup
        return f"newest can be read whole ({whole.seen}), but {NO_RESTORE}" if whole is not None else NO_RESTORE
    if item.sensor.startswith("backups.") and known.backups:
        return known.backups
    return NOBODY


def deployed_words(said: Mapping[str, Said]) -> str:
    """``deployed with 2 gaps``; empty where the file tells of none."""
    gaps = sum(not one.ok for one in said.values())
    return f"deployed with {gaps} gap{'' if gaps == 1 else 's'}" if gaps else ""
