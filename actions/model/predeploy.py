"""What was written down before a deployment: the release that is replaced, baselines, the way back. Pure.

One file per run of ``goaround predeploy``; reading and writing it is left to others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any

from actions.model.codec import from_json, later, to_json
from actions.model.environment_diff import KeptVariables
from actions.model.kept_environment import KeptValues
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release

FORMAT = 1
WORTH = 5
"""So many answers that pass make a baseline; of fewer nothing is said."""


@dataclass(frozen=True)
class ProbeBaseline:
    """How a probe answered before the deployment."""

    name: str
    asked: int
    passed: int
    p50_ms: int = -1
    """Of those that passed; -1: they were too few."""
    p95_ms: int = -1
    detail: str = ""
    """What was seen when it did not pass, the last time."""


@dataclass(frozen=True)
class ReverseSql:
    """A migration that the deployment will run, and what takes it back."""

    migration: str
    """``app.name``."""
    sql: str = ""
    """As ``sqlmigrate --backwards`` tells it; empty: it does not."""
    atomic: bool = True
    one_way: tuple[str, ...] = ()
    """Operations that cannot be taken back."""
    noops: tuple[str, ...] = ()
    """Operations whose reversal does nothing."""
    drops: tuple[str, ...] = ()
    """What its reversal drops: ``column shop_order.total``."""


@dataclass(frozen=True)
class KeptState:
    """A backup or a snapshot that the data can be gone back to."""

    kind: str
    """``backup`` (made now), ``earlier backup``, ``snapshot``."""
    place: str
    """Path of the backup, or name of the database."""
    at: str
    size: int
    sha256: str = ""
    rows: int = -1
    """-1: not counted."""
    pause_ms: int = -1
    """Of a snapshot: how long who connected had to wait."""


@dataclass(frozen=True)
class Gap:
    """What is missing on the way back."""

    code: str
    words: str
    blocks: bool = True
    """Without it there is no way back; else it is to be weighed."""
    next: str = ""

    def line(self) -> str:
        """One line."""
        move = f" (next: {self.next})" if self.next else ""
        return f"[{self.code}] {self.words}{move}"


@dataclass(frozen=True)
class Predeploy:
    """One record."""

    system: str
    environment: str
    at: str
    """Stamp."""
    option: str = ""
    """The way back of the code whose release this is; empty: none is configured."""
    release: Release | None = None
    """What ran, and is about to be replaced."""
    new: str = ""
    """What will be deployed, as it was named."""
    probes: tuple[ProbeBaseline, ...] = ()
    migrations: tuple[ReverseSql, ...] = ()
    """Those that the deployment will run, in that order; known only where ``new`` is named."""
    kept: tuple[KeptState, ...] = ()
    protected: dict[str, str] = field(default_factory=dict)
    """Tag of ours -> image id."""
    snapshot_why: str = ""
    """Why no snapshot was taken; empty: one was, or none is configured."""
    gaps: tuple[Gap, ...] = ()
    variables: KeptVariables | None = later(None)
    """The environment that ran, as names and keyed marks of the values; None: not read."""
    values: KeptValues | None = later(None)
    """The file with the values; None: they are not kept, as is usual."""
    format: int = FORMAT

    @property
    def way_back(self) -> bool:
        """Whether there is one."""
        return not any(gap.blocks for gap in self.gaps)

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        data: dict[str, Any] = to_json(self)
        data["way_back"] = self.way_back
        return data

    @staticmethod
    def from_json(data: Any) -> Predeploy:
        """Raises ValueError naming what does not fit."""
        found = from_json(Predeploy, data, "predeploy")
        if found.format != FORMAT:
            raise ValueError(f"predeploy: format {found.format} was written by another version")
        return found


def newest_before(found: Iterable[Predeploy], at: str, system: str = "") -> Predeploy | None:
    """The last one that was written at this moment or before it; ``system``: of this one only."""
    fitting = (one for one in found if one.at <= at and system in ("", one.system))
    return max(fitting, key=lambda one: one.at, default=None)


def baselines_of(one: Predeploy | None) -> dict[str, int]:
    """Probe -> milliseconds within which 95 of 100 answers came; probes of which that is not known are left out."""
    return {probe.name: probe.p95_ms for probe in one.probes if probe.p95_ms >= 0} if one is not None else {}


def percentile(values: list[int], percent: int) -> int:
    """The smallest value that so many of a hundred do not exceed (nearest rank). Raises ValueError of none."""
    if not values:
        raise ValueError("there are no values")
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def baseline_of(name: str, answers: list[tuple[bool, int, str]]) -> ProbeBaseline:
    """``answers``: whether it passed, milliseconds, what was seen."""
    good = [ms for ok, ms, _ in answers if ok]
    bad = next((seen for ok, _, seen in reversed(answers) if not ok), "")
    if len(good) < WORTH:
        return ProbeBaseline(name, len(answers), len(good), detail=bad)
    return ProbeBaseline(name, len(answers), len(good), percentile(good, 50), percentile(good, 95), bad)
