"""Golden releases: those that a person pinned by name as ones to go back to, append-only with who and when. Pure.

Reading and writing the file of pins is left to others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import field

from actions.model.clock import parse_stamp, short_time
from actions.model.codec import from_json, to_json
from actions.model.outside_text import sanitise
from actions.model.quick_dataclass import dataclass
from actions.model.release import Release

LONGEST = 16_384
"""Bytes of a line of the file; a longer one is none of ours."""
LABEL = 60


@dataclass(frozen=True)
class Pin:
    """One line of the file: somebody pinned a release, or took the pin back."""

    system: str
    identity: str
    """What proves that the release runs."""
    name: str
    """What it was called then; never used to identify."""
    at: str
    """Stamp."""
    by: str
    label: str = ""
    commit: str = ""
    """So that another way back knows it, too."""
    golden: bool = True
    """False: the pin was taken back."""
    drill: bool = field(default=False, metadata={"later": True})
    """It was set in a drill, and counts in drills alone."""

    def words(self) -> str:
        """Who pinned it when, and as what."""
        called = f" as {self.label}" if self.label else ""
        return f"golden{called}: pinned by {self.by} on {short_time(self.at)}"

    def line(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(to_json(self), ensure_ascii=True, sort_keys=True).encode("ascii") + b"\n"


def parse(content: bytes, place: str) -> tuple[tuple[Pin, ...], str]:
    """The pins in the order of the file, and one line about what could not be read; empty: all could."""
    found: list[Pin] = []
    bad: list[int] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(_pin(line))
        except (ValueError, RecursionError):
            bad.append(number)
    if not bad:
        return tuple(found), ""
    lines = f"line {bad[0]}" if len(bad) == 1 else f"{len(bad)} lines, the first is {bad[0]},"
    return tuple(found), (
        f"{place}: {lines} cannot be read and counts as no pin (next: pin the release again, or mend the line)"
    )


def _pin(line: bytes) -> Pin:
    if len(line) > LONGEST:
        raise ValueError("too long")
    one = from_json(Pin, json.loads(line), "pin")
    parse_stamp(one.at)
    if not one.identity or not one.system:
        raise ValueError("it names nothing")
    texts = {key: sanitise(value, limit=300) for key, value in to_json(one).items() if isinstance(value, str)}
    return from_json(Pin, {**texts, "golden": one.golden, "drill": one.drill}, "pin")


def in_force(pins: Iterable[Pin], system: str, *, drill: bool = False) -> tuple[Pin, ...]:
    """Of this system, those that nobody took back, the newest first; of drills, or of the real thing."""
    last: dict[str, Pin] = {}
    for pin in pins:
        if pin.system == system and pin.drill is drill:
            last.pop(pin.identity, None)
            last[pin.identity] = pin
    return tuple(pin for pin in reversed(last.values()) if pin.golden)


def called(pins: Iterable[Pin], text: str) -> list[Pin]:
    """The pins that this text names: by their label, the name of then, or the whole id."""
    every = list(pins)
    labelled = [pin for pin in every if pin.label == text]
    return labelled or [pin for pin in every if text in (pin.name, pin.identity, pin.commit)]


def pin_of(pins: Iterable[Pin], release: Release) -> Pin | None:
    """The pin that means this release, by what proves it or by its commit; of several the newest."""
    return next((pin for pin in pins if means(pin, release)), None)


def means(pin: Pin, release: Release) -> bool:
    """Whether this pin means this release."""
    if release.identity and release.identity == pin.identity:
        return True
    # Another image of the same commit is another release: only one that has no image is meant by the commit.
    by_commit = not release.images or pin.identity == pin.commit
    return bool(release.commit) and release.commit == pin.commit and by_commit
