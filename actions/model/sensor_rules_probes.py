"""What answers to probes say beyond "all pass": whether any does, services outside, slower than usual. Pure.

Sending them is the lookout's; whether every own probe passes stands in ``sensor_rules``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from actions.model.quick_dataclass import dataclass
from actions.model.sensor_rules import Answered, Looked

KEPT = 60
"""Answers of each probe that are kept; one every five seconds makes five minutes."""
ENOUGH = 20
"""With so many, one single slow answer does not decide."""
EARLY = 5
"""With so many, most of which are too slow, nobody needs to wait for more."""
OLD_MS = 900_000
"""An answer that is older tells nothing of now."""
WORTH_S = 300
"""Seconds between two lines of the record that differ in their numbers alone."""


def probes_answer(answers: Sequence[Answered]) -> Looked:
    """At least one probe of the system itself passes: it is not gone altogether."""
    total, passing = len(answers), sum(one.ok for one in answers)
    expected = f"at least 1 of {total} passes"
    if passing or not answers:
        return Looked(bool(passing), f"{passing} of {total} pass", expected)
    more = f" and {total - 1} more" if total > 1 else ""
    return Looked(False, f"0 of {total} pass: {answers[0].words}{more}", expected)


def probe_named(answer: Answered) -> Looked:
    """One probe by itself."""
    seen = f"{answer.status}, as expected" if answer.ok else answer.words.removeprefix(f"{answer.name} ")
    return Looked(answer.ok, seen.removeprefix(f"{answer.name}: "), "passes", answer.ms)


def dependencies_answer(answers: Sequence[Answered]) -> Looked:
    """Every service outside, side by side; those that do not pass stand first."""
    told = [_dependency(one) for one in sorted(answers, key=lambda one: one.ok)]
    slowest = max((one.ms for one in answers), default=0)
    expected = "answers" if len(answers) == 1 else f"all {len(answers)} answer"
    ok = bool(answers) and all(one.ok for one in answers)
    return Looked(ok, "; ".join(told), expected, slowest, worth_s=WORTH_S)


def _dependency(one: Answered) -> str:
    if one.ok:
        return f"{one.name} {one.status} in {one.ms} ms"
    if not one.status:
        return f"{one.name}: no answer ({one.detail})"
    return one.words


@dataclass(frozen=True)
class Timing:
    """How long one answer took, and when it came (monotonic milliseconds)."""

    at_ms: int
    ms: int


class Timings:
    """The newest answers of every probe. Not thread-safe."""

    def __init__(self) -> None:
        self._of: dict[str, deque[Timing]] = {}

    def add(self, answers: Iterable[Answered], now_ms: int) -> None:
        """Answers that have come now; one whose time proves nothing (an error page) is left out."""
        for one in answers:
            if one.timed:
                self._of.setdefault(one.name, deque(maxlen=KEPT)).append(Timing(now_ms, one.ms))

    def recent(self, name: str, now_ms: int) -> tuple[int, ...]:
        """Milliseconds of its newest answers, oldest first."""
        return tuple(one.ms for one in self._of.get(name, ()) if now_ms - one.at_ms <= OLD_MS)


def percentile_95(times: Sequence[int]) -> int:
    """The time within which 95 of 100 answers come (nearest rank). Raises ValueError when there is none."""
    if not times:
        raise ValueError("no times")
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


def response_baseline(
    times: Mapping[str, Sequence[int]], baselines: Mapping[str, int], slower_percent: int
) -> Looked | None:
    """The probe that is slowest by its own baseline; None: too few answers yet.

    ``times``: milliseconds of the newest answers by probe; ``baselines``: what 95 of 100 take in good times.
    """
    judged: list[tuple[float, str, int, int]] = []
    for name, baseline in baselines.items():
        found = times.get(name, ())
        limit = baseline * (100 + slower_percent) / 100
        slow = sum(one > limit for one in found)
        if len(found) >= ENOUGH or (len(found) >= EARLY and slow * 2 > len(found)):
            p95 = percentile_95(found)
            judged.append((p95 / baseline, name, p95, baseline))
    if not judged:
        return None
    ratio, name, p95, baseline = max(judged)
    if ratio <= 1 + slower_percent / 100 and len(judged) < len(baselines):
        return None  # the others may be slower
    percent = round((ratio - 1) * 100)
    words = f"{percent} % slower" if percent > 0 else "no slower"
    which = f" ({name})" if len(baselines) > 1 else ""
    seen = f"p95 {p95} ms, baseline {baseline} ms: {words}{which}"
    return Looked(ratio <= 1 + slower_percent / 100, seen, f"at most {slower_percent} % slower", p95, WORTH_S)
