"""Asks a probe until it passes several times in a row over a while, or its deadline ends it.

Once is luck: an application that starts, or one broken worker of four, answers well now and then. How one
answer is read and judged is the prober's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from actions.model.effect import ProbeHttp
from actions.model.ports import ProbeReading, Reporter, World
from actions.steps.perform_ground import STOPPED, Ended, Sightings, one_line, pause

SHORTEST_PAUSE_MS = 200
LONGEST_PAUSE_AFTER_FAILURE_MS = 1000


@dataclass
class _Row:
    """The passes so far: how many, and since when without a failure between them."""

    readings: int = 0
    passed: int = 0
    in_a_row: int = 0
    since_ms: int = 0
    span_ms: int = 0

    def take(self, ok: bool, begun_ms: int) -> None:
        self.readings += 1
        if not ok:
            self.in_a_row = self.span_ms = 0
            return
        self.passed += 1
        if not self.in_a_row:
            self.since_ms = begun_ms
        self.in_a_row += 1
        self.span_ms = begun_ms - self.since_ms


def probe_http(effect: ProbeHttp, world: World, report: Reporter) -> Ended:
    """Read until ``passes`` in a row span ``seconds``; a single failure begins the row anew."""
    name = one_line(world, effect.name)
    sightings = Sightings(world, report, f"probe {effect.name}", effect.expect.words())
    row = _Row()
    start = world.clock.monotonic_ms()
    end = start + effect.deadline_s * 1000
    while True:
        begun = world.clock.monotonic_ms()
        # An answer may not outlive the row's deadline; whole seconds, so at most one later.
        rest_s = max(1, -(-(end - begun) // 1000))
        reading = world.prober.read(replace(effect, answer_s=min(effect.answer_s, rest_s)))
        row.take(reading.ok, begun)
        seen = one_line(world, reading.detail)
        report.line(f"{name}: {'pass' if reading.ok else 'FAIL'} {row.in_a_row}/{effect.passes} {seen}")
        if _complete(effect, row):
            sightings.last(True, f"{_ratio(row)}; last: {seen}", reading.ms)
            return Ended(True, f"{name}: {_ratio(row)}: {seen}", facts={f"probe {effect.name}": _ratio(row)})
        rest_ms = _pause_ms(effect, reading, spent=world.clock.monotonic_ms() - begun)
        late = world.clock.monotonic_ms() + rest_ms >= end
        if late or report.stopping():
            sightings.last(False, f"{_ratio(row)}; last: {seen}", reading.ms)
            facts = {f"probe {effect.name}": _ratio(row)}
            if not late:
                return replace(STOPPED, facts=facts)
            wanted = f"{effect.passes} in a row were needed" if effect.passes > 1 else "one was needed"
            text = f"{name}: {_ratio(row)} within {effect.deadline_s} s, {wanted}; last: {seen}"
            return Ended(False, text, facts=facts)
        sightings.seen(reading.ok, seen, reading.ms)
        pause(world, report, rest_ms / 1000)


def _complete(effect: ProbeHttp, row: _Row) -> bool:
    """One pass has no span: what is shown speaks of seconds only for a row."""
    if effect.passes <= 1:
        return row.in_a_row >= 1
    return row.in_a_row >= effect.passes and row.span_ms >= effect.seconds * 1000


def _pause_ms(effect: ProbeHttp, reading: ProbeReading, spent: int) -> int:
    """From the end of a reading to the next, so that the row spans its seconds from start to start."""
    gaps = max(1, effect.passes - 1)
    interval = max(SHORTEST_PAUSE_MS, -(-effect.seconds * 1000 // gaps))
    if not reading.ok:
        interval = min(interval, LONGEST_PAUSE_AFTER_FAILURE_MS)
    return max(SHORTEST_PAUSE_MS, interval - spent)


def _ratio(row: _Row) -> str:
    return f"{row.passed} of {row.readings} passed"
