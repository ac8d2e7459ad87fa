"""Would a rollback work right now: findings, targets, and what follows from all of them. Pure.

The kinds of findings stand in ``ready_kinds``; reading the world is left to ``actions.steps.ready_*`` and ``app``.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Any

from actions.model.clock import parse_stamp, span
from actions.model.quick_dataclass import dataclass

VERSION = 1
"""Of the JSON that programs read: grows when a key changes its meaning or goes; new keys may come at any time."""


class ReadyLevel(Enum):
    """How much a finding matters."""

    ERROR = "error"
    """A rollback would not work."""
    UNKNOWN = "unknown"
    """It could not be learnt whether it would."""
    WARNING = "warning"
    """It would work, but worse, or not for long."""
    INFO = "info"


class Verdict(Enum):
    """Of everything together."""

    READY = "ready"
    NOT_READY = "not ready"
    UNKNOWN = "unknown"


_ORDER = tuple(ReadyLevel)


@dataclass(frozen=True)
class Finding:
    """One thing that was found. Text is sanitised and redacted, one line."""

    code: str
    text: str
    level: ReadyLevel
    about: str = ""
    next_move: str = ""
    """What can be done by hand, with nothing of ours open."""
    step: str = ""
    """Id in the catalog of the step of a plan that mends it; empty: there is none."""

    @property
    def identity(self) -> tuple[str, str]:
        """By which it is the same finding in the next run, though its words (an age) may differ."""
        return self.code, self.about

    def to_json(self) -> dict[str, str | None]:
        """For programs."""
        return {
            "code": self.code,
            "level": self.level.value,
            "about": self.about,
            "text": self.text,
            "next": self.next_move,
            "step": self.step or None,
        }


@dataclass(frozen=True)
class TargetState:
    """A release that could be gone back to; None: not known, or not asked."""

    option: str
    name: str
    identity: str
    proposed: bool = False
    there: bool | None = None
    digest: str = ""
    """Of its registry; with several services the first."""
    pullable: bool | None = None
    protected: bool | None = None
    """A tag of ours, or Coolify's retention, holds it."""
    prune: str = ""
    """When a prune would take it, in words."""
    schema: str = ""
    """The verdict, in its own word; empty: not asked."""

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "option": self.option,
            "name": self.name,
            "identity": self.identity,
            "proposed": self.proposed,
            "there": self.there,
            "digest": self.digest or None,
            "pullable": self.pullable,
            "protected": self.protected,
            "prune": self.prune or None,
            "schema": self.schema or None,
        }

    def words(self) -> str:
        """In one line."""
        said = {True: "there", False: "GONE", None: "not known to be there"}[self.there]
        parts = [said]
        if self.digest:
            parts.append("digest known" + {True: ", pullable", False: ", NOT pullable", None: ""}[self.pullable])
        if self.protected is not None:
            parts.append("protected" if self.protected else "not protected")
        parts += [f"schema: {self.schema}"] if self.schema else []
        parts += [self.prune] if self.prune else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Part:
    """What one check came to."""

    findings: tuple[Finding, ...] = ()
    targets: tuple[TargetState, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    """What was seen, for the eye: versions, ages, rights."""


@dataclass(frozen=True)
class ReadyReport:
    """Everything, at one time."""

    system: str
    at: str
    """UTC stamp."""
    by: str
    """Login and machine that looked."""
    findings: tuple[Finding, ...] = ()
    targets: tuple[TargetState, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    """Check -> ``ok``, ``failed`` or ``timed out``."""
    seconds: int = 0

    @property
    def verdict(self) -> Verdict:
        """One error: not ready. Something that could not be learnt: unknown."""
        if self.count(ReadyLevel.ERROR):
            return Verdict.NOT_READY
        if self.count(ReadyLevel.UNKNOWN) or not self.checks:
            return Verdict.UNKNOWN
        return Verdict.READY

    def count(self, level: ReadyLevel) -> int:
        """How many findings of this level."""
        return sum(one.level is level for one in self.findings)

    def line(self) -> str:
        """The last line: ``NOT READY: 2 errors, 1 warning``."""
        counted = [
            f"{count} {level.value}{'s' if count > 1 and level is not ReadyLevel.UNKNOWN else ''}"
            for level in (ReadyLevel.ERROR, ReadyLevel.UNKNOWN, ReadyLevel.WARNING)
            if (count := self.count(level))
        ]
        return f"{self.verdict.value.upper()}: {', '.join(counted) or 'a rollback would work right now'}"

    def to_json(self) -> dict[str, Any]:
        """For programs, and for the file that the cockpit reads."""
        return {
            "version": VERSION,
            "system": self.system,
            "at": self.at,
            "by": self.by,
            "verdict": self.verdict.value,
            "errors": self.count(ReadyLevel.ERROR),
            "warnings": self.count(ReadyLevel.WARNING),
            "findings": [one.to_json() for one in self.findings],
            "targets": [one.to_json() for one in self.targets],
            "facts": dict(self.facts),
            "checks": dict(self.checks),
            "seconds": self.seconds,
        }


def report_of(data: Any) -> ReadyReport:
    """The report of ``to_json``. Raises ValueError for anything else."""
    try:
        if data["version"] != VERSION:
            raise ValueError("of another version")
        parse_stamp(data["at"])
        return ReadyReport(
            system=str(data["system"]),
            at=str(data["at"]),
            by=str(data["by"]),
            findings=tuple(
                Finding(
                    str(one["code"]),
                    str(one["text"]),
                    ReadyLevel(one["level"]),
                    str(one["about"]),
                    str(one["next"]),
                    str(one.get("step") or ""),
                )
                for one in data["findings"]
            ),
            targets=tuple(_target(one) for one in data["targets"]),
            facts={str(key): str(value) for key, value in data["facts"].items()},
            checks={str(key): str(value) for key, value in data["checks"].items()},
            seconds=int(data["seconds"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no report of goaround ready: {error}") from error


def _target(one: dict[str, Any]) -> TargetState:
    """Raises KeyError for one that lacks something, ValueError where yes and no is meant and something else stands."""
    maybe = {key: one[key] for key in ("there", "pullable", "protected")}
    if any(value not in (True, False, None) for value in maybe.values()):
        raise ValueError("a target is there, not there, or not known")
    return TargetState(
        option=str(one["option"]),
        name=str(one["name"]),
        identity=str(one["identity"]),
        proposed=one["proposed"] is True,
        there=maybe["there"],
        digest=str(one["digest"] or ""),
        pullable=maybe["pullable"],
        protected=maybe["protected"],
        prune=str(one["prune"] or ""),
        schema=str(one["schema"] or ""),
    )


def ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Worst first, each once."""
    once = {(one.identity, one.text): one for one in findings}
    return tuple(sorted(once.values(), key=lambda one: (_ORDER.index(one.level), one.code, one.about, one.text)))


@dataclass(frozen=True)
class Changes:
    """What is different from the run before."""

    new: tuple[Finding, ...]
    over: tuple[Finding, ...]
    verdict: bool
    """The verdict is another one."""

    def __bool__(self) -> bool:
        return bool(self.new or self.over or self.verdict)


def changes(before: ReadyReport, now: ReadyReport) -> Changes:
    """By code and what it is about; other words alone (an age that grows) are no change."""
    old = {one.identity: one for one in before.findings if one.level is not ReadyLevel.INFO}
    new = {one.identity: one for one in now.findings if one.level is not ReadyLevel.INFO}
    return Changes(
        tuple(one for key, one in new.items() if key not in old),
        tuple(one for key, one in old.items() if key not in new),
        before.verdict is not now.verdict,
    )


@dataclass(frozen=True)
class Lamp:
    """The report in a few words: what the bar and the one-line status show."""

    word: str
    """``READY``, ``NOT READY 2`` or ``READY?``."""
    glyph: str
    tone: str
    """``done``, ``failed``, ``warning`` or ``dim``."""
    age: str = ""
    """How old it is; empty: not looked yet."""

    @property
    def packed(self) -> bool:
        """The parachute is packed."""
        return self.word == "READY"


STALE_S = 24 * 3600
"""An older report tells nothing of now."""


def lamp(report: ReadyReport | None, now_s: float) -> Lamp:
    """The lamp at this time (seconds since 1970). What is too old, or from the future, is not known."""
    if report is None:
        return Lamp("READY?", "?", "dim")
    age_s = int(now_s - parse_stamp(report.at).timestamp())
    age = f"{span(max(0, age_s))} ago"
    if age_s > STALE_S or age_s < -60 or report.verdict is Verdict.UNKNOWN:
        return Lamp("READY?", "?", "warning", age)
    if report.verdict is Verdict.READY:
        return Lamp("READY", "●", "done", age)
    return Lamp(f"NOT READY {report.count(ReadyLevel.ERROR)}", "✗", "failed", age)


def parachute(found: Lamp) -> str:
    """In the words of the principle that nobody deploys without one."""
    if found.word.startswith("NOT"):
        return f"PARACHUTE NOT PACKED: {found.word.lower()}, {found.age}"
    return f"parachute packed, {found.age}" if found.packed else "parachute: not known"
