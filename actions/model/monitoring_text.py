"""What monitoring showed at one moment, as plain text that survives every tool, and three numbers in one line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from actions.model.clock import span
from actions.model.minute_count import Minutes, moment_of
from actions.model.quick_dataclass import dataclass

NO_LOG = "no log is configured ([system] logs, or [compose])"
NO_PROBE = "none is configured ([[probe]])"
NO_OUTSIDE = "none is configured ([[probe]] with external = true)"
NO_LOAD = "none is configured ([[check]] with load = true)"
LONGEST_PAST = 60
"""Minutes that are listed."""


@dataclass(frozen=True)
class Errors:
    """Error lines of all logs."""

    rate: int
    """In the last minute."""
    watched_s: int
    """For how long they have been read."""
    minutes: Minutes
    limit: int
    """So many a minute are calm."""
    sources: int
    troubles: tuple[str, ...] = ()
    clock: str = ""
    """How the clock that wrote the lines differs from ours."""

    @property
    def worst(self) -> tuple[int, int]:
        """The most in one minute, and that minute (0: none is known)."""
        known = self.minutes
        past = [(count, at) for at, count in known.counts.items() if known.now - LONGEST_PAST < at <= known.now]
        count, at = max(past, default=(0, 0))
        return (self.rate, known.now) if self.rate > count else (count, at)


@dataclass(frozen=True)
class Asked:
    """One probe that was asked a few times."""

    name: str
    statuses: tuple[int, ...]
    """One for each time; 0: no answer."""
    ms: tuple[int, ...]
    """Of the answers alone."""
    passed: int
    detail: str = ""
    """What was wrong the last time."""

    @property
    def well(self) -> bool:
        """It met its expectation every time."""
        return self.passed == len(self.statuses)


@dataclass(frozen=True)
class Load:
    """What a check of the database's load said."""

    name: str
    ok: bool
    seen: str
    expected: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything that was looked at."""

    system: str
    incident: str
    taken: str
    """When: ``2026-11-22 10:02:18Z``."""
    t_plus: str
    by: str
    errors: Errors | None
    """None: no log is configured."""
    probes: tuple[Asked, ...]
    outside: tuple[Asked, ...]
    load: tuple[Load, ...]


def percentile(values: Sequence[int], percent: int) -> int:
    """The nearest rank; 0 of no values."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0


def note(one: Snapshot) -> str:
    """The three numbers in one line."""
    return "; ".join(_parts(one))


def _parts(one: Snapshot) -> tuple[str, str, str]:
    return _errors_words(one.errors), _probes_words(one.probes), _load_words(one.load)


def _errors_words(errors: Errors | None) -> str:
    if errors is None:
        return "errors: no log"
    count, at = errors.worst
    worst = f", worst {count} at {moment_of(at):%H:%M}Z" if count else ""
    return f"errors {errors.rate}/min{worst}"


def _probes_words(probes: Sequence[Asked]) -> str:
    if not probes:
        return "response times: no probe"
    slowest = max(probes, key=lambda one: percentile(one.ms, 95))
    words = f"p95 {percentile(slowest.ms, 95)} ms ({slowest.name})" if slowest.ms else "no probe answers"
    return f"{words}, {sum(one.well for one in probes)} of {len(probes)} probes pass"


def _load_words(load: Sequence[Load]) -> str:
    return "database load " + (", ".join(f"{one.name} {one.seen}" for one in load) or "not configured")


def text(one: Snapshot) -> str:
    """The whole file."""
    lines = [
        "What monitoring showed",
        f"{one.system}, {one.incident}, {one.taken} ({one.t_plus}), kept by {one.by}",
        "",
        *(f"   {part}" for part in _parts(one)),
        "",
        "1. ERROR RATE (error lines in the logs)",
        *_errors_lines(one.errors),
        "",
        "2. RESPONSE TIMES",
        *(_table(one.probes) if one.probes else [f"   {NO_PROBE}"]),
        "   services outside, at the same time:",
        *(_table(one.outside) if one.outside else [f"   {NO_OUTSIDE}"]),
        "",
        "3. LOAD OF THE DATABASE",
        *([_load_line(each) for each in one.load] or [f"   {NO_LOAD}"]),
    ]
    return "\n".join(lines) + "\n"


def _errors_lines(errors: Errors | None) -> list[str]:
    if errors is None:
        return [f"   {NO_LOG}"]
    count, at = errors.worst
    lines = [
        f"   now    {errors.rate} a minute" + (f", read for {span(errors.watched_s)}" if errors.watched_s < 60 else ""),
        f"   worst  {count} a minute" + (f", at {moment_of(at):%Y-%m-%d %H:%M}Z" if count else ""),
        f"   calm   at most {errors.limit} a minute",
        f"   logs   {errors.sources} read",
        *(f"   ! not read: {trouble}" for trouble in errors.troubles),
    ]
    if errors.clock:
        lines.append(f"   ! the host's clock differs ({errors.clock}): lines count as they came")
    known = errors.minutes
    if known.waiting:
        lines.append(f"   ! {known.waiting} older error lines are not placed: their times name no zone")
    if known.since:
        first = max(known.since, known.now - LONGEST_PAST + 1)
        lines.append(f"   by the minute since {moment_of(first):%H:%M}Z; nothing is known of earlier ones")
        counts = [str(known.count(minute)) for minute in range(first, known.now + 1)]
        for begin in range(0, len(counts), 10):
            lines.append(f"     {moment_of(first + begin):%H:%M}Z  {' '.join(counts[begin : begin + 10])}")
    return lines


def _table(rows: Sequence[Asked]) -> list[str]:
    width = max(len("probe"), *(len(one.name) for one in rows))
    lines = [f"   {'probe':<{width}}  {'p50':>8}  {'p95':>8}  {'pass':>7}  status"]
    for one in rows:
        times = [f"{percentile(one.ms, percent)} ms" if one.ms else "-" for percent in (50, 95)]
        passed = f"{one.passed} of {len(one.statuses)}"
        statuses = ", ".join(dict.fromkeys(str(status) if status else "no answer" for status in one.statuses))
        lines.append(f"   {one.name:<{width}}  {times[0]:>8}  {times[1]:>8}  {passed:>7}  {statuses}")
        if not one.well and one.detail:
            lines.append(f"   {'':<{width}}  {one.detail}")
    return lines


def _load_line(one: Load) -> str:
    expected = f", expected {one.expected}" if one.expected else ""
    return f"   {one.name}: {one.seen} ({'well' if one.ok else 'NOT WELL'}{expected})"
