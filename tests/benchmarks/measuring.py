"""Interleaved pairs and what is read from them; what is measured is the benchmarks' matter.

A ratio is taken pair by pair, because both of a pair meet the same machine; the median of the ratios is judged.
A machine that was busy for the whole measurement gets one second chance, and the output says so.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Pairs = tuple[list[float], list[float]]
"""Seconds of ours and of the yardstick, in the order in which they were taken."""


@dataclass(frozen=True)
class Ratio:
    """One measured ratio and its limit."""

    what: str
    value: float
    limit: float
    told: str
    """The figures it comes from, for the eye."""

    @property
    def kept(self) -> bool:
        """Whether it is within its limit."""
        return self.value <= self.limit


def pairs(ours: Callable[[], float], theirs: Callable[[], float], count: int, *, warm_up: int = 1) -> Pairs:
    """Take ``count`` pairs after ``warm_up`` that are not counted; which one goes first changes every time."""
    mine: list[float] = []
    other: list[float] = []
    for n in range(-warm_up, count):
        if n % 2:
            b, a = theirs(), ours()
        else:
            a, b = ours(), theirs()
        if n >= 0:
            mine.append(a)
            other.append(b)
    return mine, other


def of_pairs(what: str, taken: Pairs, limit: float) -> Ratio:
    """The median of the ratios of the pairs."""
    ratios = [a / b for a, b in zip(*taken, strict=True)]
    told = f"{spread(taken[0])} against {spread(taken[1])}; pairwise {min(ratios):.2f}-{max(ratios):.2f}"
    return Ratio(what, statistics.median(ratios), limit, told)


def of_quantile(what: str, taken: Pairs, quantile: float, limit: float) -> Ratio:
    """The ratio of a quantile of ours to the same quantile of the yardstick's; for many short pairs."""
    mine, other = (at(values, quantile) for values in taken)
    return Ratio(what, mine / other, limit, f"{in_words(mine)} against {in_words(other)}, n={len(taken[0])}")


def at(values: Sequence[float], quantile: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * quantile))]


def spread(seconds: Sequence[float]) -> str:
    """``48.1 ms [40.2-61.0] n=9``: median, range, number."""
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    return f"{in_words(middle)} [{in_words(low)}-{in_words(high)}] n={len(seconds)}"


def in_words(seconds: float) -> str:
    """A time with three digits and its unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def judge(measure: Callable[[], Sequence[Ratio]]) -> None:
    """Print every ratio; fails when one is above its limit, and again in a second measurement."""
    found = measure()
    _tell(found, "")
    if all(ratio.kept for ratio in found):
        return
    found = measure()
    _tell(found, " (second measurement)")
    missed = [ratio for ratio in found if not ratio.kept]
    assert not missed, "; ".join(f"{r.what}: {r.value:.2f}, at most {r.limit:g} ({r.told})" for r in missed)


def _tell(found: Sequence[Ratio], which: str) -> None:
    for ratio in found:
        verdict = "within" if ratio.kept else "ABOVE"
        print(f"\n{ratio.what}{which}: {ratio.value:.3f}, {verdict} {ratio.limit:g}\n    {ratio.told}", end="")
    print()
